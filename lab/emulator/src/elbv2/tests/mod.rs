//! What a caller of load balancing sees, checked against the API's model on the way in and out.

mod answers;
mod coverage;
mod errors;
mod health;
mod snapshots;

use serde_json::{Value, json};

use crate::{Account, Emulator, Fault, Settings, acm, wire};

/// An account with an ALB, an NLB and what they need. `ip` groups, so that addresses are targets.
pub(super) struct World {
    pub(super) emulator: Emulator,
    pub(super) vpc: String,
    /// In the zones a, b and c; the last one, in zone d, has too few free addresses.
    pub(super) subnets: Vec<String>,
    pub(super) security_group: String,
    pub(super) instance: String,
    pub(super) certificate: String,
    pub(super) alb: String,
    pub(super) nlb: String,
    /// HTTP, used by the ALB's listeners.
    pub(super) group: String,
    /// HTTP, used by nobody.
    pub(super) spare: String,
    /// TCP, used by the NLB.
    pub(super) tcp: String,
    pub(super) http: String,
    pub(super) https: String,
    pub(super) tcp_listener: String,
}

fn text(tree: &Value) -> String {
    tree.as_str().unwrap_or_else(|| panic!("{tree} is no text")).to_owned()
}

pub(super) fn forward(group: &str) -> Value {
    json!([{ "Type": "forward", "TargetGroupArn": group }])
}

pub(super) fn path(pattern: &str) -> Value {
    json!([{ "Field": "path-pattern", "Values": [pattern] }])
}

