//! An account with a VPC, and a stack's resources to put into it.

use std::collections::{BTreeMap, BTreeSet};

use aws_credential_types::Credentials;
use inroad_aws::{Aws, Connect, Error, Ownership, apply, observe};
use inroad_emulator::{Emulator, Settings};
use inroad_plan::{Op, OpOutputs};
use inroad_words::balancer::{
    Action, Condition, FixedResponse, IpAddressType, Listener, ListenerProtocol, LoadBalancer,
    Patterns, Rule, Scheme, Weighted,
};
use inroad_words::network::{IngressRule, Peer, SecurityGroup};
use inroad_words::observed::Observed;
use inroad_words::targets::{
    BackendProtocol, HealthCheck, Matcher, ProtocolVersion, TargetFamily, TargetGroup, TargetType,
};
use inroad_words::{
    Arn, Field, Pick, ResourceKey, ResourceKind, StackKey, Tags, TargetKey, Unit, Value,
};
use serde_json::json;

pub(crate) const GROUP_ID: &str = "shop/web-cart:80";

pub(crate) struct World {
    pub(crate) emulator: Emulator,
    pub(crate) aws: Aws,
    pub(crate) own: Ownership,
    pub(crate) subnets: Vec<String>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let emulator = Emulator::new(Settings::default());
        let aws = connect(&emulator).await;
        let mut world = Self { emulator, aws, own: Ownership::default(), subnets: Vec::new() };
        let vpc = world.ask("ec2", "CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}));
        let vpc = text(&vpc["Vpc"]["VpcId"]);
        for (zone, block) in [("a", "10.0.0.0/24"), ("b", "10.0.1.0/24"), ("c", "10.0.2.0/24")] {
            let input = json!({"VpcId": vpc, "CidrBlock": block,
                               "AvailabilityZone": format!("us-west-2{zone}")});
            let subnet = world.ask("ec2", "CreateSubnet", input);
            world.subnets.push(text(&subnet["Subnet"]["SubnetId"]));
        }
        world.own = Ownership { cluster: "c".into(), vpc, ..Ownership::default() };
        world
    }

