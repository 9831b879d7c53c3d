//! Somebody's hand in the account: what the controller made is taken away behind its back. In: an account and
//! chance. Out: what was done, for the trace.

use fastrand::Rng;
use inroad_emulator::Emulator;
use serde_json::{Value, json};

use crate::reach::items;

/// How every ownership record begins.
const HERITAGE: &str = "heritage=external-dns";

/// Takes one thing away that carries traffic, or a name that leads to it, if there is one.
pub(crate) fn meddle(emulator: &Emulator, snapshot: &Value, dice: &mut Rng) -> Option<String> {
    let (service, operation, input) = match dice.u8(..3) {
        0 => ("elasticloadbalancing", "DeleteRule", rule(snapshot, dice)?),
        1 => ("elasticloadbalancing", "DeregisterTargets", target(snapshot, dice)?),
        _ => ("route53", "ChangeResourceRecordSets", record(snapshot, dice)?),
    };
    let answer = emulator.call(service, operation, &input);
    Some(format!(
        "by hand: {operation} {input}: {}",
        if answer.is_ok() { "done" } else { "refused" }
    ))
}

fn is_ours(thing: &Value) -> bool {
    items(&thing["Tags"]).any(|it| it["Key"] == "elbv2.k8s.aws/cluster" && it["Value"] == "demo")
}

fn rule(snapshot: &Value, dice: &mut Rng) -> Option<Value> {
    let balancers = items(&snapshot["LoadBalancers"]).filter(|it| is_ours(it));
    let listeners = balancers.flat_map(|it| items(&it["Listeners"]));
    let rules =
        listeners.flat_map(|it| items(&it["Rules"])).filter(|it| it["Priority"] != "default");
    let rule = dice.choice(rules.collect::<Vec<_>>())?;
    Some(json!({"RuleArn": rule["RuleArn"]}))
}

fn target(snapshot: &Value, dice: &mut Rng) -> Option<Value> {
    let groups = items(&snapshot["TargetGroups"]).filter(|it| is_ours(it));
    let registered = groups.flat_map(|group| {
        let all = items(&group["TargetHealthDescriptions"]);
        all.map(move |it| (&group["TargetGroupArn"], &it["Target"]))
    });
    let (arn, target) = dice.choice(registered.collect::<Vec<_>>())?;
    Some(json!({"TargetGroupArn": arn,
        "Targets": [{"Id": target["Id"], "Port": target["Port"]}]}))
}

/// A record of ours with its marks. A mark that stays alone would stay for ever once nobody wants the record:
/// nothing says any more that the name is ours.
fn record(snapshot: &Value, dice: &mut Rng) -> Option<Value> {
    let zones: Vec<&Value> = items(&snapshot["HostedZones"]).collect();
    let zone = dice.choice(zones)?;
    let all: Vec<&Value> = items(&zone["ResourceRecordSets"]).collect();
    let is_mark = |record: &Value| record["Type"] == "TXT" && record.to_string().contains(HERITAGE);
    let name = |record: &Value| record["Name"].as_str().unwrap_or_default().to_owned();
    let marks_of = |record: &Value| {
        let (kind, name) = (record["Type"].as_str().unwrap_or_default(), name(record));
        let mark = format!("{}-{name}", kind.to_lowercase());
        all.iter().filter(move |it| is_mark(it) && it["Name"] == mark.as_str())
    };
    let ours = all.iter().filter(|it| !is_mark(it) && marks_of(it).next().is_some());
    let record = dice.choice(ours.collect::<Vec<_>>())?;
    let gone = marks_of(record).chain([record]);
    let changes: Vec<Value> =
        gone.map(|it| json!({"Action": "DELETE", "ResourceRecordSet": it})).collect();
    Some(json!({"HostedZoneId": zone["Id"], "ChangeBatch": {"Changes": changes}}))
}
