//! A small account with its data plane, and a client that speaks plain HTTP to a socket.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use inroad_emulator::dns::Addresses;
use inroad_emulator::elbv2::{Health, State};
use inroad_emulator::{Emulator, Settings};
use inroad_traffic::echo::{self, Identity};
use inroad_traffic::{Config, Endpoint, Routes, Traffic};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// An account in which everything is served on this machine; it stops when it is dropped.
pub(crate) struct Lab {
    pub(crate) emulator: Emulator,
    pub(crate) routes: Routes,
    pub(crate) addresses: Addresses,
    pub(crate) traffic: Traffic,
    pub(crate) stop: CancellationToken,
    arns: Mutex<BTreeMap<String, String>>,
    vpc: String,
    subnets: [String; 2],
    /// A backend that is always well.
    survivor: SocketAddr,
    pods: AtomicU32,
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// Everything on 127.0.0.1, probes without patience.
pub(crate) fn quick() -> Config {
    Config {
        own_addresses: false,
        health_interval: Some(Duration::from_millis(50)),
        health_hurry: Duration::from_millis(10),
        ..Config::default()
    }
}

impl Lab {
    pub(crate) async fn start(config: Config) -> Self {
        let settings = Settings { assume_healthy: false, ..Settings::default() };
        let emulator = Emulator::new(settings);
        let (vpc, subnets) = network(&emulator);
        let (routes, addresses) = (Routes::new(), Addresses::new());
        let stop = CancellationToken::new();
        let (account, table) = (emulator.clone(), addresses.clone());
        let traffic = Traffic::start(account, table, routes.clone(), config, stop.clone());
        Self {
            emulator,
            routes,
            addresses,
            traffic,
            stop,
            arns: Mutex::default(),
            vpc,
            subnets,
            survivor: echo_backend("survivor", "survivor").await,
            pods: AtomicU32::new(1),
        }
    }

    /// An ELBv2 operation. Where the input names load balancers, listeners and target groups of this
    /// lab in the place of ARNs, their ARNs are put in.
    pub(crate) fn elb(&self, operation: &str, mut input: Value) -> Value {
        self.put_arns(&mut input);
        let answer = self.emulator.call("elasticloadbalancing", operation, &input);
        answer.unwrap_or_else(|fault| panic!("{operation} {input}: {fault:?}"))
    }

