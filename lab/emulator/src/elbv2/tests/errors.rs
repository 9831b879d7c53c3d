//! The table of refusals: per operation and error code of the API's model one way to provoke it. The file is
//! long because the table is; `coverage.rs` reads it.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{World, forward, gone, path, with};
use crate::Settings;

/// Operation, code, and the input that provokes it, after whatever the world needs for it.
pub(super) type Case = (&'static str, &'static str, fn(&World) -> Value);

fn alb(world: &World, more: Value) -> Value {
    with(json!({ "Name": "new", "Subnets": world.subnets[..2] }), more)
}

fn tags(count: usize) -> Value {
    (0..count).map(|n| json!({ "Key": format!("k{n}"), "Value": "v" })).collect()
}

fn twice() -> Value {
    json!([{ "Key": "k", "Value": "1" }, { "Key": "k", "Value": "2" }])
}

fn eip(world: &World, subnet: &str, id: &str) -> Value {
    world.change(|account| {
        account.elbv2.allocations.insert("eipalloc-1".into());
    });
    json!({ "Name": "new", "Type": "network",
            "SubnetMappings": [{ "SubnetId": subnet, "AllocationId": id }] })
}

fn missing_group() -> Value {
    forward(&gone("targetgroup/x"))
}

/// The groups of another load balancer.
fn taken(world: &World) -> Value {
    let other = world.balancer("other", json!({}));
    let input = world.listener_input(&other, 80, "HTTP", forward(&world.spare));
    world.ok("CreateListener", input);
    forward(&world.spare)
}

fn redirect_loop() -> Value {
    json!([{ "Type": "redirect", "RedirectConfig": { "StatusCode": "HTTP_301" } }])
}

fn six_actions(world: &World) -> Value {
    let action =
        |order| json!({ "Type": "forward", "Order": order, "TargetGroupArn": world.group });
    (1..=6).map(action).collect()
}

/// A forward to the unused group, when the ALB takes one group only.
fn one_group_only(world: &World) -> Value {
    world.change(|account| account.settings.quotas.target_groups_per_load_balancer = 1);
    forward(&world.spare)
}

/// A forward to two more targets than the ALB takes.
fn too_many_targets(world: &World) -> Value {
    world.register(&world.spare, &["10.0.0.5", "10.0.0.6"]);
    world.change(|account| account.settings.quotas.targets_per_load_balancer = 1);
    forward(&world.spare)
}

/// A forward to one target on more ports than it can be registered with.
fn too_many_registrations(world: &World) -> Value {
    let targets = json!([{ "Id": "10.0.0.5" }, { "Id": "10.0.0.5", "Port": 9 }]);
    world.ok("RegisterTargets", json!({ "TargetGroupArn": world.spare, "Targets": targets }));
    world.change(|account| account.settings.quotas.registrations_per_target = 1);
    forward(&world.spare)
}

fn trust_store(world: &World, arn: &str) -> Value {
    let tree = json!({ "Name": "t", "TrustStoreArn": gone("truststore/t"), "Status": "CREATING" });
    let store = serde_json::from_value(tree).expect("the API's members");
    world.change(|account| {
        account.elbv2.trust_stores.insert(gone("truststore/t"), store);
    });
    json!({ "Mode": "verify", "TrustStoreArn": arn })
}

fn create_listener(world: &World, more: Value) -> Value {
    with(world.listener_input(&world.alb, 8443, "HTTPS", forward(&world.group)), more)
}

fn modify_listener(world: &World, more: Value) -> Value {
    with(json!({ "ListenerArn": world.https }), more)
}

fn modify_rule(world: &World, more: Value) -> Value {
    with(json!({ "RuleArn": world.rule(10, json!({})) }), more)
}

fn new_group(world: &World, more: Value) -> Value {
    let input = json!({ "Name": "new", "Protocol": "HTTP", "Port": 80, "VpcId": world.vpc });
    with(input, more)
}

fn missing_certificate() -> Value {
    json!([{ "CertificateArn": "arn:aws:acm:us-west-2:000000000000:certificate/none" }])
}

fn two_certificates(world: &World) -> Value {
    let one = json!({ "CertificateArn": world.certificate });
    json!([one, one])
}

fn attribute(member: &str, arn: &str) -> Value {
    json!({ member: arn, "Attributes": [{ "Key": "no.such.key", "Value": "1" }] })
}

