//! TargetGroupBindings: published, adopted, kept right, checkpointed, taken away.

use std::{collections::BTreeMap, sync::Arc};

use inroad_apiserver::{Place, Server};
use inroad_cluster::{WriteError, Writer};
use inroad_words::{
    Arn, Kind, ObjectKey,
    published::{BINDING_FINALIZER, BindingStep, CHECKPOINT, CHECKPOINT_TIMESTAMP, Published},
};
use serde_json::{Value, json};

use super::{finalizers::open, wire::Wire};

const GROUP: &str = "arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/k8s-shop-web/1";

fn key() -> ObjectKey {
    ObjectKey::new(Kind::TargetGroupBinding, "shop", "k8s-shop-web")
}

fn place() -> Place {
    Place {
        collection: "elbv2.k8s.aws/v1beta1/targetgroupbindings".into(),
        namespace: "shop".into(),
        name: "k8s-shop-web".into(),
    }
}

fn published(port: u16) -> Published {
    let spec = json!({
        "targetGroupARN": GROUP, "targetType": "ip", "serviceRef": {"name": "web", "port": port},
    });
    Published {
        object: key(),
        labels: BTreeMap::from([("ingress.k8s.aws/stack-name".into(), "web".into())]),
        group: Arn(GROUP.into()),
        spec: spec.to_string(),
    }
}

fn stand() -> (Server, Wire, Writer) {
    let server = Server::new();
    let wire = Wire::to(&server);
    let writer = Writer::new(wire.client(), open());
    (server, wire, writer)
}

fn binding(server: &Server) -> Value {
    server.get(&place()).expect("the binding is there")
}

#[tokio::test]
async fn a_binding_is_published_kept_right_and_taken_away() {
    let (server, wire, writer) = stand();
    writer.binding(&BindingStep::Create(published(80))).await.expect("it is made");
    let made = binding(&server);
    assert_eq!(made["metadata"]["finalizers"], json!([BINDING_FINALIZER]));
    assert_eq!(made["metadata"]["labels"], json!({"ingress.k8s.aws/stack-name": "web"}));
    assert_eq!(made["spec"].to_string(), sorted(&published(80).spec));
    assert_eq!(made["status"], json!({"observedGeneration": 1}));
    assert_eq!(wire.writes(), ["create targetgroupbindings", "patch targetgroupbindings/status"]);

    // Somebody else's annotation and finalizer stay; labels and spec become what is published.
    server.merge(
        &place(),
        &json!({
            "metadata": {"annotations": {"a": "b"}, "labels": {"x": "y"}, "finalizers": ["theirs"]},
            "spec": {"vpcID": "vpc-1"},
        }),
    );
    writer.binding(&BindingStep::Update(published(81))).await.expect("it is changed");
    let now = binding(&server);
    assert_eq!(now["metadata"]["finalizers"], json!(["theirs", BINDING_FINALIZER]));
    assert_eq!(now["metadata"]["labels"], made["metadata"]["labels"]);
    assert_eq!(now["metadata"]["annotations"], json!({"a": "b"}));
    assert_eq!(now["spec"].to_string(), sorted(&published(81).spec));
    assert_eq!(now["status"]["observedGeneration"], now["metadata"]["generation"]);

    writer.binding(&BindingStep::Delete(key())).await.expect("ours lets go");
    let leaving = binding(&server);
    assert!(leaving["metadata"]["deletionTimestamp"].is_string());
    assert_eq!(leaving["metadata"]["finalizers"], json!(["theirs"]), "others still guard it");
    wire.writes();
    writer.binding(&BindingStep::Delete(key())).await.expect("there is nothing left to do");
    assert!(wire.writes().is_empty());
    server.merge(&place(), &json!({"metadata": {"finalizers": []}}));
    assert_eq!(server.get(&place()), None);
    writer.binding(&BindingStep::Delete(key())).await.expect("it is gone");
}