/// A well-formed ARN of something that is not there.
pub(super) fn gone(resource: &str) -> String {
    format!("arn:aws:elasticloadbalancing:us-west-2:000000000000:{resource}/0123456789abcdef")
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(Settings::default())
    }

    pub(super) fn with(settings: Settings) -> Self {
        let mut world = Self::bare(settings);
        world.ec2();
        let certificate = acm::issue(&mut world.emulator.account(), "*.example.com", &[]);
        world.certificate = certificate.expect("a plain name");
        world.balancers();
        world
    }

    fn bare(settings: Settings) -> Self {
        let none = String::new;
        Self {
            emulator: Emulator::new(settings),
            vpc: none(),
            subnets: Vec::new(),
            security_group: none(),
            instance: none(),
            certificate: none(),
            alb: none(),
            nlb: none(),
            group: none(),
            spare: none(),
            tcp: none(),
            http: none(),
            https: none(),
            tcp_listener: none(),
        }
    }

    fn ec2(&mut self) {
        let ec2 = |operation: &str, input: Value| {
            wire::checked(&self.emulator, ("ec2", operation), &input).expect(operation)
        };
        let vpc = text(&ec2("CreateVpc", json!({ "CidrBlock": "10.0.0.0/16" }))["Vpc"]["VpcId"]);
        let blocks = ["10.0.0.0/24", "10.0.1.0/24", "10.0.2.0/24", "10.0.3.0/28"];
        let subnets = blocks.iter().zip(["a", "b", "c", "d"]).map(|(block, zone)| {
            let zone = format!("us-west-2{zone}");
            let input = json!({ "VpcId": vpc, "CidrBlock": block, "AvailabilityZone": zone });
            text(&ec2("CreateSubnet", input)["Subnet"]["SubnetId"])
        });
        self.subnets = subnets.collect();
        for _ in 0..5 {
            ec2("CreateNetworkInterface", json!({ "SubnetId": self.subnets[3] }));
        }
        let input = json!({ "GroupName": "lb", "Description": "d", "VpcId": vpc });
        self.security_group = text(&ec2("CreateSecurityGroup", input)["GroupId"]);
        let input = json!({ "ImageId": "ami-0", "MinCount": 1, "MaxCount": 1,
                            "SubnetId": self.subnets[0] });
        self.instance = text(&ec2("RunInstances", input)["Instances"][0]["InstanceId"]);
        self.vpc = vpc;
    }

    fn balancers(&mut self) {
        self.alb = self.balancer("alb", json!({}));
        self.nlb = self.balancer("nlb", json!({ "Type": "network" }));
        self.group = self.target_group("group", json!({}));
        self.spare = self.target_group("spare", json!({}));
        self.tcp = self.target_group("tcp", json!({ "Protocol": "TCP" }));
        self.http = self.listener(&self.alb, 80, "HTTP", forward(&self.group));
        self.https = self.listener(&self.alb, 443, "HTTPS", forward(&self.group));
        self.tcp_listener = self.listener(&self.nlb, 80, "TCP", forward(&self.tcp));
    }

    pub(super) fn balancer(&self, name: &str, more: Value) -> String {
        let input = with(json!({ "Name": name, "Subnets": self.subnets[..2] }), more);
        let made = self.ok("CreateLoadBalancer", input);
        text(&made["LoadBalancers"][0]["LoadBalancerArn"])
    }

    pub(super) fn target_group(&self, name: &str, more: Value) -> String {
        let input = json!({ "Name": name, "Protocol": "HTTP", "Port": 8080, "VpcId": self.vpc,
                            "TargetType": "ip" });
        text(&self.ok("CreateTargetGroup", with(input, more))["TargetGroups"][0]["TargetGroupArn"])
    }

    pub(super) fn listener_input(
        &self,
        balancer: &str,
        port: u16,
        protocol: &str,
        actions: Value,
    ) -> Value {
        let input = json!({ "LoadBalancerArn": balancer, "Port": port, "Protocol": protocol,
                            "DefaultActions": actions });
        let certificates = json!([{ "CertificateArn": self.certificate }]);
        let secure = ["HTTPS", "TLS"].contains(&protocol);
        with(input, if secure { json!({ "Certificates": certificates }) } else { json!({}) })
    }

    fn listener(&self, balancer: &str, port: u16, protocol: &str, actions: Value) -> String {
        let input = self.listener_input(balancer, port, protocol, actions);
        text(&self.ok("CreateListener", input)["Listeners"][0]["ListenerArn"])
    }

    pub(super) fn rule_input(&self, priority: u32, more: Value) -> Value {
        let input = json!({ "ListenerArn": self.http, "Priority": priority,
                            "Conditions": path("/a"), "Actions": forward(&self.group) });
        with(input, more)
    }

    pub(super) fn rule(&self, priority: u32, more: Value) -> String {
        let made = self.ok("CreateRule", self.rule_input(priority, more));
        text(&made["Rules"][0]["RuleArn"])
    }

    pub(super) fn default_rule(&self) -> String {
        let rules = self.ok("DescribeRules", json!({ "ListenerArn": self.http }));
        let rules = rules["Rules"].as_array().cloned().unwrap_or_default();
        text(&rules.last().expect("the default rule")["RuleArn"])
    }

    pub(super) fn register(&self, group: &str, ids: &[&str]) {
        let targets: Vec<Value> = ids.iter().map(|id| json!({ "Id": id })).collect();
        self.ok("RegisterTargets", json!({ "TargetGroupArn": group, "Targets": targets }));
    }

    pub(super) fn call(&self, operation: &str, input: &Value) -> Result<Value, Fault> {
        wire::checked(&self.emulator, ("elasticloadbalancing", operation), input)
    }

    pub(super) fn ok(&self, operation: &str, input: Value) -> Value {
        let answer = self.call(operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    /// `CODE`, or what came instead of a refusal.
    pub(super) fn code(&self, operation: &str, input: &Value) -> String {
        match self.call(operation, input) {
            Ok(answer) => format!("ok: {answer}"),
            Err(fault) => fault.code,
        }
    }

    pub(super) fn change(&self, change: impl FnOnce(&mut Account)) {
        change(&mut self.emulator.account());
    }
}

/// The members of both, the second's first.
pub(super) fn with(mut input: Value, more: Value) -> Value {
    for (member, value) in more.as_object().into_iter().flatten() {
        input[member] = value.clone();
    }
    input
}
