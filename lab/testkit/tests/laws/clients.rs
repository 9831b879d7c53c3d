//! Mutual authentication in groups whose members agree, differ or make mistakes, on listeners that are new
//! or stand.

use inroad_testkit::strategies;
use inroad_words::{Kind, ObjectKey};
use inroad_world::Object;
use proptest::{collection::vec, option, prelude::*, sample::select};
use serde_json::{Value, json};

use crate::{
    Lab, config,
    isolation::{edited, manifest},
};

const PORTS: &str = "alb.ingress.kubernetes.io/listen-ports";
const MUTUAL: &str = "alb.ingress.kubernetes.io/mutual-authentication";

/// What members say, right and wrong.
const SAID: [&str; 5] = [
    r#"[{"port": 443, "mode": "verify", "trustStore": "staff"}]"#,
    r#"[{"port": 443, "mode": "verify", "trustStore": "arn:guests"}]"#,
    r#"[{"port": 443, "mode": "verify", "trustStore": "gone"}]"#,
    r#"[{"port": 443, "mode": "off"}]"#,
    r#"[{"port": 443}]"#,
];

/// Objects with every Ingress at one HTTPS port, about half of which say what is asked of clients.
fn population() -> impl Strategy<Value = Vec<Object>> {
    let said = vec(option::of(select(SAID.to_vec())), 28);
    (strategies::population(), said).prop_map(|(objects, said)| {
        let one = |(object, said): (Object, Option<&str>)| match object.key.kind {
            Kind::Ingress => secured(&object, said),
            _ => object,
        };
        objects.into_iter().zip(said).map(one).collect()
    })
}

fn secured(object: &Object, said: Option<&str>) -> Object {
    edited(object, |it| {
        let annotations = &mut it["metadata"]["annotations"];
        annotations[PORTS] = json!(r#"[{"HTTPS": 443}]"#);
        if let Some(said) = said {
            annotations[MUTUAL] = json!(said);
        }
    })
}

/// Whether a member wants its clients verified.
fn is_strict(objects: &[Object], member: &ObjectKey) -> bool {
    let found = objects.iter().find(|object| object.key == *member).and_then(manifest);
    let said = found.as_ref().and_then(|it| it["metadata"]["annotations"][MUTUAL].as_str());
    said.is_some_and(|text| {
        let entries: Value = serde_json::from_str(text).unwrap_or_default();
        entries[0]["mode"] == "verify"
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_has_clients_verified_is_served_behind_verification_alone(
        before in population(),
        after in population(),
        surroundings in strategies::surroundings(),
    ) {
        let mut lab = Lab::default();
        for objects in [before, after] {
            for planned in lab.settle(&objects, &surroundings, &mut |_, _| {}) {
                let desired = &planned.shaped.desired;
                for ((port, _), rule) in &desired.rules {
                    let origin = rule.origins.get("");
                    let strict = origin.object().is_some_and(|it| is_strict(&objects, it));
                    let mutual = desired.listeners[port].spec.mutual.as_ref();
                    let verifies = mutual.is_some_and(|it| it.verify().is_some());
                    prop_assert!(!strict || verifies, "{}: {:?}", origin, mutual);
                }
            }
        }
    }
}