fn sorted(spec: &str) -> String {
    serde_json::from_str::<Value>(spec).expect("JSON").to_string()
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_is_a_conflict_and_an_edit_in_between_is_looked_at_again() {
    let (server, wire, writer) = stand();
    let theirs = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {"name": "k8s-shop-web", "namespace": "shop"}, "spec": {"by": "hand"},
    });
    server.apply(&theirs);
    let error = writer.binding(&BindingStep::Create(published(80))).await.expect_err("it is taken");
    assert!(matches!(error, WriteError::Conflict(_)), "{error:?}");
    assert_eq!(binding(&server)["spec"], theirs["spec"]);

    let (other, mut left) = (server.clone(), 3);
    wire.meddle(move |asked| {
        if asked.verb == "update" && left > 0 {
            left -= 1;
            other.merge(&place(), &json!({"metadata": {"annotations": {"n": left.to_string()}}}));
        }
    });
    writer.binding(&BindingStep::Update(published(80))).await.expect("the fourth is undisturbed");
    assert_eq!(binding(&server)["metadata"]["annotations"], json!({"n": "0"}));
    assert_eq!(wire.writes().iter().filter(|it| it.starts_with("update")).count(), 4);
    // An update of what is not there makes nothing.
    server.merge(&place(), &json!({"metadata": {"finalizers": []}}));
    server.delete(&place());
    let error = writer.binding(&BindingStep::Update(published(80))).await.expect_err("it is gone");
    assert!(matches!(error, WriteError::Gone(_)), "{error:?}");
}

/// The binding was deleted and made again by somebody else between our look and our delete.
#[tokio::test]
async fn only_the_binding_that_was_looked_at_is_deleted() {
    let (server, wire, writer) = stand();
    writer.binding(&BindingStep::Create(published(80))).await.expect("it is made");
    let other = server.clone();
    wire.meddle(move |asked| {
        if asked.verb == "delete" {
            other.delete(&place());
            other.merge(&place(), &json!({"metadata": {"finalizers": []}}));
            other.apply(&json!({
                "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
                "metadata": {"name": "k8s-shop-web", "namespace": "shop"}, "spec": {"by": "hand"},
            }));
        }
    });
    let error = writer.binding(&BindingStep::Delete(key())).await.expect_err("another is there");
    assert!(matches!(error, WriteError::Conflict(_)), "{error:?}");
    assert_eq!(binding(&server)["spec"], json!({"by": "hand"}));
}

#[tokio::test]
async fn checkpoints_are_annotations_with_their_time() {
    let (server, wire, writer) = stand();
    writer.binding(&BindingStep::Create(published(80))).await.expect("it is made");
    writer.binding_checkpoint(&key(), "digest").await.expect("it is written");
    let annotations = binding(&server)["metadata"]["annotations"].clone();
    assert_eq!(annotations[CHECKPOINT], "digest");
    let time = annotations[CHECKPOINT_TIMESTAMP].as_str().and_then(|it| it.parse::<u64>().ok());
    assert!(time.is_some_and(|seconds| seconds > 1_700_000_000), "{annotations}");
    assert_eq!(binding(&server)["spec"].to_string(), sorted(&published(80).spec));
    writer.binding_checkpoint(&key(), "").await.expect("it is taken back");
    assert_eq!(binding(&server)["metadata"]["annotations"][CHECKPOINT], "");

    wire.writes();
    let follower = Writer::new(wire.client(), Arc::new(|| false));
    let refused = [
        follower.binding_checkpoint(&key(), "x").await,
        follower.binding(&BindingStep::Create(published(80))).await,
        follower.binding(&BindingStep::Update(published(81))).await,
        follower.binding(&BindingStep::Delete(key())).await,
    ];
    assert_eq!(refused, [const { Err(WriteError::NotLeading) }; 4]);
    assert!(wire.writes().is_empty());
    writer.binding(&BindingStep::Delete(key())).await.expect("it goes");
    writer.binding_checkpoint(&key(), "late").await.expect("what is gone needs none");
    assert_eq!(server.get(&place()), None);
}
