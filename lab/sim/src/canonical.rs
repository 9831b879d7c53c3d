//! Account and cluster in words that do not depend on ids: equal texts are equal states.

use std::collections::BTreeMap;

use inroad_apiserver::Server;
use serde_json::{Value, json};

/// Collections that the controller writes to.
const WRITTEN: [&str; 2] =
    ["networking.k8s.io/v1/ingresses", "elbv2.k8s.aws/v1beta1/targetgroupbindings"];
/// What differs between two ways to the same state.
const VOLATILE: [&str; 12] = [
    "CreatedTime",
    "State",
    "TargetHealthDescriptions",
    "SecurityGroupArn",
    "Id",
    "IdsMade",
    "NetworkInterfaces",
    "Instances",
    "resourceVersion",
    "uid",
    "generation",
    "creationTimestamp",
];
/// How tags of our own begin.
const NOTES: &str = "inroad/";
/// Ids, and what they are the id of.
const IDS: [(&str, &str); 6] = [
    ("LoadBalancerArn", "LoadBalancerName"),
    ("DNSName", "LoadBalancerName"),
    ("TargetGroupArn", "TargetGroupName"),
    ("GroupId", "GroupName"),
    ("ListenerArn", "Port"),
    ("RuleArn", "Priority"),
];

/// The state of both.
pub(crate) fn canonical(snapshot: &Value, server: &Server) -> String {
    let mut written: Vec<Value> = WRITTEN.iter().flat_map(|it| server.all(it)).collect();
    for binding in written.iter_mut().filter(|it| it["kind"] == "TargetGroupBinding") {
        // It only informs people, and is written once.
        binding.as_object_mut().and_then(|it| it.remove("status"));
    }
    tidied(json!({"account": snapshot, "cluster": written}), NOTES)
}

/// A document of an account, alone or with more: every generated id replaced by the name of what it stands
/// for, volatile members left out, and tags whose keys begin with `notes`, lists sorted.
pub fn tidied(mut document: Value, notes: &str) -> String {
    let mut names = BTreeMap::new();
    learn(&document, &mut names);
    tidy(&mut document, &names, notes);
    serde_json::to_string_pretty(&document).unwrap_or_default()
}

fn learn(value: &Value, names: &mut BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            for (id, name) in IDS {
                if let (Some(Value::String(id)), Some(name)) = (members.get(id), members.get(name))
                {
                    names.insert(id.to_lowercase(), format!("<{name}>"));
                }
            }
            members.values().for_each(|value| learn(value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| learn(item, names)),
        _ => {}
    }
}

fn tidy(value: &mut Value, names: &BTreeMap<String, String>, notes: &str) {
    match value {
        Value::Object(members) => {
            let health = members.get("TargetHealthDescriptions").map(registered);
            members.retain(|key, _| !VOLATILE.contains(&key.as_str()) && !is_checkpoint(key));
            members.values_mut().for_each(|value| tidy(value, names, notes));
            if let Some(targets) = health {
                members.insert("Targets".into(), targets);
            }
        }
        Value::Array(items) => {
            // Notes of our own, never written for their own sake.
            let is_note =
                |item: &Value| item["Key"].as_str().is_some_and(|key| key.starts_with(notes));
            items.retain(|item| !is_note(item));
            items.iter_mut().for_each(|item| tidy(item, names, notes));
            items.sort_by_cached_key(ToString::to_string);
        }
        Value::String(text) => {
            if let Some(name) = names.get(text.trim_end_matches('.').to_lowercase().as_str()) {
                name.clone_into(text);
            }
        }
        _ => {}
    }
}

/// Bindings say until when they are known to be right; that is a hash of ids, and a time.
fn is_checkpoint(key: &str) -> bool {
    key.starts_with("elbv2.k8s.aws/checkpoint")
}

/// The targets that are not on their way out.
pub(crate) fn registered(health: &Value) -> Value {
    let all = health.as_array().into_iter().flatten();
    let mut targets: Vec<Value> = all
        .filter(|one| one["TargetHealth"]["State"] != "draining")
        .map(|one| one["Target"].clone())
        .collect();
    targets.sort_by_cached_key(ToString::to_string);
    Value::Array(targets)
}