fn targets(world: &World, id: &str) -> Value {
    json!({ "TargetGroupArn": world.group, "Targets": [{ "Id": id }] })
}

fn priorities(rule: &str, priority: u32) -> Value {
    json!({ "RulePriorities": [{ "RuleArn": rule, "Priority": priority }] })
}

fn reservation(world: &World, units: u32) -> Value {
    json!({ "LoadBalancerArn": world.alb, "MinimumLoadBalancerCapacity": { "CapacityUnits": units } })
}

/// A reservation that is still being provisioned.
fn pending(world: &World) {
    world.change(|account| account.settings.provisioning = SignedDuration::from_hours(1));
    world.ok("ModifyCapacityReservation", reservation(world, 100));
}

const LB: &str = "loadbalancer/app/x";

#[rustfmt::skip]
pub(super) const CASES: &[Case] = &[
    ("CreateLoadBalancer", "DuplicateLoadBalancerName", |w| alb(w, json!({ "Name": "alb", "Scheme": "internal" }))),
    ("CreateLoadBalancer", "DuplicateLoadBalancerName", |w| alb(w, json!({ "Name": "alb", "Tags": tags(1) }))),
    ("CreateLoadBalancer", "TooManyLoadBalancers", |w| {
        w.change(|account| account.settings.quotas.load_balancers = 2);
        alb(w, json!({}))
    }),
    ("CreateLoadBalancer", "InvalidConfigurationRequest", |w| alb(w, json!({ "Subnets": [w.subnets[0], w.subnets[0]] }))),
    ("CreateLoadBalancer", "InvalidConfigurationRequest", |w| alb(w, json!({ "Type": "network", "IpAddressType": "dualstack-without-public-ipv4" }))),
    ("CreateLoadBalancer", "SubnetNotFound", |w| alb(w, json!({ "Subnets": [w.subnets[0], "subnet-0"] }))),
    ("CreateLoadBalancer", "InvalidSubnet", |w| alb(w, json!({ "Subnets": [w.subnets[0], w.subnets[3]] }))),
    ("CreateLoadBalancer", "InvalidSubnet", |w| alb(w, json!({ "IpAddressType": "dualstack" }))),
    ("CreateLoadBalancer", "InvalidSecurityGroup", |w| alb(w, json!({ "SecurityGroups": ["sg-0"] }))),
    ("CreateLoadBalancer", "InvalidScheme", |w| alb(w, json!({ "Type": "gateway", "Scheme": "internal" }))),
    ("CreateLoadBalancer", "TooManyTags", |w| alb(w, json!({ "Tags": tags(51) }))),
    ("CreateLoadBalancer", "DuplicateTagKeys", |w| alb(w, json!({ "Tags": twice() }))),
    ("CreateLoadBalancer", "ResourceInUse", |w| {
        w.ok("CreateLoadBalancer", eip(w, &w.subnets[0], "eipalloc-1"));
        with(eip(w, &w.subnets[1], "eipalloc-1"), json!({ "Name": "next" }))
    }),
    ("CreateLoadBalancer", "AllocationIdNotFound", |w| eip(w, &w.subnets[0], "eipalloc-0")),
    ("CreateLoadBalancer", "ValidationError", |w| alb(w, json!({ "Subnets": [w.subnets[0]] }))),
    ("CreateLoadBalancer", "ValidationError", |w| alb(w, json!({ "Name": "internal-new" }))),
    ("CreateLoadBalancer", "ValidationError", |w| alb(w, json!({ "Name": "-new" }))),
    ("CreateLoadBalancer", "ValidationError", |w| alb(w, json!({ "Name": "new_one" }))),
    ("CreateLoadBalancer", "ValidationError", |w| alb(w, json!({ "Name": "n".repeat(33) }))),
    ("DescribeLoadBalancers", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArns": [gone(LB)] })),
    ("DescribeLoadBalancers", "LoadBalancerNotFound", |_| json!({ "Names": ["none"] })),
    ("DescribeLoadBalancers", "ValidationError", |w| json!({ "LoadBalancerArns": [w.group] })),
    ("DeleteLoadBalancer", "OperationNotPermitted", |w| {
        let on = json!([{ "Key": "deletion_protection.enabled", "Value": "true" }]);
        w.ok("ModifyLoadBalancerAttributes", json!({ "LoadBalancerArn": w.alb, "Attributes": on }));
        json!({ "LoadBalancerArn": w.alb })
    }),
    ("DescribeLoadBalancerAttributes", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB) })),
    ("ModifyLoadBalancerAttributes", "LoadBalancerNotFound", |_| attribute("LoadBalancerArn", &gone(LB))),
    ("ModifyLoadBalancerAttributes", "InvalidConfigurationRequest", |w| attribute("LoadBalancerArn", &w.alb)),
    ("ModifyLoadBalancerAttributes", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.alb, "Attributes": [{ "Key": "idle_timeout.timeout_seconds", "Value": "4001" }] })),
    ("ModifyLoadBalancerAttributes", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.nlb, "Attributes": [{ "Key": "idle_timeout.timeout_seconds", "Value": "10" }] })),
    ("ModifyLoadBalancerAttributes", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.alb, "Attributes": [{ "Key": "access_logs.s3.enabled", "Value": "true" }] })),
    ("SetSubnets", "LoadBalancerNotFound", |w| json!({ "LoadBalancerArn": gone(LB), "Subnets": w.subnets[..2] })),
    ("SetSubnets", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.alb, "Subnets": [w.subnets[0], w.subnets[0]] })),
    ("SetSubnets", "SubnetNotFound", |w| json!({ "LoadBalancerArn": w.alb, "Subnets": ["subnet-0"] })),
    ("SetSubnets", "InvalidSubnet", |w| json!({ "LoadBalancerArn": w.alb, "Subnets": [w.subnets[0], w.subnets[3]] })),
    ("SetSubnets", "AllocationIdNotFound", |w| json!({ "LoadBalancerArn": w.nlb, "SubnetMappings": [{ "SubnetId": w.subnets[0], "AllocationId": "eipalloc-0" }] })),
    ("SetSubnets", "CapacityReservationPending", |w| {
        pending(w);
        json!({ "LoadBalancerArn": w.alb, "Subnets": w.subnets[..2] })
    }),
    ("SetSubnets", "ValidationError", |w| json!({ "LoadBalancerArn": w.alb, "Subnets": [w.subnets[0]] })),
    ("SetSecurityGroups", "LoadBalancerNotFound", |w| json!({ "LoadBalancerArn": gone(LB), "SecurityGroups": [w.security_group] })),
    ("SetSecurityGroups", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.nlb, "SecurityGroups": [w.security_group] })),
    ("SetSecurityGroups", "InvalidSecurityGroup", |w| json!({ "LoadBalancerArn": w.alb, "SecurityGroups": ["sg-0"] })),
    ("SetIpAddressType", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB), "IpAddressType": "ipv4" })),
    ("SetIpAddressType", "InvalidConfigurationRequest", |w| json!({ "LoadBalancerArn": w.nlb, "IpAddressType": "dualstack-without-public-ipv4" })),
    ("SetIpAddressType", "InvalidSubnet", |w| json!({ "LoadBalancerArn": w.alb, "IpAddressType": "dualstack" })),

    ("CreateListener", "DuplicateListener", |w| w.listener_input(&w.alb, 80, "HTTP", forward(&w.spare))),
    ("CreateListener", "TooManyListeners", |w| {
        w.change(|account| account.settings.quotas.listeners_per_load_balancer = 2);
        create_listener(w, json!({}))
    }),
    ("CreateListener", "TooManyCertificates", |w| create_listener(w, json!({ "Certificates": two_certificates(w) }))),
    ("CreateListener", "LoadBalancerNotFound", |w| create_listener(w, json!({ "LoadBalancerArn": gone(LB) }))),
    ("CreateListener", "TargetGroupNotFound", |w| create_listener(w, json!({ "DefaultActions": missing_group() }))),
    ("CreateListener", "TargetGroupAssociationLimit", |w| create_listener(w, json!({ "DefaultActions": taken(w) }))),
    ("CreateListener", "InvalidConfigurationRequest", |w| create_listener(w, json!({ "Protocol": "HTTP" }))),
    ("CreateListener", "IncompatibleProtocols", |w| create_listener(w, json!({ "DefaultActions": forward(&w.tcp) }))),
    ("CreateListener", "SSLPolicyNotFound", |w| create_listener(w, json!({ "SslPolicy": "none" }))),
    ("CreateListener", "CertificateNotFound", |w| create_listener(w, json!({ "Certificates": missing_certificate() }))),
    ("CreateListener", "UnsupportedProtocol", |w| create_listener(w, json!({ "Protocol": "TCP" }))),
    ("CreateListener", "TooManyRegistrationsForTargetId", |w| create_listener(w, json!({ "DefaultActions": too_many_registrations(w) }))),
    ("CreateListener", "TooManyTargets", |w| create_listener(w, json!({ "DefaultActions": too_many_targets(w) }))),
    ("CreateListener", "TooManyActions", |w| create_listener(w, json!({ "DefaultActions": six_actions(w) }))),
    ("CreateListener", "InvalidLoadBalancerAction", |w| w.listener_input(&w.alb, 8080, "HTTP", redirect_loop())),
    ("CreateListener", "InvalidLoadBalancerAction", |w| w.listener_input(&w.nlb, 8080, "TCP", redirect_loop())),
    ("CreateListener", "TooManyUniqueTargetGroupsPerLoadBalancer", |w| create_listener(w, json!({ "DefaultActions": one_group_only(w) }))),
    ("CreateListener", "ALPNPolicyNotFound", |w| with(w.listener_input(&w.nlb, 443, "TLS", forward(&w.tcp)), json!({ "AlpnPolicy": ["none"] }))),
    ("CreateListener", "TooManyTags", |w| create_listener(w, json!({ "Tags": tags(51) }))),
    ("CreateListener", "TrustStoreNotFound", |w| create_listener(w, json!({ "MutualAuthentication": trust_store(w, &gone("truststore/x")) }))),
    ("CreateListener", "TrustStoreNotReady", |w| create_listener(w, json!({ "MutualAuthentication": trust_store(w, &gone("truststore/t")) }))),
    ("CreateListener", "ValidationError", |w| create_listener(w, json!({ "Certificates": [] }))),
    ("DescribeListeners", "ListenerNotFound", |_| json!({ "ListenerArns": [gone("listener/app/x/y")] })),
    ("DescribeListeners", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB) })),
    ("ModifyListener", "DuplicateListener", |w| modify_listener(w, json!({ "Port": 80 }))),
    ("ModifyListener", "TooManyCertificates", |w| modify_listener(w, json!({ "Certificates": two_certificates(w) }))),
    ("ModifyListener", "ListenerNotFound", |w| modify_listener(w, json!({ "ListenerArn": gone("listener/app/x/y") }))),
    ("ModifyListener", "TargetGroupNotFound", |w| modify_listener(w, json!({ "DefaultActions": missing_group() }))),
    ("ModifyListener", "TargetGroupAssociationLimit", |w| modify_listener(w, json!({ "DefaultActions": taken(w) }))),
    ("ModifyListener", "IncompatibleProtocols", |w| modify_listener(w, json!({ "DefaultActions": forward(&w.tcp) }))),
    ("ModifyListener", "SSLPolicyNotFound", |w| modify_listener(w, json!({ "SslPolicy": "none" }))),
    ("ModifyListener", "CertificateNotFound", |w| modify_listener(w, json!({ "Certificates": missing_certificate() }))),
    ("ModifyListener", "InvalidConfigurationRequest", |w| modify_listener(w, json!({ "Protocol": "HTTP", "SslPolicy": "ELBSecurityPolicy-2016-08" }))),
    ("ModifyListener", "UnsupportedProtocol", |w| modify_listener(w, json!({ "Protocol": "UDP" }))),
    ("ModifyListener", "TooManyRegistrationsForTargetId", |w| modify_listener(w, json!({ "DefaultActions": too_many_registrations(w) }))),
    ("ModifyListener", "TooManyTargets", |w| modify_listener(w, json!({ "DefaultActions": too_many_targets(w) }))),
    ("ModifyListener", "TooManyActions", |w| modify_listener(w, json!({ "DefaultActions": six_actions(w) }))),
    ("ModifyListener", "InvalidLoadBalancerAction", |w| modify_listener(w, json!({ "DefaultActions": redirect_loop() }))),
    ("ModifyListener", "TooManyUniqueTargetGroupsPerLoadBalancer", |w| modify_listener(w, {
        w.rule(1, json!({}));
        json!({ "DefaultActions": one_group_only(w) })
    })),
    ("ModifyListener", "ALPNPolicyNotFound", |w| {
        let made = w.ok("CreateListener", w.listener_input(&w.nlb, 443, "TLS", forward(&w.tcp)));
        json!({ "ListenerArn": made["Listeners"][0]["ListenerArn"], "AlpnPolicy": ["none"] })
    }),
    ("ModifyListener", "TrustStoreNotFound", |w| modify_listener(w, json!({ "MutualAuthentication": trust_store(w, &gone("truststore/x")) }))),
    ("ModifyListener", "TrustStoreNotReady", |w| modify_listener(w, json!({ "MutualAuthentication": trust_store(w, &gone("truststore/t")) }))),
    ("ModifyListener", "ValidationError", |w| json!({ "ListenerArn": w.http, "Protocol": "HTTPS" })),
    ("DeleteListener", "ListenerNotFound", |_| json!({ "ListenerArn": gone("listener/app/x/y") })),
    ("DescribeListenerAttributes", "ListenerNotFound", |_| json!({ "ListenerArn": gone("listener/app/x/y") })),
    ("ModifyListenerAttributes", "ListenerNotFound", |_| attribute("ListenerArn", &gone("listener/app/x/y"))),
    ("ModifyListenerAttributes", "InvalidConfigurationRequest", |w| attribute("ListenerArn", &w.http)),
    ("AddListenerCertificates", "ListenerNotFound", |w| json!({ "ListenerArn": gone("listener/app/x/y"), "Certificates": [{ "CertificateArn": w.certificate }] })),
    ("AddListenerCertificates", "TooManyCertificates", |w| {
        w.change(|account| account.settings.quotas.certificates_per_load_balancer = 0);
        json!({ "ListenerArn": w.https, "Certificates": [{ "CertificateArn": w.certificate }] })
    }),
    ("AddListenerCertificates", "CertificateNotFound", |w| json!({ "ListenerArn": w.https, "Certificates": missing_certificate() })),
    ("RemoveListenerCertificates", "ListenerNotFound", |w| json!({ "ListenerArn": gone("listener/app/x/y"), "Certificates": [{ "CertificateArn": w.certificate }] })),
    ("RemoveListenerCertificates", "OperationNotPermitted", |w| json!({ "ListenerArn": w.https, "Certificates": [{ "CertificateArn": w.certificate }] })),
    ("DescribeListenerCertificates", "ListenerNotFound", |_| json!({ "ListenerArn": gone("listener/app/x/y") })),

    ("CreateRule", "PriorityInUse", |w| {
        w.rule(10, json!({}));
        w.rule_input(10, json!({}))
    }),
    ("CreateRule", "TooManyTargetGroups", |w| {
        let six = (0..6).map(|n| json!({ "TargetGroupArn": w.target_group(&format!("g{n}"), json!({})) }));
        w.rule_input(1, json!({ "Actions": [{ "Type": "forward", "ForwardConfig": { "TargetGroups": six.collect::<Vec<_>>() } }] }))
    }),
    ("CreateRule", "TooManyRules", |w| {
        w.rule(10, json!({}));
        w.change(|account| account.settings.quotas.rules_per_load_balancer = 1);
        w.rule_input(11, json!({ "ListenerArn": w.https }))
    }),
    ("CreateRule", "TargetGroupAssociationLimit", |w| w.rule_input(1, json!({ "Actions": taken(w) }))),
    ("CreateRule", "IncompatibleProtocols", |w| w.rule_input(1, json!({ "Actions": forward(&w.tcp) }))),
    ("CreateRule", "ListenerNotFound", |w| w.rule_input(1, json!({ "ListenerArn": gone("listener/app/x/y") }))),
    ("CreateRule", "TargetGroupNotFound", |w| w.rule_input(1, json!({ "Actions": missing_group() }))),
    ("CreateRule", "InvalidConfigurationRequest", |w| {
        w.change(|account| {
            let found = account.elbv2.target_groups.get_mut(&w.spare).expect("the spare group");
            found.vpc_id = Some("vpc-0".into());
        });
        w.rule_input(1, json!({ "Actions": forward(&w.spare) }))
    }),
    ("CreateRule", "TooManyRegistrationsForTargetId", |w| w.rule_input(1, json!({ "Actions": too_many_registrations(w) }))),
    ("CreateRule", "TooManyTargets", |w| w.rule_input(1, json!({ "Actions": too_many_targets(w) }))),
    ("CreateRule", "UnsupportedProtocol", |w| w.rule_input(1, json!({ "ListenerArn": w.tcp_listener }))),
    ("CreateRule", "TooManyActions", |w| w.rule_input(1, json!({ "Actions": six_actions(w) }))),
    ("CreateRule", "InvalidLoadBalancerAction", |w| w.rule_input(1, json!({ "Actions": redirect_loop() }))),
    ("CreateRule", "TooManyUniqueTargetGroupsPerLoadBalancer", |w| w.rule_input(1, json!({ "Actions": one_group_only(w) }))),
    ("CreateRule", "TooManyTags", |w| w.rule_input(1, json!({ "Tags": tags(51) }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [path("/a")[0], path("/b")[0]] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [{ "Field": "path-pattern", "Values": ["/1", "/2", "/3", "/4", "/5", "/6"] }] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": path("/*/*/*/*/*/*/*") }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": path("/a b") }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [{ "Field": "host-header", "Values": ["localhost"] }] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [{ "Field": "source-ip", "SourceIpConfig": { "Values": ["10.0.0.1"] } }] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [{ "Field": "http-header", "HttpHeaderConfig": { "HttpHeaderName": "Host", "Values": ["a"] } }] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(1, json!({ "Conditions": [{ "Field": "http-request-method", "HttpRequestMethodConfig": { "Values": ["get"] } }] }))),
    ("CreateRule", "ValidationError", |w| w.rule_input(50_001, json!({}))),
    ("DescribeRules", "ListenerNotFound", |_| json!({ "ListenerArn": gone("listener/app/x/y") })),
    ("DescribeRules", "RuleNotFound", |_| json!({ "RuleArns": [gone("listener-rule/app/x/y/z")] })),
    ("ModifyRule", "TargetGroupAssociationLimit", |w| modify_rule(w, json!({ "Actions": taken(w) }))),
    ("ModifyRule", "IncompatibleProtocols", |w| modify_rule(w, json!({ "Actions": forward(&w.tcp) }))),
    ("ModifyRule", "RuleNotFound", |_| json!({ "RuleArn": gone("listener-rule/app/x/y/z") })),
    ("ModifyRule", "OperationNotPermitted", |w| json!({ "RuleArn": w.default_rule(), "Actions": forward(&w.spare) })),
    ("ModifyRule", "TooManyRegistrationsForTargetId", |w| modify_rule(w, json!({ "Actions": too_many_registrations(w) }))),
    ("ModifyRule", "TooManyTargets", |w| modify_rule(w, json!({ "Actions": too_many_targets(w) }))),
    ("ModifyRule", "TargetGroupNotFound", |w| modify_rule(w, json!({ "Actions": missing_group() }))),
    ("ModifyRule", "TooManyActions", |w| modify_rule(w, json!({ "Actions": six_actions(w) }))),
    ("ModifyRule", "InvalidLoadBalancerAction", |w| modify_rule(w, json!({ "Actions": redirect_loop() }))),
    ("ModifyRule", "TooManyUniqueTargetGroupsPerLoadBalancer", |w| modify_rule(w, json!({ "Actions": one_group_only(w) }))),
    ("DeleteRule", "RuleNotFound", |_| json!({ "RuleArn": gone("listener-rule/app/x/y/z") })),
    ("DeleteRule", "OperationNotPermitted", |w| json!({ "RuleArn": w.default_rule() })),
    ("SetRulePriorities", "RuleNotFound", |_| priorities(&gone("listener-rule/app/x/y/z"), 1)),
    ("SetRulePriorities", "PriorityInUse", |w| {
        w.rule(1, json!({}));
        priorities(&w.rule(2, json!({})), 1)
    }),
    ("SetRulePriorities", "OperationNotPermitted", |w| priorities(&w.default_rule(), 1)),

    ("CreateTargetGroup", "DuplicateTargetGroupName", |w| new_group(w, json!({ "Name": "group", "Port": 81 }))),
    ("CreateTargetGroup", "TooManyTargetGroups", |w| {
        w.change(|account| account.settings.quotas.target_groups = 3);
        new_group(w, json!({}))
    }),
    ("CreateTargetGroup", "InvalidConfigurationRequest", |w| new_group(w, json!({ "HealthCheckProtocol": "TCP" }))),
    ("CreateTargetGroup", "InvalidConfigurationRequest", |w| new_group(w, json!({ "Protocol": "TCP", "HealthCheckPath": "/" }))),
    ("CreateTargetGroup", "InvalidConfigurationRequest", |w| new_group(w, json!({ "HealthCheckEnabled": false }))),
    ("CreateTargetGroup", "TooManyTags", |w| new_group(w, json!({ "Tags": tags(51) }))),
    ("CreateTargetGroup", "ValidationError", |w| new_group(w, json!({ "VpcId": "vpc-0" }))),
    ("CreateTargetGroup", "ValidationError", |w| new_group(w, json!({ "HealthCheckIntervalSeconds": 5 }))),
    ("CreateTargetGroup", "ValidationError", |w| new_group(w, json!({ "HealthCheckPath": "ping" }))),
    ("CreateTargetGroup", "ValidationError", |w| new_group(w, json!({ "Matcher": { "HttpCode": "200-500" } }))),
    ("DescribeTargetGroups", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB) })),
    ("DescribeTargetGroups", "TargetGroupNotFound", |_| json!({ "TargetGroupArns": [gone("targetgroup/x")] })),
    ("DescribeTargetGroups", "TargetGroupNotFound", |_| json!({ "Names": ["none"] })),
    ("ModifyTargetGroup", "TargetGroupNotFound", |_| json!({ "TargetGroupArn": gone("targetgroup/x") })),
    ("ModifyTargetGroup", "InvalidConfigurationRequest", |w| json!({ "TargetGroupArn": w.tcp, "Matcher": { "HttpCode": "200" } })),
    ("DeleteTargetGroup", "ResourceInUse", |w| json!({ "TargetGroupArn": w.group })),
    ("DescribeTargetGroupAttributes", "TargetGroupNotFound", |_| json!({ "TargetGroupArn": gone("targetgroup/x") })),
    ("ModifyTargetGroupAttributes", "TargetGroupNotFound", |_| attribute("TargetGroupArn", &gone("targetgroup/x"))),
    ("ModifyTargetGroupAttributes", "InvalidConfigurationRequest", |w| attribute("TargetGroupArn", &w.group)),
    ("ModifyTargetGroupAttributes", "InvalidConfigurationRequest", |w| json!({ "TargetGroupArn": w.group, "Attributes": [{ "Key": "proxy_protocol_v2.enabled", "Value": "true" }] })),
    ("RegisterTargets", "TargetGroupNotFound", |_| json!({ "TargetGroupArn": gone("targetgroup/x"), "Targets": [{ "Id": "10.0.0.5" }] })),
    ("RegisterTargets", "TooManyTargets", |w| {
        w.change(|account| account.settings.quotas.targets_per_target_group = 0);
        targets(w, "10.0.0.5")
    }),
    ("RegisterTargets", "TooManyTargets", |w| {
        w.change(|account| account.settings.quotas.targets_per_load_balancer = 0);
        targets(w, "10.0.0.5")
    }),
    ("RegisterTargets", "InvalidTarget", |w| targets(w, &w.instance)),
    ("RegisterTargets", "InvalidTarget", |w| targets(w, "8.8.8.8")),
    ("RegisterTargets", "InvalidTarget", |w| targets(w, "192.168.0.1")),
    ("RegisterTargets", "InvalidTarget", |w| json!({ "TargetGroupArn": w.target_group("i", json!({ "TargetType": "instance" })), "Targets": [{ "Id": "i-0" }] })),
    ("RegisterTargets", "InvalidTarget", |w| json!({ "TargetGroupArn": w.target_group("a", json!({ "TargetType": "alb", "Protocol": "TCP" })), "Targets": [{ "Id": w.nlb }] })),
    ("RegisterTargets", "TooManyRegistrationsForTargetId", |w| {
        w.change(|account| account.settings.quotas.registrations_per_target = 0);
        targets(w, "10.0.0.5")
    }),
    ("DeregisterTargets", "TargetGroupNotFound", |_| json!({ "TargetGroupArn": gone("targetgroup/x"), "Targets": [{ "Id": "10.0.0.5" }] })),
    ("DeregisterTargets", "InvalidTarget", |w| targets(w, "i-0")),
    ("DescribeTargetHealth", "InvalidTarget", |w| targets(w, "i-0")),
    ("DescribeTargetHealth", "TargetGroupNotFound", |_| json!({ "TargetGroupArn": gone("targetgroup/x") })),

    ("AddTags", "DuplicateTagKeys", |w| json!({ "ResourceArns": [w.alb], "Tags": twice() })),
    ("AddTags", "TooManyTags", |w| json!({ "ResourceArns": [w.alb], "Tags": tags(51) })),
    ("AddTags", "LoadBalancerNotFound", |_| json!({ "ResourceArns": [gone(LB)], "Tags": tags(1) })),
    ("AddTags", "TargetGroupNotFound", |_| json!({ "ResourceArns": [gone("targetgroup/x")], "Tags": tags(1) })),
    ("AddTags", "ListenerNotFound", |_| json!({ "ResourceArns": [gone("listener/app/x/y")], "Tags": tags(1) })),
    ("AddTags", "RuleNotFound", |_| json!({ "ResourceArns": [gone("listener-rule/app/x/y/z")], "Tags": tags(1) })),
    ("AddTags", "TrustStoreNotFound", |_| json!({ "ResourceArns": [gone("truststore/x")], "Tags": tags(1) })),
    ("RemoveTags", "LoadBalancerNotFound", |_| json!({ "ResourceArns": [gone(LB)], "TagKeys": ["k"] })),
    ("RemoveTags", "TargetGroupNotFound", |_| json!({ "ResourceArns": [gone("targetgroup/x")], "TagKeys": ["k"] })),
    ("RemoveTags", "ListenerNotFound", |_| json!({ "ResourceArns": [gone("listener/app/x/y")], "TagKeys": ["k"] })),
    ("RemoveTags", "RuleNotFound", |_| json!({ "ResourceArns": [gone("listener-rule/app/x/y/z")], "TagKeys": ["k"] })),
    ("RemoveTags", "TrustStoreNotFound", |_| json!({ "ResourceArns": [gone("truststore/x")], "TagKeys": ["k"] })),
    ("DescribeTags", "LoadBalancerNotFound", |_| json!({ "ResourceArns": [gone(LB)] })),
    ("DescribeTags", "TargetGroupNotFound", |_| json!({ "ResourceArns": [gone("targetgroup/x")] })),
    ("DescribeTags", "ListenerNotFound", |_| json!({ "ResourceArns": [gone("listener/app/x/y")] })),
    ("DescribeTags", "RuleNotFound", |_| json!({ "ResourceArns": [gone("listener-rule/app/x/y/z")] })),
    ("DescribeTags", "TrustStoreNotFound", |_| json!({ "ResourceArns": [gone("truststore/x")] })),
    ("DescribeSSLPolicies", "SSLPolicyNotFound", |_| json!({ "Names": ["none"] })),
    ("DescribeTrustStores", "TrustStoreNotFound", |_| json!({ "Names": ["none"] })),
    ("DescribeTrustStores", "TrustStoreNotFound", |_| json!({ "TrustStoreArns": [gone("truststore/x")] })),
    ("DescribeCapacityReservation", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB) })),
    ("ModifyCapacityReservation", "LoadBalancerNotFound", |w| with(reservation(w, 1), json!({ "LoadBalancerArn": gone(LB) }))),
    ("ModifyCapacityReservation", "InvalidConfigurationRequest", |w| with(reservation(w, 1), json!({ "ResetCapacityReservation": true }))),
    ("ModifyCapacityReservation", "CapacityReservationPending", |w| {
        pending(w);
        reservation(w, 200)
    }),
    ("ModifyCapacityReservation", "CapacityDecreaseRequestLimitExceeded", |w| {
        for units in [300, 200, 100] {
            w.ok("ModifyCapacityReservation", reservation(w, units));
        }
        reservation(w, 50)
    }),
    ("ModifyIpPools", "LoadBalancerNotFound", |_| json!({ "LoadBalancerArn": gone(LB) })),
];

/// Each refusal has its code and leaves everything as it was.
#[test]
fn refusals_have_aws_codes_and_change_nothing() {
    let mut wrong = Vec::new();
    for (operation, code, input) in CASES {
        let world = World::with(Settings { assume_healthy: false, ..Settings::default() });
        let input = input(&world);
        let before = super::snapshots::of(&world);
        let found = world.code(operation, &input);
        if found != *code {
            wrong.push(format!("{operation}: {code} expected, {found}"));
        } else if before != super::snapshots::of(&world) {
            wrong.push(format!("{operation}: {code} changed something"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