    /// An operation of the account itself, past the edge.
    pub(crate) fn ask(
        &self,
        service: &str,
        operation: &str,
        input: serde_json::Value,
    ) -> serde_json::Value {
        let answer = self.emulator.call(service, operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    pub(crate) async fn op(&self, op: Op) -> OpOutputs {
        self.try_op(&op).await.unwrap_or_else(|error| panic!("{op:?}: {error}"))
    }

    pub(crate) async fn try_op(&self, op: &Op) -> Result<OpOutputs, Error> {
        apply(&self.aws, op).await
    }

    pub(crate) async fn seen(&self, unit: &Unit) -> Observed {
        observe(&self.aws, unit, &self.own).await.expect("the account answers")
    }

    pub(crate) fn tags(&self, resource: &str) -> Tags {
        [
            ("elbv2.k8s.aws/cluster", self.own.cluster.as_str()),
            ("ingress.k8s.aws/stack", "shop"),
            ("ingress.k8s.aws/resource", resource),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .into()
    }

    pub(crate) fn group(&self) -> SecurityGroup {
        SecurityGroup {
            name: "k8s-shop".into(),
            description: "[k8s] Managed SecurityGroup for LoadBalancer".into(),
            vpc: self.own.vpc.clone(),
            ingress: BTreeSet::new(),
            tags: self.tags("ManagedLBSecurityGroup"),
        }
    }

    pub(crate) fn target_group(&self) -> TargetGroup {
        TargetGroup {
            name: "k8s-shop-cart".into(),
            vpc: self.own.vpc.clone(),
            target_type: TargetType::Ip,
            ip_address_type: TargetFamily::Ipv4,
            port: 80,
            protocol: BackendProtocol::Http,
            protocol_version: Some(ProtocolVersion::Http1),
            control_port: None,
            health_check: HealthCheck {
                port: "traffic-port".into(),
                protocol: BackendProtocol::Http,
                path: Some("/".into()),
                matcher: Some(Matcher::Http("200".into())),
                interval_seconds: 15,
                timeout_seconds: 5,
                healthy_threshold: 2,
                unhealthy_threshold: 2,
            },
            attributes: BTreeMap::new(),
            tags: self.tags(GROUP_ID),
        }
    }

    pub(crate) fn balancer(&self, group: &str) -> LoadBalancer {
        LoadBalancer {
            kind: Default::default(),
            name: "k8s-shop".into(),
            scheme: Scheme::Internal,
            ip_address_type: IpAddressType::Ipv4,
            subnets: Pick { keep: true, prefer: self.subnets[..2].iter().cloned().collect() },
            security_groups: vec![Value::Known(group.to_owned())],
            attributes: BTreeMap::new(),
            customer_owned_pool: None,
            web_acl: None,
            tags: self.tags("LoadBalancer"),
        }
    }

    /// A trust store of this name; its ARN.
    pub(crate) fn trust_store(&self, name: &str) -> Arn {
        let arn = format!("arn:aws:elasticloadbalancing:us-west-2:0:truststore/{name}/1");
        let store = json!({ "Name": name, "TrustStoreArn": arn, "Status": "ACTIVE" });
        let store = serde_json::from_value(store).expect("the API's members");
        self.emulator.account().elbv2.trust_stores.insert(arn.clone(), store);
        Arn(arn)
    }

    pub(crate) fn listener(&self, balancer: &Arn, port: u16) -> Listener {
        Listener {
            load_balancer: Value::Known(balancer.clone()),
            port,
            protocol: ListenerProtocol::Http,
            default_actions: vec![not_found()],
            certificates: Vec::new(),
            ssl_policy: None,
            mutual: None,
            attributes: BTreeMap::new(),
            tags: self.tags(&port.to_string()),
        }
    }

    pub(crate) fn rule(&self, listener: &Arn, priority: u32, group: &Arn) -> Rule {
        let patterns = |value: &str| Patterns::values([value.to_owned()]);
        Rule {
            listener: Value::Known(listener.clone()),
            priority,
            conditions: vec![
                Condition::HostHeader(patterns("a.example.com")),
                Condition::PathPattern(patterns(&format!("/{priority}"))),
            ],
            actions: vec![forward(group)],
            transforms: Vec::new(),
            tags: self.tags(&format!("80:{priority}")),
        }
    }

    /// A certificate of the account that is ready to use.
    pub(crate) fn certificate(&self, name: &str, key: &str) -> Arn {
        let input = json!({"DomainName": name, "KeyAlgorithm": key, "ValidationMethod": "DNS"});
        let arn = text(&self.ask("acm", "RequestCertificate", input)["CertificateArn"]);
        let mut account = self.emulator.account();
        let certificate = account.acm.certificates.get_mut(&arn).expect("it was just made");
        certificate.status = "ISSUED".into();
        Arn(arn)
    }

    /// A load balancer with a listener, and a target group; their ARNs in this order.
    pub(crate) async fn small_stack(&self) -> (Arn, Arn, Arn) {
        let spec = self.group();
        let made = self.op(Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec });
        let spec = self.balancer(&made.await[&Field::GroupId]);
        let made = self.op(Op::CreateLoadBalancer { key: key(ResourceKind::LoadBalancer), spec });
        let balancer = Arn(made.await[&Field::Arn].clone());
        let spec = self.listener(&balancer, 80);
        let made = self.op(Op::CreateListener { key: key(ResourceKind::Listener), spec });
        let listener = Arn(made.await[&Field::Arn].clone());
        let spec = self.target_group();
        let made = self.op(Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec });
        let group = Arn(made.await[&Field::Arn].clone());
        (balancer, listener, group)
    }
}

pub(crate) async fn connect(emulator: &Emulator) -> Aws {
    Aws::connect(Connect {
        region: Some("us-west-2".into()),
        http: Some(emulator.connector()),
        credentials: Some(Credentials::new("id", "secret", None, None, "test")),
        ..Connect::default()
    })
    .await
}

pub(crate) fn text(value: &serde_json::Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub(crate) fn stack() -> Unit {
    Unit::Stack(StackKey::Group("shop".into()))
}

pub(crate) fn targets() -> Unit {
    Unit::Targets(TargetKey { stack: StackKey::Group("shop".into()), group: GROUP_ID.into() })
}

/// A step's key is for the plan; the edge does not read it.
pub(crate) fn key(kind: ResourceKind) -> ResourceKey {
    ResourceKey::new(stack(), kind, "")
}

pub(crate) fn forward(group: &Arn) -> Action {
    let group = Value::Known(group.clone());
    Action::Forward { targets: vec![Weighted { group, weight: None }], stickiness: None }
}

pub(crate) fn not_found() -> Action {
    Action::FixedResponse(FixedResponse {
        content_type: Some("text/plain".into()),
        message_body: None,
        status_code: "404".into(),
    })
}

pub(crate) fn tcp(port: i32, peer: Peer, description: &str) -> IngressRule {
    IngressRule {
        protocol: "tcp".into(),
        from_port: Some(port),
        to_port: Some(port),
        peer,
        description: description.into(),
    }
}
