//! Somebody's hand in the account: what the controller made is taken away behind its back. In: an account and
//! chance. Out: what was done, for the trace.

use fastrand::Rng;
use inroad_emulator::Emulator;
use serde_json::{Value, json};

use crate::reach::items;

/// Takes one thing away that carries traffic, if there is one.
pub(crate) fn meddle(emulator: &Emulator, snapshot: &Value, dice: &mut Rng) -> Option<String> {
    let (operation, input) = match dice.bool() {
        true => ("DeleteRule", rule(snapshot, dice)?),
        false => ("DeregisterTargets", target(snapshot, dice)?),
    };
    let answer = emulator.call("elasticloadbalancing", operation, &input);
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
