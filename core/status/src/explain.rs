//! `inroad explain`: what one object comes to, each value with who said it.

use inroad_desired::{Desired, stack_json};
use inroad_intent::{
    Compiled, Intent,
    model::{ClaimTarget, NameClaim},
};
use inroad_words::{ObjectKey, Origin, Origins, hold::Hold};
use serde_json::Value;

/// The lines on one object: the resources that it takes part in, then the names that it claims.
pub fn explain(object: &ObjectKey, units: &[(&Compiled, &Desired)]) -> String {
    let mut text = String::new();
    for (compiled, desired) in units {
        match &compiled.intent {
            Intent::Stack(stack) if stack.members.contains(object) => {
                text.push_str(&stack_text(object, desired));
            }
            Intent::Targets(targets) => {
                let said = targets.endpoints.values().any(|origin| origin.object() == Some(object));
                let ours = targets.service.as_ref() == Some(object);
                if said || ours || desired_by(object, &targets.key.group) {
                    text.push_str(&format!("targets {}\n", targets.key.group));
                    for (target, origin) in &targets.endpoints {
                        text.push_str(&line("", &format!("{}:{}", target.id, target.port), origin));
                    }
                }
            }
            Intent::Zone(zone) => {
                let claims = zone.claims.iter().filter(|claim| claim.object == *object);
                for claim in claims {
                    text.push_str(&name(claim));
                }
            }
            _ => {}
        }
    }
    text
}

/// The lines on what of an object waits, in the words of the plan.
pub fn waits<'a>(object: &ObjectKey, holds: impl IntoIterator<Item = &'a Hold>) -> String {
    let own = holds.into_iter().filter(|hold| hold.origin.object() == Some(object));
    let told =
        |hold: &Hold| line("hold ", &format!("{} {}", hold.subject, hold.reason), &hold.origin);
    own.map(told).collect()
}

/// A target group's id begins with the Ingress that made it.
fn desired_by(object: &ObjectKey, group: &str) -> bool {
    group.strip_prefix(&object.short()).is_some_and(|rest| rest.starts_with('-'))
}

fn stack_text(object: &ObjectKey, desired: &Desired) -> String {
    let stack = stack_json(desired);
    let mut text = String::new();
    let resources = stack["resources"].as_object().into_iter().flatten();
    for (kind, all) in resources {
        for (id, resource) in all.as_object().into_iter().flatten() {
            let Some(origins) = origins(desired, kind, id) else { continue };
            if !concerns(object, kind, origins) {
                continue;
            }
            let kind = kind.rsplit("::").next().unwrap_or(kind);
            text.push_str(&line(&format!("{kind} "), id, &origins.get("")));
            let mut fields = Vec::new();
            flatten(&resource["spec"], "", &mut fields);
            for (field, value) in fields {
                text.push_str(&line("  ", &format!("{field}: {value}"), &origins.get(&field)));
            }
        }
    }
    text
}

/// What is shared concerns every member; a rule or target group only the one that asks for it.
fn concerns(object: &ObjectKey, kind: &str, origins: &Origins) -> bool {
    let own = ["ListenerRule", "TargetGroup", "TargetGroupBinding"];
    !own.iter().any(|own| kind.ends_with(own)) || origins.get("").object() == Some(object)
}

fn origins<'a>(desired: &'a Desired, kind: &str, id: &str) -> Option<&'a Origins> {
    match kind.rsplit("::").next()? {
        "SecurityGroup" => desired.security_groups.get(id).map(|r| &r.origins),
        "LoadBalancer" => desired.load_balancers.get(id).map(|r| &r.origins),
        "Listener" => desired.listeners.get(&id.parse().ok()?).map(|r| &r.origins),
        "ListenerRule" => {
            let (port, priority) = id.split_once(':')?;
            desired.rules.get(&(port.parse().ok()?, priority.parse().ok()?)).map(|r| &r.origins)
        }
        "TargetGroup" => desired.target_groups.get(id).map(|r| &r.origins),
        "TargetGroupBinding" => desired.bindings.get(id).map(|r| &r.origins),
        _ => None,
    }
}

/// Leaves of an object by dotted path; lists stay whole, as nobody says a part of one.
fn flatten(value: &Value, path: &str, fields: &mut Vec<(String, String)>) {
    match value {
        Value::Object(members) if !members.contains_key("$ref") => {
            for (key, value) in members {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                flatten(value, &path, fields);
            }
        }
        Value::Object(members) => {
            let to = members["$ref"].as_str().unwrap_or_default();
            fields.push((path.to_owned(), to.trim_start_matches("#/resources/").to_owned()));
        }
        other => fields.push((path.to_owned(), other.to_string())),
    }
}

fn name(claim: &NameClaim) -> String {
    let mut text = line("name ", &claim.name, &claim.origin);
    match &claim.target {
        ClaimTarget::Balancer(unit) => {
            text.push_str(&format!("    leads to the load balancer of {unit}\n"));
        }
        ClaimTarget::Records(records) => {
            for (record_type, values) in records {
                let values: Vec<&str> = values.iter().map(String::as_str).collect();
                text.push_str(&format!("    leads to {record_type} {}\n", values.join(", ")));
            }
        }
    }
    if let Some(ttl) = &claim.ttl {
        text.push_str(&line("    ", &format!("ttl: {}", ttl.value), &ttl.origin));
    }
    text
}

fn line(indent: &str, what: &str, origin: &Origin) -> String {
    let left = format!("{indent}{what}");
    format!("{left:<72}  {origin}\n")
}