    fn put_arns(&self, input: &mut Value) {
        match input {
            Value::String(text) => {
                if let Some(arn) = self.arns.lock().expect("no test panics here").get(text) {
                    text.clone_from(arn);
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|item| self.put_arns(item)),
            Value::Object(members) => {
                let arns = members.iter_mut().filter(|(name, _)| !name.ends_with("Name"));
                arns.for_each(|(_, item)| self.put_arns(item));
            }
            _ => {}
        }
    }

    /// Names what an operation has made.
    fn made(&self, name: &str, answer: &Value, pointer: &str) {
        let arn = answer.pointer(pointer).and_then(Value::as_str);
        let arn = arn.unwrap_or_else(|| panic!("{pointer} in {answer}")).to_owned();
        self.arns.lock().expect("no test panics here").insert(name.to_owned(), arn);
    }

    /// A load balancer, `application` or `network`, known as `lb/NAME`.
    pub(crate) fn balancer(&self, name: &str, kind: &str) {
        let input =
            json!({"Name": name, "Type": kind, "Scheme": "internal", "Subnets": self.subnets});
        let answer = self.elb("CreateLoadBalancer", input);
        self.made(&format!("lb/{name}"), &answer, "/LoadBalancers/0/LoadBalancerArn");
    }

    /// A listener, known as `balancer/port`.
    pub(crate) fn listener(&self, balancer: &str, port: u16, protocol: &str, actions: Value) {
        self.secure_listener(balancer, (port, protocol), actions, &[]);
    }

    /// A listener with certificates by ARN, the default one first.
    pub(crate) fn secure_listener(
        &self,
        balancer: &str,
        (port, protocol): (u16, &str),
        actions: Value,
        certificates: &[String],
    ) {
        let mut input = json!({"LoadBalancerArn": format!("lb/{balancer}"), "Port": port,
            "Protocol": protocol, "DefaultActions": actions});
        let mut certificates = certificates.iter().map(|arn| json!([{"CertificateArn": arn}]));
        if let Some(default) = certificates.next() {
            input["Certificates"] = default;
        }
        let name = format!("{balancer}/{port}");
        self.made(&name, &self.elb("CreateListener", input), "/Listeners/0/ListenerArn");
        for further in certificates {
            let input = json!({"ListenerArn": name, "Certificates": further});
            self.elb("AddListenerCertificates", input);
        }
    }

    /// A rule, known as `listener#priority`: `Conditions`, `Actions` and `Transforms` as the API has them.
    pub(crate) fn rule(&self, listener: &str, priority: u32, mut rule: Value) {
        rule["ListenerArn"] = listener.into();
        rule["Priority"] = priority.into();
        let name = format!("{listener}#{priority}");
        self.made(&name, &self.elb("CreateRule", rule), "/Rules/0/RuleArn");
    }

    /// A target group for IP addresses with quick health checks, known by its name; `set` adds to it.
    pub(crate) fn group(&self, name: &str, set: Value) {
        let mut input = json!({"Name": name, "Protocol": "HTTP", "Port": 8080, "TargetType": "ip",
            "VpcId": self.vpc, "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2});
        for (key, value) in set.as_object().into_iter().flatten() {
            input[key] = value.clone();
        }
        let answer = self.elb("CreateTargetGroup", input);
        self.made(name, &answer, "/TargetGroups/0/TargetGroupArn");
    }

    /// A target group whose health checks ask another port, at which all is well.
    pub(crate) fn group_of_survivors(&self, name: &str) {
        self.group(name, json!({"HealthCheckPort": "9090"}));
    }

    pub(crate) fn group_attributes(&self, group: &str, pairs: &[(&str, &str)]) {
        let input = json!({"TargetGroupArn": group, "Attributes": attributes(pairs)});
        self.elb("ModifyTargetGroupAttributes", input);
    }

    pub(crate) fn balancer_attributes(&self, balancer: &str, pairs: &[(&str, &str)]) {
        let arn = format!("lb/{balancer}");
        let input = json!({"LoadBalancerArn": arn, "Attributes": attributes(pairs)});
        self.elb("ModifyLoadBalancerAttributes", input);
    }

    /// Registers a target at `10.0.0.N:8080` that leads to `socket`; its address.
    pub(crate) fn register(&self, group: &str, socket: SocketAddr) -> String {
        let number = self.pods.fetch_add(1, Ordering::Relaxed);
        let id = Ipv4Addr::from(0x0A00_0010 + number).to_string();
        self.routes.set(id.clone(), 8080, vec![socket]);
        self.routes.set(id.clone(), 9090, vec![self.survivor]);
        self.elb("RegisterTargets", json!({"TargetGroupArn": group, "Targets": [{"Id": id}]}));
        id
    }

    pub(crate) fn deregister(&self, group: &str, id: &str) {
        self.elb("DeregisterTargets", json!({"TargetGroupArn": group, "Targets": [{"Id": id}]}));
    }

    /// Registers an echo backend that calls itself `pod`; the address of the target.
    pub(crate) async fn pod(&self, group: &str, pod: &str) -> String {
        let address = self.register(group, echo_backend(group, pod).await);
        let mut arns = self.arns.lock().expect("no test panics here");
        arns.insert(format!("pod/{pod}"), address.clone());
        address
    }

    /// The target behind which a pod is.
    pub(crate) fn address_of(&self, pod: &str) -> String {
        self.arns.lock().expect("no test panics here")[&format!("pod/{pod}")].clone()
    }

    /// Returns when everything so far is served and probed.
    pub(crate) async fn ready(&self) {
        let settled = async { self.traffic.settled().await && self.traffic.health_settled().await };
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        assert!(settled.expect("the data plane settles"), "the data plane still runs");
    }

    /// The targets' states, in the order of registration.
    pub(crate) fn states(&self, group: &str) -> Vec<State> {
        self.health(group).into_iter().map(|health| health.state).collect()
    }

    /// The same with reasons.
    pub(crate) fn health(&self, group: &str) -> Vec<Health> {
        let answer = self.elb("DescribeTargetHealth", json!({"TargetGroupArn": group}));
        let all = answer["TargetHealthDescriptions"].as_array().cloned().unwrap_or_default();
        let health = |one: &Value| serde_json::from_value(one["TargetHealth"].clone());
        all.iter().map(|one| health(one).expect("a TargetHealth")).collect()
    }

    /// Returns when the account has come to a state.
    pub(crate) async fn until(&self, wanted: impl Fn(&Self) -> bool) {
        let mut changes = self.emulator.subscribe();
        while !wanted(self) {
            let change = tokio::time::timeout(Duration::from_secs(10), changes.changed()).await;
            change.expect("it comes to that").expect("the account is there");
        }
    }

    pub(crate) fn endpoint(&self, balancer: &str) -> Endpoint {
        let endpoints = self.traffic.endpoints();
        let found = endpoints.into_iter().find(|endpoint| endpoint.name == balancer);
        found.unwrap_or_else(|| panic!("{balancer} has an endpoint"))
    }

    /// Where a listener really is.
    pub(crate) fn socket(&self, balancer: &str, port: u16) -> SocketAddr {
        let endpoint = self.endpoint(balancer);
        let listener = endpoint.listeners.iter().find(|listener| listener.port == port);
        let listener = listener.unwrap_or_else(|| panic!("{balancer} listens at {port}"));
        assert_eq!(listener.error, None);
        listener.listen
    }
}

/// A VPC with subnets in two zones.
fn network(emulator: &Emulator) -> (String, [String; 2]) {
    let made = |operation: &str, input: Value, pointer: &str| {
        let answer = emulator.call("ec2", operation, &input).expect("the input is right");
        let id = answer.pointer(pointer).and_then(Value::as_str);
        id.unwrap_or_else(|| panic!("{pointer} in {answer}")).to_owned()
    };
    let vpc = made("CreateVpc", json!({"CidrBlock": "10.0.0.0/16"}), "/Vpc/VpcId");
    let subnets = [("10.0.0.0/24", "us-west-2a"), ("10.0.1.0/24", "us-west-2b")];
    let subnets = subnets.map(|(cidr, zone)| {
        let input = json!({"VpcId": vpc, "CidrBlock": cidr, "AvailabilityZone": zone});
        made("CreateSubnet", input, "/Subnet/SubnetId")
    });
    (vpc, subnets)
}

fn attributes(pairs: &[(&str, &str)]) -> Vec<Value> {
    pairs.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

pub(crate) async fn echo_backend(service: &str, pod: &str) -> SocketAddr {
    let (listener, socket) = free_socket().await;
    let (namespace, service, pod) = ("shop".into(), service.into(), pod.into());
    tokio::spawn(echo::serve(Identity { namespace, service, pod, port: 8080 }, listener));
    socket
}

pub(crate) async fn free_socket() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let socket = listener.local_addr().expect("a bound socket has an address");
    (listener, socket)
}

/// A forward to one target group.
pub(crate) fn forward(group: &str) -> Value {
    weighted(&[(group, 1)])
}

/// A forward by weights.
pub(crate) fn weighted(groups: &[(&str, u32)]) -> Value {
    let arms = groups.iter().map(|(arn, weight)| json!({"TargetGroupArn": arn, "Weight": weight}));
    json!([{"Type": "forward", "ForwardConfig": {"TargetGroups": arms.collect::<Vec<_>>()}}])
}

pub(crate) fn fixed(status: &str, body: &str) -> Value {
    json!([{"Type": "fixed-response",
        "FixedResponseConfig": {"StatusCode": status, "MessageBody": body}}])
}

pub(crate) fn paths(values: &[&str]) -> Value {
    json!({"Field": "path-pattern", "PathPatternConfig": {"Values": values}})
}

pub(crate) fn hosts(values: &[&str]) -> Value {
    json!({"Field": "host-header", "HostHeaderConfig": {"Values": values}})
}
