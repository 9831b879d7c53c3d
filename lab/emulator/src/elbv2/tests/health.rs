//! How targets come, get healthy or not, drain and go.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{World, forward};
use crate::Settings;
use crate::elbv2::{Failure, Probe};

const TARGET: &str = "10.0.0.5";

fn probing() -> World {
    World::with(Settings { assume_healthy: false, ..Settings::default() })
}

fn report(world: &World, probe: &Probe) -> bool {
    let mut account = world.emulator.account();
    let now = account.now;
    account.elbv2.report_health(&world.group, TARGET, 8080, probe, now)
}

/// `state reason`, or `gone`.
fn health(world: &World, group: &str) -> String {
    let answer = world.ok("DescribeTargetHealth", json!({ "TargetGroupArn": group }));
    match &answer["TargetHealthDescriptions"][0]["TargetHealth"] {
        Value::Null => "gone".to_owned(),
        health => format!(
            "{} {}",
            health["State"].as_str().unwrap_or_default(),
            health["Reason"].as_str().unwrap_or_default()
        ),
    }
}

#[test]
fn thresholds_decide_and_the_first_success_is_enough() {
    let world = probing();
    let thresholds = json!({ "TargetGroupArn": world.group, "HealthyThresholdCount": 3 });
    world.ok("ModifyTargetGroup", thresholds);
    world.register(&world.group, &[TARGET]);
    assert_eq!(health(&world, &world.group), "initial Elb.RegistrationInProgress");
    let (passed, refused) = (Probe::Passed, Probe::Failed(Failure::Connection));
    let slow = Probe::Failed(Failure::Timeout);
    let wrong = Probe::Failed(Failure::Code(500));
    let steps = [
        (&refused, "initial Elb.InitialHealthChecking"),
        (&passed, "healthy "),
        (&slow, "healthy "),
        (&passed, "healthy "),
        (&slow, "healthy "),
        (&slow, "unhealthy Target.Timeout"),
        (&wrong, "unhealthy Target.ResponseCodeMismatch"),
        (&passed, "unhealthy Target.ResponseCodeMismatch"),
        (&passed, "unhealthy Target.ResponseCodeMismatch"),
        (&passed, "healthy "),
        (&refused, "healthy "),
        (&refused, "unhealthy Target.FailedHealthChecks"),
    ];
    let mut before = "initial".to_owned();
    for (step, (probe, expected)) in steps.into_iter().enumerate() {
        let moved = report(&world, probe);
        assert_eq!(health(&world, &world.group), expected, "step {step}");
        let state = expected.split(' ').next().unwrap_or_default().to_owned();
        assert_eq!(moved, state != before, "step {step} says whether it moved");
        before = state;
    }
}

#[test]
fn a_target_in_use_drains_and_can_come_back() {
    let world = World::new();
    let delay = json!([{ "Key": "deregistration_delay.timeout_seconds", "Value": "60" }]);
    let input = json!({ "TargetGroupArn": world.group, "Attributes": delay });
    world.ok("ModifyTargetGroupAttributes", input);
    let leave = json!({ "TargetGroupArn": world.group, "Targets": [{ "Id": TARGET }] });
    let draining = "draining Target.DeregistrationInProgress";
    world.ok("DeregisterTargets", leave.clone());
    world.register(&world.group, &[TARGET]);
    assert_eq!(health(&world, &world.group), "healthy ");
    world.ok("DeregisterTargets", leave.clone());
    assert_eq!(health(&world, &world.group), draining);
    assert!(!report(&world, &Probe::Passed), "nobody probes it");
    world.register(&world.group, &[TARGET]);
    assert_eq!(health(&world, &world.group), "healthy ");
    world.ok("DeregisterTargets", leave);
    world.emulator.advance(SignedDuration::from_secs(59));
    assert_eq!(health(&world, &world.group), draining);
    world.emulator.advance(SignedDuration::from_secs(2));
    assert_eq!(health(&world, &world.group), "gone");
}

#[test]
fn only_what_a_load_balancer_reaches_is_in_use() {
    let world = World::new();
    world.register(&world.spare, &["10.0.0.5"]);
    assert_eq!(health(&world, &world.spare), "unused Target.NotInUse");
    let rule = world.rule(1, json!({ "Actions": forward(&world.spare) }));
    assert_eq!(health(&world, &world.spare), "healthy ");
    let moved = json!({ "LoadBalancerArn": world.alb, "Subnets": world.subnets[1..3] });
    world.ok("SetSubnets", moved);
    assert_eq!(health(&world, &world.spare), "unused Target.NotInUse", "zone a is not enabled");
    let back = json!({ "LoadBalancerArn": world.alb, "Subnets": world.subnets[..2] });
    world.ok("SetSubnets", back);
    assert_eq!(health(&world, &world.spare), "healthy ");
    world.ok("DeleteRule", json!({ "RuleArn": rule }));
    assert_eq!(health(&world, &world.spare), "unused Target.NotInUse");
    let leave = json!({ "TargetGroupArn": world.spare, "Targets": [{ "Id": "10.0.0.5" }] });
    world.ok("DeregisterTargets", leave);
    assert_eq!(health(&world, &world.spare), "gone", "what is not in use does not drain");
}

#[test]
fn targets_are_told_with_port_and_zone() {
    let world = World::new();
    let targets = json!([{ "Id": "10.0.1.5" }, { "Id": "10.0.1.5", "Port": 9 },
                         { "Id": "192.168.0.1", "AvailabilityZone": "all" }]);
    world.ok("RegisterTargets", json!({ "TargetGroupArn": world.group, "Targets": targets }));
    let wanted = json!([{ "Id": "10.0.1.5", "Port": 9 }, { "Id": "192.168.0.1" },
                        { "Id": "10.0.1.6" }]);
    let input = json!({ "TargetGroupArn": world.group, "Targets": wanted });
    let answer = world.ok("DescribeTargetHealth", input);
    let told: Vec<Value> = answer["TargetHealthDescriptions"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|one| json!([one["Target"], one["HealthCheckPort"], one["TargetHealth"]["State"]]))
        .collect();
    let expected = [
        json!([{ "Id": "10.0.1.5", "Port": 9, "AvailabilityZone": "us-west-2b" }, "9", "healthy"]),
        json!([{ "Id": "192.168.0.1", "Port": 8080, "AvailabilityZone": "all" }, "8080", "healthy"]),
        json!([{ "Id": "10.0.1.6", "Port": 8080 }, "8080", "unused"]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn instances_are_targets_by_their_zone() {
    let world = World::new();
    let group = world.target_group("nodes", json!({ "TargetType": "instance" }));
    world.register(&group, &[&world.instance]);
    world.rule(1, json!({ "Actions": forward(&group) }));
    assert_eq!(health(&world, &group), "healthy ");
}
