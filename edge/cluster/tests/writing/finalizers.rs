//! Finalizers and the statuses of Ingresses, with others at work on the same objects.

use std::{collections::BTreeSet, sync::Arc};

use http::StatusCode;
use inroad_apiserver::{
    Place, Server,
    faults::{Effect, Script},
};
use inroad_cluster::{Gate, WriteError, Writer};
use inroad_status::IngressStatus;
use inroad_words::{Kind, ObjectKey, Retry};
use serde_json::{Value, json};

use super::wire::Wire;

pub(crate) const OURS: &str = "ingress.k8s.aws/resources";

pub(crate) fn web() -> ObjectKey {
    ObjectKey::new(Kind::Ingress, "shop", "web")
}

pub(crate) fn ingress(finalizers: &[&str]) -> Value {
    json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": "web", "namespace": "shop", "finalizers": finalizers},
        "spec": {"ingressClassName": "alb"},
    })
}

pub(crate) fn open() -> Gate {
    Arc::new(|| true)
}

/// A server with the Ingress, a wire to it and a writer on that.
fn stand(finalizers: &[&str]) -> (Server, Wire, Writer, Place) {
    let server = Server::new();
    let object = server.apply(&ingress(finalizers));
    let wire = Wire::to(&server);
    let writer = Writer::new(wire.client(), open());
    (server, wire, writer, Place::of(&object))
}

