//! What a caller of WAF sees, checked against the API's model on the way in and out.

use serde_json::{Value, json};

use crate::{Emulator, Fault, Settings, seed, wafv2, wire};

/// An account with a load balancer and two web ACLs.
struct World {
    emulator: Emulator,
    balancer: String,
    acls: [String; 2],
}

impl World {
    fn new() -> Self {
        let emulator = Emulator::new(Settings::default());
        let call = |service: &str, operation: &str, input: Value| {
            let answer = emulator.call(service, operation, &input);
            answer.unwrap_or_else(|fault| panic!("{operation}: {fault:?}"))
        };
        let vpc = call("ec2", "CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }));
        let vpc = &vpc["Vpc"]["VpcId"];
        let subnets = [("a", "10.0.1.0/24"), ("b", "10.0.2.0/24")].map(|(zone, block)| {
            let zone = format!("us-west-2{zone}");
            let input = json!({ "VpcId": vpc, "CidrBlock": block, "AvailabilityZone": zone });
            call("ec2", "CreateSubnet", input)["Subnet"]["SubnetId"].clone()
        });
        let input = json!({ "Name": "lb", "Subnets": subnets, "Scheme": "internal" });
        let made = call("elasticloadbalancing", "CreateLoadBalancer", input);
        let balancer = made["LoadBalancers"][0]["LoadBalancerArn"].as_str().expect("an ARN");
        let balancer = balancer.to_owned();
        let acls = ["office", "world"].map(|name| wafv2::add(&mut emulator.account(), name));
        Self { emulator, balancer, acls }
    }

    fn call(&self, operation: &str, input: &Value) -> Result<Value, Fault> {
        wire::checked(&self.emulator, ("wafv2", operation), input)
    }

    fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    fn associated(&self) -> Value {
        let input = json!({ "ResourceArn": self.balancer });
        self.ok("GetWebACLForResource", input)["WebACL"]["Name"].clone()
    }
}

#[test]
fn a_load_balancer_has_one_web_acl_at_most() {
    let world = World::new();
    assert_eq!(world.associated(), Value::Null);
    for (acl, name) in world.acls.iter().zip(["office", "world"]) {
        world.ok("AssociateWebACL", json!({ "WebACLArn": acl, "ResourceArn": world.balancer }));
        assert_eq!(world.associated(), name);
    }
    let resources = world.ok("ListResourcesForWebACL", json!({ "WebACLArn": world.acls[1] }));
    assert_eq!(resources["ResourceArns"], json!([world.balancer]));
    for _ in 0..2 {
        world.ok("DisassociateWebACL", json!({ "ResourceArn": world.balancer }));
        assert_eq!(world.associated(), Value::Null);
    }
}

#[test]
fn what_is_not_there_is_refused() {
    let world = World::new();
    let none = world.acls[0].replace("office", "none");
    let gone = world.balancer.replace("/lb/", "/gone/");
    for (acl, resource, code) in [
        (none.as_str(), world.balancer.as_str(), "WAFNonexistentItemException"),
        (&world.acls[0], &gone, "WAFNonexistentItemException"),
        ("arn:aws:wafv2:no-acl-at-all", &world.balancer, "WAFInvalidParameterException"),
        (&world.acls[0], "arn:aws:apigateway:x::/restapis", "WAFInvalidParameterException"),
    ] {
        let input = json!({ "WebACLArn": acl, "ResourceArn": resource });
        let refused = world.call("AssociateWebACL", &input).expect_err("it is refused");
        assert_eq!(refused.code, code, "{input}");
    }
}

#[test]
fn listings_come_in_pages_and_by_scope() {
    let world = World::new();
    let first = world.ok("ListWebACLs", json!({ "Scope": "REGIONAL", "Limit": 1 }));
    assert_eq!(first["WebACLs"].as_array().map(Vec::len), Some(1));
    let input = json!({ "Scope": "REGIONAL", "Limit": 1, "NextMarker": first["NextMarker"] });
    let second = world.ok("ListWebACLs", input);
    assert_ne!(first["WebACLs"], second["WebACLs"]);
    assert_eq!(second["NextMarker"], Value::Null);
    assert_eq!(world.ok("ListWebACLs", json!({ "Scope": "CLOUDFRONT" }))["WebACLs"], json!([]));
}

#[test]
fn associations_go_with_the_load_balancer_and_survive_a_snapshot() {
    let world = World::new();
    let both = json!({ "WebACLArn": world.acls[0], "ResourceArn": world.balancer });
    world.ok("AssociateWebACL", both);
    let document = seed::snapshot(&world.emulator.account());
    let other = Emulator::new(Settings::default());
    seed::restore(&mut other.account(), &document).expect("our own document");
    assert_eq!(seed::snapshot(&other.account())["WebACLs"], document["WebACLs"]);
    let resource = json!({ "ResourceArn": world.balancer });
    let kept = wire::checked(&other, ("wafv2", "GetWebACLForResource"), &resource);
    assert_eq!(kept.expect("it is there")["WebACL"]["Name"], "office");
    let gone = json!({ "LoadBalancerArn": world.balancer });
    let deleted = world.emulator.call("elasticloadbalancing", "DeleteLoadBalancer", &gone);
    deleted.expect("nothing guards it");
    assert!(world.emulator.account().wafv2.associations.is_empty());
}
