//! What the service remembers: plain records with the API's names, so that the data plane can serve
//! from them and an answer is little more than their serialisation. Operations come in through the
//! sibling files; nothing here asks the clock or another service.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::actions::Action;
use super::conditions::{Condition, Transform};
use super::health::Target;

/// Key and value of tags or of attributes.
pub type Pairs = BTreeMap<String, String>;

/// Everything that Elastic Load Balancing v2 holds, by ARN.
#[derive(Debug, Default)]
pub struct Elbv2 {
    pub load_balancers: BTreeMap<String, LoadBalancer>,
    pub listeners: BTreeMap<String, Listener>,
    /// Default rules are in here too, with no priority.
    pub rules: BTreeMap<String, Rule>,
    pub target_groups: BTreeMap<String, TargetGroup>,
    /// Targets by the ARN of their group, in the order of registration, draining ones included.
    pub targets: BTreeMap<String, Vec<Target>>,
    /// Trust stores for mutual TLS: seeded, since no emulated operation makes one.
    pub trust_stores: BTreeMap<String, TrustStore>,
    /// Elastic IP allocations that an NLB may name: seeded, since EC2's addresses are not emulated.
    pub allocations: BTreeSet<String>,
}

/// `application` (ALB), `network` (NLB) or `gateway`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Application,
    Network,
    Gateway,
}

/// `ProtocolEnum` of the API: listeners, target groups and health checks share it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Protocol {
    Http,
    Https,
    Tcp,
    Tls,
    Udp,
    TcpUdp,
    Geneve,
    Quic,
    TcpQuic,
}

impl Protocol {
    /// HTTP or HTTPS: what an ALB speaks.
    pub fn is_http(self) -> bool {
        matches!(self, Self::Http | Self::Https)
    }

    /// HTTPS or TLS: a listener that needs a certificate.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Https | Self::Tls)
    }
}

/// A load balancer. Its serialisation is the API's `LoadBalancer` without `State`, which depends on the time.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LoadBalancer {
    #[serde(rename = "LoadBalancerArn")]
    pub arn: String,
    #[serde(rename = "LoadBalancerName")]
    pub name: String,
    #[serde(rename = "Type")]
    pub kind: Kind,
    /// `internet-facing` or `internal`.
    #[serde(rename = "Scheme")]
    pub scheme: String,
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    #[serde(rename = "CanonicalHostedZoneId")]
    pub canonical_hosted_zone_id: String,
    #[serde(rename = "CreatedTime", with = "super::answer::time")]
    pub created: Timestamp,
    #[serde(flatten)]
    pub network: Network,
    /// `provisioning` before this moment, `active` from it on.
    #[serde(skip)]
    pub active_at: Timestamp,
    #[serde(skip)]
    pub attributes: Pairs,
    #[serde(skip)]
    pub tags: Pairs,
    #[serde(skip)]
    pub capacity: Capacity,
}

impl LoadBalancer {
    /// `State.Code` at a moment.
    pub fn state_code(&self, now: Timestamp) -> &'static str {
        if now < self.active_at { "provisioning" } else { "active" }
    }

    /// The Availability Zones in which the load balancer has a node.
    pub fn zones(&self) -> BTreeSet<&str> {
        self.network.availability_zones.iter().map(|zone| zone.zone_name.as_str()).collect()
    }

    /// One attribute's value.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }
}

/// Where a load balancer sits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Network {
    pub vpc_id: String,
    pub availability_zones: Vec<Zone>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// `ipv4`, `dualstack` or `dualstack-without-public-ipv4`.
    pub ip_address_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_owned_ipv4_pool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce_security_group_inbound_rules_on_private_link_traffic: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_prefix_for_ipv6_source_nat: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ipam_pools: Option<Value>,
}

/// One enabled Availability Zone (`AvailabilityZone` of the API).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Zone {
    pub zone_name: String,
    pub subnet_id: String,
    #[serde(default)]
    pub load_balancer_addresses: Vec<Value>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub source_nat_ipv6_prefixes: Vec<String>,
}

/// A capacity reservation; no units: none.
#[derive(Debug, Clone, Default)]
pub struct Capacity {
    pub units: Option<u64>,
    pub modified: Option<Timestamp>,
    pub decreases_made: u32,
}

/// A listener.
#[derive(Debug, Clone)]
pub struct Listener {
    pub arn: String,
    pub load_balancer_arn: String,
    pub port: u16,
    pub protocol: Protocol,
    pub ssl_policy: Option<String>,
    pub default_certificate: Option<String>,
    /// Further certificates for SNI, in the order of their addition.
    pub certificates: Vec<String>,
    /// The actions of the default rule.
    pub default_actions: Vec<Action>,
    pub alpn_policy: Vec<String>,
    pub mutual_authentication: Option<Value>,
    pub attributes: Pairs,
    pub tags: Pairs,
}