fn finalizers(server: &Server, place: &Place) -> Vec<String> {
    let object = server.get(place).expect("the object is there");
    let list = object["metadata"]["finalizers"].as_array().cloned().unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Before each of the next patches somebody else changes the object.
fn disturb(wire: &Wire, server: &Server, place: &Place, times: usize) {
    let (server, place, mut left) = (server.clone(), place.clone(), times);
    wire.meddle(move |asked| {
        if asked.verb == "patch" && left > 0 {
            left -= 1;
            server.merge(
                &place,
                &json!({"metadata": {
                    "labels": {"turn": left.to_string()}, "finalizers": ["theirs"],
                }}),
            );
        }
    });
}

#[tokio::test(start_paused = true)]
async fn a_finalizer_is_added_beside_those_of_others_once() {
    let (server, wire, writer, place) = stand(&[]);
    disturb(&wire, &server, &place, 4);
    writer.finalizer_add(&web(), OURS).await.expect("the fifth attempt is undisturbed");
    assert_eq!(finalizers(&server, &place), ["theirs", OURS], "nobody's is overwritten");
    assert_eq!(wire.writes().len(), 5);
    writer.finalizer_add(&web(), OURS).await.expect("it is there");
    assert!(wire.writes().is_empty(), "what is there is not written again");

    disturb(&wire, &server, &place, 5);
    writer.finalizer_remove(&web(), OURS).await.expect("somebody took it away meanwhile");
    assert_eq!(finalizers(&server, &place), ["theirs"]);
    disturb(&wire, &server, &place, 100);
    let error = writer.finalizer_add(&web(), OURS).await.expect_err("others never rest");
    assert!(matches!(error, WriteError::Conflict(_)) && error.retry() == Retry::Soon, "{error:?}");
}

#[tokio::test]
async fn what_is_leaving_gets_no_finalizer_and_goes_with_its_last() {
    let (server, wire, writer, place) = stand(&["theirs"]);
    server.delete(&place);
    let error = writer.finalizer_add(&web(), OURS).await.expect_err("too late");
    assert!(matches!(error, WriteError::Gone(_)) && error.retry() == Retry::OnChange, "{error:?}");
    assert!(wire.writes().is_empty(), "and nothing was tried");

    let (server, wire, writer, place) = stand(&["theirs", OURS]);
    server.delete(&place);
    writer.finalizer_remove(&web(), OURS).await.expect("ours goes");
    assert_eq!(finalizers(&server, &place), ["theirs"]);
    server.merge(&place, &json!({"metadata": {"finalizers": [OURS]}}));
    writer.finalizer_remove(&web(), OURS).await.expect("the last goes");
    assert_eq!(server.get(&place), None);
    wire.writes();
    writer.finalizer_remove(&web(), OURS).await.expect("what is gone holds none");
    let error = writer.finalizer_add(&web(), OURS).await.expect_err("it is gone");
    assert!(matches!(error, WriteError::Gone(_)), "{error:?}");
    assert!(wire.writes().is_empty());
}

#[tokio::test]
async fn a_status_is_written_where_it_differs_and_nothing_else_of_the_object() {
    let (server, wire, writer, place) = stand(&[]);
    let status = |hostname: &str, ports: &[u16]| IngressStatus {
        hostname: hostname.into(),
        ports: ports.iter().copied().collect::<BTreeSet<_>>(),
    };
    let wanted = status("a.elb.amazonaws.com", &[443, 80]);
    writer.ingress_status(&web(), &wanted).await.expect("it is taken");
    let object = server.get(&place).expect("the object is there");
    assert_eq!(
        object["status"]["loadBalancer"]["ingress"],
        json!([{"hostname": "a.elb.amazonaws.com", "ports": [
            {"port": 80, "protocol": ""}, {"port": 443, "protocol": ""},
        ]}])
    );
    assert_eq!(object["spec"], ingress(&[])["spec"]);
    assert_eq!(wire.writes(), ["patch ingresses/status"]);
    writer.ingress_status(&web(), &wanted).await.expect("it says so already");
    assert!(wire.writes().is_empty());

    // Ports of another load balancer, another name, somebody's address: each is put right.
    let theirs = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    server.merge(&place, &theirs);
    for wanted in [status("a.elb.amazonaws.com", &[80]), status("b.elb.amazonaws.com", &[80])] {
        writer.ingress_status(&web(), &wanted).await.expect("it is taken");
        let object = server.get(&place).expect("the object is there");
        let object = serde_json::from_value(object).expect("an Ingress");
        assert_eq!(inroad_cluster::write::standing(&object), Some(wanted));
        assert_eq!(wire.writes(), ["patch ingresses/status"]);
    }
    server.delete(&place);
    writer.ingress_status(&web(), &wanted).await.expect("nobody is left to be told");
    assert!(wire.writes().is_empty());
}

#[tokio::test]
async fn a_service_says_its_ports_with_their_protocol_and_nothing_at_its_end() {
    let (server, wire, writer, _) = stand(&[]);
    let service = ObjectKey::new(Kind::Service, "shop", "tcp");
    let place = Place::of(&server.apply(&json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": "tcp", "namespace": "shop"}})));
    let wanted =
        IngressStatus { hostname: "a.elb.amazonaws.com".into(), ports: BTreeSet::from([80, 5432]) };
    let entry = json!({"hostname": "a.elb.amazonaws.com", "ports": [
        {"port": 80, "protocol": "TCP"}, {"port": 5432, "protocol": "TCP"},
    ]});
    for (status, says) in [(Some(&wanted), json!([entry])), (None, json!(null))] {
        writer.service_status(&service, status).await.expect("it is taken");
        let object = server.get(&place).expect("the object is there");
        assert_eq!(object["status"]["loadBalancer"]["ingress"], says);
        assert_eq!(wire.writes(), ["patch services/status"]);
        writer.service_status(&service, status).await.expect("it says so already");
        assert!(wire.writes().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn failures_say_when_to_come_again() {
    let table = [
        (Effect::Refuse(StatusCode::FORBIDDEN), "denied"),
        (Effect::Refuse(StatusCode::UNPROCESSABLE_ENTITY), "on change"),
        (Effect::Refuse(StatusCode::TOO_MANY_REQUESTS), "soon"),
        (Effect::Refuse(StatusCode::INTERNAL_SERVER_ERROR), "soon"),
        (Effect::Break, "soon"),
        (Effect::Delay(std::time::Duration::from_secs(3600)), "soon"),
        (Effect::LoseAnswer, "soon"),
    ];
    for (effect, want) in table {
        let (server, _, writer, place) = stand(&[]);
        server.script(Script::new("patch", "ingresses", 1, effect));
        let error = writer.finalizer_add(&web(), OURS).await.expect_err("it is scripted");
        let retry = match error.retry() {
            Retry::Soon => "soon",
            Retry::OnChange => "on change",
            Retry::After(wait) if wait.as_secs() == 60 => "denied",
            other => panic!("{effect:?}: {other:?}"),
        };
        assert_eq!(retry, want, "{effect:?}: {error}");
        assert!(error.to_string().contains("ingress/shop/web"), "{error}");
        writer.finalizer_add(&web(), OURS).await.expect("the next attempt finds nothing wrong");
        assert_eq!(finalizers(&server, &place), [OURS]);
    }
}

#[tokio::test]
async fn with_the_gate_closed_nothing_is_sent() {
    let server = Server::new();
    let place = Place::of(&server.apply(&ingress(&[])));
    let wire = Wire::to(&server);
    let writer = Writer::new(wire.client(), Arc::new(|| false));
    let status = IngressStatus { hostname: "a".into(), ports: BTreeSet::from([80]) };
    let refused =
        [writer.finalizer_add(&web(), OURS).await, writer.ingress_status(&web(), &status).await];
    for refused in refused {
        assert_eq!(refused, Err(WriteError::NotLeading));
    }
    assert!(wire.writes().is_empty());
    assert_eq!(finalizers(&server, &place), Vec::<String>::new());

    // It closes between the reading and the writing.
    let gate = Arc::new(std::sync::atomic::AtomicBool::new(true));
    let (asked, closing) = (Arc::clone(&gate), Arc::clone(&gate));
    let order = std::sync::atomic::Ordering::SeqCst;
    wire.meddle(move |_| closing.store(false, order));
    let writer = Writer::new(wire.client(), Arc::new(move || asked.load(order)));
    assert_eq!(writer.finalizer_add(&web(), OURS).await, Err(WriteError::NotLeading));
    assert!(wire.writes().is_empty());
}
