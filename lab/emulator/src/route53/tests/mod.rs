//! What a caller of Route 53 sees, through the same door as the wire.

mod batches;
mod listings;
mod zones;

use serde_json::{Value, json};

use crate::{Emulator, Fault, Settings};

/// An account with the public zone `example.com`.
struct Lab {
    emulator: Emulator,
    zone: String,
}

impl Lab {
    fn new() -> Self {
        let emulator = Emulator::new(Settings::default());
        let input = json!({"Name": "Example.com", "CallerReference": "first"});
        let made = emulator.call("route53", "CreateHostedZone", &input).expect("a first zone");
        let id = made["HostedZone"]["Id"].as_str().expect("an id");
        Self { zone: id.trim_start_matches("/hostedzone/").to_owned(), emulator }
    }

    fn call(&self, operation: &str, input: Value) -> Result<Value, Fault> {
        self.emulator.call("route53", operation, &input)
    }

    fn refused(&self, operation: &str, input: Value) -> (String, u16) {
        let fault = self.call(operation, input.clone()).expect_err(&input.to_string());
        (fault.code, fault.status)
    }

    /// A batch of `(action, record set)`.
    fn change(&self, changes: &[(&str, Value)]) -> Result<Value, Fault> {
        let changes: Vec<Value> = changes
            .iter()
            .map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set}))
            .collect();
        let batch = json!({"Changes": changes, "Comment": "by a test"});
        self.call(
            "ChangeResourceRecordSets",
            json!({"HostedZoneId": self.zone, "ChangeBatch": batch}),
        )
    }

    fn records(&self) -> Vec<Value> {
        let input = json!({"HostedZoneId": self.zone});
        let listed = self.call("ListResourceRecordSets", input).expect("the zone is there");
        listed["ResourceRecordSets"].as_array().cloned().unwrap_or_default()
    }
}

/// A simple record set with TTL 300.
fn record(name: &str, kind: &str, values: &[&str]) -> Value {
    let values: Vec<Value> = values.iter().map(|value| json!({"Value": value})).collect();
    json!({"Name": name, "Type": kind, "TTL": 300, "ResourceRecords": values})
}

fn alias(name: &str, kind: &str, zone: &str, target: &str) -> Value {
    let target = json!({"HostedZoneId": zone, "DNSName": target, "EvaluateTargetHealth": false});
    json!({"Name": name, "Type": kind, "AliasTarget": target})
}

/// The record set with further members.
fn with(mut set: Value, members: Value) -> Value {
    if let (Some(set), Value::Object(members)) = (set.as_object_mut(), members) {
        set.extend(members);
    }
    set
}
