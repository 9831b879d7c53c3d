//! What a snapshot keeps.

use serde_json::{Value, json};

use super::{World, forward, gone};
use crate::elbv2::{self, Health, Kind, Protocol};
use crate::{Emulator, Settings};

/// All of the world's load balancing.
pub(super) fn of(world: &World) -> Value {
    elbv2::snapshot(&world.emulator.account())
}

#[test]
fn a_restored_account_is_the_same_account() {
    let world = World::new();
    world.rule(
        3,
        json!({ "Tags": [{ "Key": "k", "Value": "v" }], "Actions": forward(&world.spare) }),
    );
    world.register(&world.spare, &["10.0.0.5", "10.0.1.5"]);
    let leave = json!({ "TargetGroupArn": world.spare, "Targets": [{ "Id": "10.0.1.5" }] });
    world.ok("DeregisterTargets", leave);
    let before = of(&world);
    let other = Emulator::new(Settings::default());
    elbv2::restore(&mut other.account(), &before).expect("what a snapshot gives");
    assert_eq!(elbv2::snapshot(&other.account()), before);
    other.advance(jiff::SignedDuration::from_secs(301));
    let input = json!({ "TargetGroupArn": world.spare });
    let health = other.call("elasticloadbalancing", "DescribeTargetHealth", &input);
    let health = health.expect("the group is there");
    let left = health["TargetHealthDescriptions"].as_array().map(Vec::len);
    assert_eq!(left, Some(1), "draining goes on");
}

/// The habits of another emulator, as snapshots of it have them: times with a space, an NLB under `app`,
/// forwards and conditions in one form only, a policy without TLS.
#[test]
fn a_snapshot_of_another_hand_is_understood() {
    let group = gone("targetgroup/g");
    let action = json!({ "Type": "forward", "Order": 1, "ForwardConfig": {
        "TargetGroups": [{ "TargetGroupArn": group, "Weight": 1 }] } });
    let rule = json!({ "RuleArn": gone("listener-rule/app/x/y/z"), "Priority": "4",
        "IsDefault": false, "Actions": [action], "Tags": [],
        "Conditions": [{ "Field": "host-header", "HostHeaderConfig": { "Values": ["a.example.com"] } }] });
    let listener = json!({ "ListenerArn": gone("listener/app/x/y"), "Port": 80, "Protocol": "TCP",
        "SslPolicy": "ELBSecurityPolicy-2016-08", "AllCertificates": [], "AlpnPolicy": [],
        "DefaultActions": [action], "Rules": [rule], "Tags": [] });
    let document = json!({
        "LoadBalancers": [{
            "LoadBalancerArn": gone("loadbalancer/app/x"), "LoadBalancerName": "x",
            "Type": "network", "Scheme": "internal", "DNSName": "x.example",
            "CanonicalHostedZoneId": "Z2P70J7EXAMPLE", "IpAddressType": "ipv4", "VpcId": "vpc-1",
            "CreatedTime": "2026-11-21 09:21:32.595000+00:00", "State": { "Code": "active" },
            "AvailabilityZones": [{ "SubnetId": "subnet-1", "ZoneName": "us-east-1a" }],
            "Attributes": [{ "Key": "load_balancing.cross_zone.enabled", "Value": "true" }],
            "Tags": [], "Listeners": [listener],
        }],
        "TargetGroups": [{
            "TargetGroupArn": group, "TargetGroupName": "g", "Protocol": "TCP", "Port": 80,
            "VpcId": "vpc-1", "TargetType": "ip", "IpAddressType": "ipv4",
            "HealthCheckEnabled": true, "HealthCheckIntervalSeconds": 10,
            "HealthCheckTimeoutSeconds": 6, "HealthyThresholdCount": 2,
            "UnhealthyThresholdCount": 2, "Attributes": [], "Tags": [],
            "TargetHealthDescriptions": [{ "Target": { "Id": "10.1.0.100", "Port": 8080 },
                "HealthCheckPort": "traffic-port", "TargetHealth": { "State": "healthy" } }],
        }],
    });
    let emulator = Emulator::new(Settings::default());
    let mut account = emulator.account();
    elbv2::restore(&mut account, &document).expect("the API's members");
    let balancer = account.elbv2.load_balancers.values().next().expect("one");
    assert_eq!((balancer.kind, balancer.state_code(account.now)), (Kind::Network, "active"));
    assert_eq!(balancer.attribute("load_balancing.cross_zone.enabled"), Some("true"));
    assert_eq!(balancer.attribute("deletion_protection.enabled"), Some("false"), "by default");
    let listener = account.elbv2.listeners.values().next().expect("one");
    assert_eq!((listener.protocol, &listener.ssl_policy), (Protocol::Tcp, &None));
    let rule = account.elbv2.rules_of(&listener.arn)[0];
    assert_eq!(
        (rule.priority, &rule.conditions[0].values[..]),
        (Some(4), &["a.example.com".to_owned()][..])
    );
    assert_eq!(rule.actions[0].target_group_arn.as_ref(), Some(&group));
    assert_eq!(account.elbv2.targets_of(&group)[0].health, Health::healthy());
}