/// A rule of an ALB listener (or an NLB listener's only one, the default).
#[derive(Debug, Clone)]
pub struct Rule {
    pub arn: String,
    pub listener_arn: String,
    /// 1 to 50000; `None` for the default rule, which comes last.
    pub priority: Option<u32>,
    pub conditions: Vec<Condition>,
    pub actions: Vec<Action>,
    pub transforms: Vec<Transform>,
    pub tags: Pairs,
}

/// A target group. Its serialisation is the API's `TargetGroup` without `LoadBalancerArns`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TargetGroup {
    #[serde(rename = "TargetGroupArn")]
    pub arn: String,
    #[serde(rename = "TargetGroupName")]
    pub name: String,
    /// None for Lambda functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// `HTTP1`, `HTTP2` or `GRPC`; only with HTTP and HTTPS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protocol_version: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc_id: Option<String>,
    /// `instance`, `ip`, `lambda` or `alb`.
    pub target_type: String,
    /// `ipv4` or `ipv6`.
    pub ip_address_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_control_port: Option<u16>,
    #[serde(flatten)]
    pub health_check: HealthCheck,
    #[serde(skip)]
    pub attributes: Pairs,
    #[serde(skip)]
    pub tags: Pairs,
}

impl TargetGroup {
    /// One attribute's value.
    pub fn attribute(&self, key: &str) -> Option<&str> {
        self.attributes.get(key).map(String::as_str)
    }

    /// How long a deregistered target drains, in seconds.
    pub fn deregistration_delay(&self) -> i64 {
        let text = self.attribute("deregistration_delay.timeout_seconds");
        text.and_then(|seconds| seconds.parse().ok()).unwrap_or(0)
    }
}

/// How targets are probed; times in seconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HealthCheck {
    #[serde(rename = "HealthCheckProtocol", default, skip_serializing_if = "Option::is_none")]
    pub protocol: Option<Protocol>,
    /// A port number or `traffic-port`.
    #[serde(rename = "HealthCheckPort", default, skip_serializing_if = "Option::is_none")]
    pub port: Option<String>,
    #[serde(rename = "HealthCheckEnabled")]
    pub enabled: bool,
    #[serde(rename = "HealthCheckIntervalSeconds")]
    pub interval: u32,
    #[serde(rename = "HealthCheckTimeoutSeconds")]
    pub timeout: u32,
    #[serde(rename = "HealthyThresholdCount")]
    pub healthy_threshold: u32,
    #[serde(rename = "UnhealthyThresholdCount")]
    pub unhealthy_threshold: u32,
    #[serde(rename = "HealthCheckPath", default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(rename = "Matcher", default, skip_serializing_if = "Option::is_none")]
    pub matcher: Option<Matcher>,
}

/// The codes that mean success, as the API writes them: `200`, `200,202`, `200-299`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Matcher {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_code: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grpc_code: Option<String>,
}

/// A trust store.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct TrustStore {
    pub name: String,
    pub trust_store_arn: String,
    /// `ACTIVE` or `CREATING`.
    pub status: String,
    #[serde(default)]
    pub number_of_ca_certificates: u32,
    #[serde(default)]
    pub total_revoked_entries: u64,
    /// Its certificates as PEM: not of the API, which takes them from S3 and hands them out there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ca_certificates_bundle: String,
    #[serde(skip)]
    pub tags: Pairs,
}

impl Elbv2 {
    /// A load balancer's listeners by port.
    pub fn listeners_of(&self, load_balancer: &str) -> Vec<&Listener> {
        let mut found: Vec<_> =
            self.listeners.values().filter(|l| l.load_balancer_arn == load_balancer).collect();
        found.sort_by_key(|listener| listener.port);
        found
    }

    /// A listener's rules in the order in which they are tried: by priority, the default last.
    pub fn rules_of(&self, listener: &str) -> Vec<&Rule> {
        let mut found: Vec<_> =
            self.rules.values().filter(|rule| rule.listener_arn == listener).collect();
        found.sort_by_key(|rule| rule.priority.unwrap_or(u32::MAX));
        found
    }

    /// A group's targets, the draining ones included.
    pub fn targets_of(&self, group: &str) -> &[Target] {
        self.targets.get(group).map_or(&[], Vec::as_slice)
    }

    /// Which load balancers use each target group: what some action forwards to. Unused groups are absent.
    pub fn usage(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut usage: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for rule in self.rules.values() {
            let Some(listener) = self.listeners.get(&rule.listener_arn) else { continue };
            for group in rule.actions.iter().flat_map(Action::target_groups) {
                usage.entry(group).or_default().insert(&listener.load_balancer_arn);
            }
        }
        usage
    }

    /// The target groups that a load balancer's actions forward to.
    pub fn target_groups_of(&self, load_balancer: &str) -> BTreeSet<&str> {
        let of_it = |rule: &&Rule| {
            self.listeners
                .get(&rule.listener_arn)
                .is_some_and(|listener| listener.load_balancer_arn == load_balancer)
        };
        let rules = self.rules.values().filter(of_it);
        rules.flat_map(|rule| rule.actions.iter().flat_map(Action::target_groups)).collect()
    }
}
