//! A small account with its data plane, and a client that speaks plain HTTP to a socket.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use inroad_emulator::dns::Addresses;
use inroad_emulator::elbv2::{Health, Listener, Rule, State, Target};
use inroad_emulator::{Account, Emulator, Settings};
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
    pub(crate) fn start(config: Config) -> Self {
        let settings = Settings { assume_healthy: false, ..Settings::default() };
        let emulator = Emulator::new(settings);
        let (routes, addresses) = (Routes::new(), Addresses::new());
        let stop = CancellationToken::new();
        let traffic = Traffic::start(
            emulator.clone(),
            addresses.clone(),
            routes.clone(),
            config,
            stop.clone(),
        );
        Self { emulator, routes, addresses, traffic, stop, pods: AtomicU32::new(1) }
    }

    /// Changes the account as an operation would.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Account) -> T) -> T {
        let result = change(&mut self.emulator.account());
        self.emulator.touched();
        result
    }

    /// A load balancer, `application` or `network`; its ARN is its name.
    pub(crate) fn balancer(&self, name: &str, kind: &str) {
        let balancer = json!({
            "LoadBalancerArn": name, "LoadBalancerName": name, "Type": kind,
            "Scheme": "internet-facing", "DNSName": format!("{name}.elb.amazonaws.com"),
            "CanonicalHostedZoneId": "Z1", "CreatedTime": self.emulator.now().to_string(),
            "VpcId": "vpc-1", "AvailabilityZones": [], "IpAddressType": "ipv4",
        });
        let balancer = serde_json::from_value(balancer).expect("a LoadBalancer");
        self.change(|account| account.elbv2.load_balancers.insert(name.to_owned(), balancer));
    }

    /// A listener with its default rule; its ARN is `balancer/port`.
    pub(crate) fn listener(&self, balancer: &str, port: u16, protocol: &str, actions: Value) {
        let arn = format!("{balancer}/{port}");
        let listener = Listener {
            arn: arn.clone(),
            load_balancer_arn: balancer.to_owned(),
            port,
            protocol: serde_json::from_value(protocol.into()).expect("a ProtocolEnum"),
            ssl_policy: None,
            default_certificate: None,
            certificates: Vec::new(),
            default_actions: Vec::new(),
            alpn_policy: Vec::new(),
            mutual_authentication: None,
            attributes: BTreeMap::new(),
            tags: BTreeMap::new(),
        };
        self.change(|account| account.elbv2.listeners.insert(arn.clone(), listener));
        self.rule(&arn, None, json!({"Actions": actions}));
    }

    /// A rule: `Conditions`, `Actions` and `Transforms` as the API has them.
    pub(crate) fn rule(&self, listener: &str, priority: Option<u32>, rule: Value) {
        fn list<T: serde::de::DeserializeOwned>(rule: &Value, name: &str) -> Vec<T> {
            let list = rule.get(name).cloned().unwrap_or_else(|| json!([]));
            serde_json::from_value(list).unwrap_or_else(|error| panic!("{name}: {error}"))
        }
        let rule = Rule {
            arn: format!("{listener}/{priority:?}"),
            listener_arn: listener.to_owned(),
            priority,
            conditions: list(&rule, "Conditions"),
            actions: list(&rule, "Actions"),
            transforms: list(&rule, "Transforms"),
            tags: BTreeMap::new(),
        };
        self.change(|account| account.elbv2.rules.insert(rule.arn.clone(), rule));
    }

    /// A target group for IP addresses with quick health checks; `set` adds or changes members.
    pub(crate) fn group(&self, name: &str, set: Value) {
        let mut group = json!({
            "TargetGroupArn": name, "TargetGroupName": name, "Protocol": "HTTP",
            "ProtocolVersion": "HTTP1", "Port": 8080, "TargetType": "ip",
            "IpAddressType": "ipv4", "HealthCheckProtocol": "HTTP",
            "HealthCheckPort": "traffic-port", "HealthCheckEnabled": true,
            "HealthCheckIntervalSeconds": 15, "HealthCheckTimeoutSeconds": 5,
            "HealthyThresholdCount": 2, "UnhealthyThresholdCount": 2, "HealthCheckPath": "/",
            "Matcher": {"HttpCode": "200"},
        });
        for (key, value) in set.as_object().into_iter().flatten() {
            group[key] = value.clone();
        }
        let group = serde_json::from_value(group).expect("a TargetGroup");
        self.change(|account| account.elbv2.target_groups.insert(name.to_owned(), group));
    }

    pub(crate) fn group_attributes(&self, group: &str, pairs: &[(&str, &str)]) {
        self.change(|account| {
            let group = account.elbv2.target_groups.get_mut(group).expect("a known group");
            group.attributes.extend(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        });
    }

    pub(crate) fn balancer_attributes(&self, balancer: &str, pairs: &[(&str, &str)]) {
        self.change(|account| {
            let found = account.elbv2.load_balancers.get_mut(balancer).expect("a known one");
            found.attributes.extend(pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        });
    }

    /// Registers a target at `10.0.0.N:8080` that leads to `socket`; its address.
    pub(crate) fn register(&self, group: &str, socket: SocketAddr) -> String {
        let id = Ipv4Addr::from(0x0A00_0000 + self.pods.fetch_add(1, Ordering::Relaxed));
        self.routes.set(id.to_string(), 8080, vec![socket]);
        self.change(|account| {
            let target = Target {
                id: id.to_string(),
                port: Some(8080),
                availability_zone: None,
                zone: None,
                quic_server_id: None,
                health: Health::registering(),
                since: account.now,
                draining_until: None,
                passed: 0,
                failed: 0,
            };
            account.elbv2.targets.entry(group.to_owned()).or_default().push(target);
        });
        id.to_string()
    }

    /// Registers an echo backend that calls itself `pod`; the address of the target.
    pub(crate) async fn pod(&self, group: &str, pod: &str) -> String {
        let (listener, socket) = free_socket().await;
        let identity = Identity {
            namespace: "shop".into(),
            service: group.into(),
            pod: pod.into(),
            port: 8080,
        };
        tokio::spawn(echo::serve(identity, listener));
        self.register(group, socket)
    }

    /// Returns when everything so far is served and probed.
    pub(crate) async fn ready(&self) {
        let settled = async { self.traffic.settled().await && self.traffic.health_settled().await };
        let settled = tokio::time::timeout(Duration::from_secs(20), settled).await;
        assert!(settled.expect("the data plane settles"), "the data plane still runs");
    }

    /// The targets' states, in the order of registration.
    pub(crate) fn states(&self, group: &str) -> Vec<State> {
        let account = self.emulator.account();
        account.elbv2.targets_of(group).iter().map(|target| target.health.state).collect()
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
