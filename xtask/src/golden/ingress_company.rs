//! A group that the peer refuses as a whole, with a healthy member more. In: a case whose recording is an
//! error. Out: where that member's routes differ from what they are when it is compiled alone.

use inroad_desired::{Shaped, shape};
use inroad_intent::compile;
use inroad_words::{Kind, ObjectKey, Origin, Origins, StackKey, Unit};
use inroad_world::Lens;
use serde_json::{Value, json};

use super::{diff, ingress_world as given, tables::Case};

const GROUP: &str = "company";
const NAME: &str = "healthy";
/// First in the group, and last.
const ORDERS: [&str; 2] = ["-1", "1000"];

/// Whether the others' mistakes cost it nothing.
pub(super) fn check(case: &Case) -> Result<(), String> {
    for order in ORDERS {
        let alone = routes(case, healthy(order))?;
        if alone["rules"].as_array().is_none_or(Vec::is_empty) {
            return Err("the healthy member has no routes, even alone".into());
        }
        let all = given::objects(case, Some(GROUP)).into_iter().chain(healthy(order));
        let among = routes(case, all.collect())?;
        diff::compare(&alone, &among)
            .map_err(|why| format!("a healthy member at {order} is not as it is alone:\n{why}"))?;
    }
    Ok(())
}

/// What is wanted for the healthy member, and what of the stack waits.
fn routes(case: &Case, objects: Vec<Value>) -> Result<Value, String> {
    let world = given::world_of(&objects)?;
    let unit = Unit::Stack(StackKey::Group(GROUP.into()));
    let controller = given::controller(case);
    let intent = compile(&Lens::new(&world), &unit, &controller).intent;
    let Shaped { desired, .. } = shape(&intent, &given::facts(case), &controller);
    let rules = desired.rules.iter().filter(|(_, rule)| is_healthy(&rule.origins));
    let rules: Vec<Value> = rules
        .map(|((port, _), rule)| json!([port, rule.spec.conditions, rule.spec.actions]))
        .collect();
    let groups = desired.target_groups.iter().filter(|(_, group)| is_healthy(&group.origins));
    let groups: Vec<Value> = groups.map(|(id, group)| json!([id, group.spec])).collect();
    let held = desired.held.resources.values().chain(&desired.held.unit);
    let held: Vec<String> = held.map(|hold| hold.subject.clone()).collect();
    Ok(json!({ "rules": rules, "groups": groups, "held": held }))
}

fn is_healthy(origins: &Origins) -> bool {
    let healthy = ObjectKey::new(Kind::Ingress, NAME, NAME);
    origins.0.get("").and_then(Origin::object) == Some(&healthy)
}

/// It says nothing of what all must agree on, and has its namespace, class and Service to itself.
fn healthy(order: &str) -> Vec<Value> {
    let metadata = json!({ "namespace": NAME, "name": NAME });
    let backend = json!({ "service": { "name": NAME, "port": { "number": 80 } } });
    let path = json!({ "path": "/healthy", "pathType": "Prefix", "backend": backend });
    let ingress = json!({
        "apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": metadata,
        "spec": { "rules": [{ "host": "healthy.example", "http": { "paths": [path] } }] },
    });
    let service = json!({
        "apiVersion": "v1", "kind": "Service", "metadata": metadata,
        "spec": { "type": "NodePort", "ports": [{ "port": 80, "nodePort": 30080 }] },
    });
    let mut objects = given::classed(NAME, &json!({ "ingress": ingress }), Some((GROUP, order)));
    objects.push(service);
    objects
}
