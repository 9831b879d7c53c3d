//! What is asked for in RBAC is what is used: no request that it forbids, no verb that nothing needs.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use futures::StreamExt;
use inroad_apiserver::Server;
use inroad_cluster::{
    LeaseSettings, News, Writer, lead,
    live::{Watching, feed},
    rights::{LEASE_VERBS, TOLD, Writes, rights},
};
use inroad_status::{Event, EventKind, IngressStatus};
use inroad_words::{
    Arn, Kind, ObjectKey,
    published::{BindingStep, Published},
};
use serde_json::json;

use super::{
    finalizers::{OURS, ingress, open, web},
    wire::Wire,
};

type Used = BTreeSet<(String, String, &'static str)>;

fn used(wire: &Wire) -> Used {
    wire.asked().into_iter().map(|it| (it.group, it.resource, it.verb)).collect()
}

fn allowed(reads: &BTreeSet<Kind>, writes: Writes) -> Used {
    let rights = rights(reads, writes).into_iter();
    let each = |right: inroad_cluster::rights::Right| {
        let (group, resource) = (right.group, right.resource);
        right.verbs.into_iter().map(move |verb| (group.clone(), resource.clone(), verb))
    };
    rights.flat_map(each).collect()
}

/// Reads every kind until it was listed and is watched.
async fn read(wire: &Wire, kinds: &BTreeSet<Kind>) {
    let watching = Watching { kinds: kinds.clone(), ..Watching::default() };
    let mut feed = std::pin::pin!(feed(wire.client(), watching));
    let mut listed = BTreeSet::new();
    let all = async {
        while let Some(news) = feed.next().await {
            if let News::Changes { kind, complete: true, .. } = news {
                listed.insert(kind);
            }
        }
    };
    // The watch is asked for when the list has been told, and then waits.
    let waited = tokio::time::timeout(Duration::from_secs(5), all).await;
    assert!(waited.is_err(), "a feed never ends");
    assert_eq!(listed, *kinds);
}

async fn tell(server: &Server, writer: &Writer, kinds: &BTreeSet<Kind>) {
    let sample = BTreeMap::from([
        (Kind::Ingress, "networking.k8s.io/v1 Ingress"),
        (Kind::Service, "v1 Service"),
        (Kind::EndpointSlice, "discovery.k8s.io/v1 EndpointSlice"),
        (Kind::Node, "v1 Node"),
    ]);
    for kind in TOLD.into_iter().filter(|kind| kinds.contains(kind)) {
        let (version, name) = sample[&kind].split_once(' ').expect("two words");
        let namespace = if kind.is_namespaced() { "shop" } else { "" };
        let mut meta = json!({"name": "web"});
        if kind.is_namespaced() {
            meta["namespace"] = json!(namespace);
        }
        server.apply(&json!({"apiVersion": version, "kind": name, "metadata": meta}));
        let event = Event {
            object: ObjectKey::new(kind, namespace, "web"),
            kind: EventKind::Normal,
            reason: "R".into(),
            message: "m".into(),
        };
        for _ in 0..2 {
            writer.event(&event).await.expect("it is told, then counted");
        }
    }
}

async fn write(server: &Server, writer: &Writer) {
    server.apply(&ingress(&[]));
    writer.finalizer_add(&web(), OURS).await.expect("it is added");
    let status = IngressStatus { hostname: "a".into(), ports: BTreeSet::new() };
    writer.ingress_status(&web(), &status).await.expect("it is written");
    writer.finalizer_remove(&web(), OURS).await.expect("it is removed");
    let service = ObjectKey::new(Kind::Service, "shop", "web");
    server.apply(&json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"}}));
    writer.finalizer_add(&service, OURS).await.expect("it is added");
    writer.service_status(&service, Some(&status)).await.expect("it is written");
    writer.finalizer_remove(&service, OURS).await.expect("it is removed");
    let binding = Published {
        object: ObjectKey::new(Kind::TargetGroupBinding, "shop", "b"),
        labels: BTreeMap::new(),
        group: Arn("arn".into()),
        spec: "{}".into(),
    };
    let key = binding.object.clone();
    let steps = [
        BindingStep::Create(binding.clone()),
        BindingStep::Update(binding),
        BindingStep::Delete(key.clone()),
    ];
    for step in steps {
        writer.binding(&step).await.expect("it is done");
        writer.binding_checkpoint(&key, "x").await.expect("it is written");
    }
}

#[tokio::test(start_paused = true)]
async fn rights_are_what_is_used() {
    let everything: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
    let names = BTreeSet::from([Kind::Ingress, Kind::Service]);
    let table = [
        (everything.clone(), Writes::Everything),
        (everything.clone(), Writes::Nothing),
        (names.clone(), Writes::Events),
        (names, Writes::Nothing),
        (BTreeSet::from([Kind::Service]), Writes::Events),
    ];
    for (kinds, writes) in table {
        let server = Server::new();
        let wire = Wire::to(&server);
        let writer = Writer::new(wire.client(), open());
        if writes != Writes::Nothing {
            tell(&server, &writer, &kinds).await;
        }
        if writes == Writes::Everything {
            write(&server, &writer).await;
        }
        read(&wire, &kinds).await;
        assert_eq!(used(&wire), allowed(&kinds, writes), "{kinds:?} {writes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_needs_what_is_said() {
    let server = Server::new();
    let wire = Wire::to(&server);
    let settings = LeaseSettings::new("kube-system", "x");
    let mut leadership = lead(wire.client(), settings, tokio::time::sleep(Duration::from_secs(10)));
    leadership.released().await;
    let (named, unnamed) = LEASE_VERBS;
    let verbs = named.into_iter().chain(unnamed);
    let want: Used = verbs.map(|it| ("coordination.k8s.io".into(), "leases".into(), it)).collect();
    assert_eq!(used(&wire), want);
}
