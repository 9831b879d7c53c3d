//! Events, as `kubectl describe` finds them.

use std::sync::Arc;

use inroad_apiserver::{Place, Server};
use inroad_cluster::{WriteError, Writer};
use inroad_status::{Event, EventKind};
use inroad_words::{Kind, ObjectKey};
use serde_json::{Value, json};

use super::{
    finalizers::{ingress, open, web},
    wire::Wire,
};

fn event(object: ObjectKey, message: &str) -> Event {
    Event {
        object,
        kind: EventKind::Warning,
        reason: "FailedBuildModel".into(),
        message: message.into(),
    }
}

fn told(server: &Server) -> Vec<Value> {
    server.all("v1/events")
}

#[tokio::test]
async fn equal_events_are_counted_and_new_ones_are_on_the_object_that_is_there_now() {
    let server = Server::new();
    let object = server.apply(&ingress(&[]));
    let wire = Wire::to(&server);
    let writer = Writer::new(wire.client(), open());
    for _ in 0..3 {
        writer.event(&event(web(), "no such Service")).await.expect("it is taken");
    }
    assert_eq!(wire.writes(), ["create events", "patch events", "patch events"]);
    let all = told(&server);
    let [one] = all.as_slice() else { panic!("one Event, not {}", all.len()) };
    assert_eq!(
        (&one["count"], &one["type"], &one["reason"]),
        (&json!(3), &json!("Warning"), &json!("FailedBuildModel"))
    );
    assert_eq!(
        one["involvedObject"],
        json!({
            "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "namespace": "shop",
            "name": "web", "uid": object["metadata"]["uid"],
        })
    );
    assert_eq!(one["source"], json!({"component": "ingress"}));
    assert!(one["firstTimestamp"].as_str() <= one["lastTimestamp"].as_str());

    // The API server forgets Events: the next one is made again, and goes on counting.
    server.delete(&Place::of(one));
    writer.event(&event(web(), "no such Service")).await.expect("it is taken");
    assert_eq!(told(&server).iter().map(|it| &it["count"]).collect::<Vec<_>>(), [&json!(4)]);

    // Another object of the name: another Event, on the new one, as soon as that was seen.
    server.delete(&Place::of(&object));
    let again = server.apply(&ingress(&[]));
    writer.finalizer_add(&web(), "x").await.expect("the new one is seen");
    writer.event(&event(web(), "no such Service")).await.expect("it is taken");
    let all = told(&server);
    let on = |uid: &Value| all.iter().filter(|it| it["involvedObject"]["uid"] == *uid).count();
    assert_eq!((on(&object["metadata"]["uid"]), on(&again["metadata"]["uid"])), (1, 1));
}

#[tokio::test]
async fn objects_without_a_namespace_have_theirs_in_the_default_one_and_gone_ones_have_none() {
    let server = Server::new();
    server.apply(&json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}}));
    let wire = Wire::to(&server);
    let writer = Writer::new(wire.client(), open());
    let node = ObjectKey::new(Kind::Node, "", "n");
    writer.event(&event(node, "no instance")).await.expect("it is taken");
    let all = told(&server);
    assert_eq!(all[0]["metadata"]["namespace"], "default");
    assert_eq!(all[0]["involvedObject"]["namespace"], Value::Null);
    wire.writes();
    writer.event(&event(web(), "late")).await.expect("nobody is left to be told");
    assert!(wire.writes().is_empty());

    server.apply(&ingress(&[]));
    let follower = Writer::new(wire.client(), Arc::new(|| false));
    assert_eq!(follower.event(&event(web(), "x")).await, Err(WriteError::NotLeading));
    assert!(wire.writes().is_empty());
}
