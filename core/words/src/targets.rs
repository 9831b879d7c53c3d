//! Target groups, their health checks, their targets, and the bindings that ALBC publishes for them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Arn, Tags, Value};

/// `TargetType` of a target group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetType {
    /// EC2 instances, reached at the Service's nodePort.
    Instance,
    /// Pod addresses.
    Ip,
    /// A kind that somebody else made and that we have no word for (`lambda`, `alb`); never desired.
    Other,
}

impl TargetType {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            TargetType::Instance => "instance",
            TargetType::Ip => "ip",
            TargetType::Other => "other",
        }
    }
}

/// `Protocol` of a target group, and of its health check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum BackendProtocol {
    /// Clear text.
    Http,
    /// TLS; the target's certificate is not verified by an ALB.
    Https,
    /// Connections, behind a Network Load Balancer.
    Tcp,
    /// A protocol that we have no word for (`UDP`, `TLS`, …); never desired.
    Other,
}

impl BackendProtocol {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            BackendProtocol::Http => "HTTP",
            BackendProtocol::Https => "HTTPS",
            BackendProtocol::Tcp => "TCP",
            BackendProtocol::Other => "OTHER",
        }
    }
}

/// `ProtocolVersion` of a target group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ProtocolVersion {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// gRPC over HTTP/2.
    Grpc,
}

impl ProtocolVersion {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            ProtocolVersion::Http1 => "HTTP1",
            ProtocolVersion::Http2 => "HTTP2",
            ProtocolVersion::Grpc => "GRPC",
        }
    }
}

/// `IpAddressType` of a target group: the family of its targets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetFamily {
    /// IPv4 targets.
    Ipv4,
    /// IPv6 targets.
    Ipv6,
}

impl TargetFamily {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            TargetFamily::Ipv4 => "ipv4",
            TargetFamily::Ipv6 => "ipv6",
        }
    }
}

/// A target group. Type, protocol, version, control port and family cannot change; another one takes
/// its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Its name, at most 32 characters; never compared.
    pub name: String,
    /// The VPC that it lives in; empty where the caller's own is meant.
    pub vpc: String,
    /// Kind of targets.
    pub target_type: TargetType,
    /// Family of targets.
    pub ip_address_type: TargetFamily,
    /// Default port; cosmetic, as each registration carries its own.
    pub port: u16,
    /// Protocol towards the targets.
    pub protocol: BackendProtocol,
    /// HTTP version towards the targets; `None` where that is not HTTP.
    pub protocol_version: Option<ProtocolVersion>,
    /// `TargetControlPort`: where an ip target's agent tells the load balancer how much it can take;
    /// `None`: the load balancer asks nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_port: Option<u16>,
    /// How health is found out.
    pub health_check: HealthCheck,
    /// Attributes that somebody asked for; others are left as they are.
    pub attributes: BTreeMap<String, String>,
    /// All tags that we answer for.
    pub tags: Tags,
}

/// Health check of a target group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct HealthCheck {
    /// `traffic-port` or a port number.
    pub port: String,
    /// Protocol of the probe.
    pub protocol: BackendProtocol,
    /// Path of the probe, with leading slash; `None` where it only connects.
    pub path: Option<String>,
    /// Codes that count as healthy; `None` where it only connects.
    pub matcher: Option<Matcher>,
    /// Seconds between probes, 5 to 300.
    pub interval_seconds: u32,
    /// Seconds until a probe has failed, 2 to 120.
    pub timeout_seconds: u32,
    /// Successes in a row until healthy, 2 to 10.
    pub healthy_threshold: u32,
    /// Failures in a row until unhealthy, 2 to 10.
    pub unhealthy_threshold: u32,
}

/// `Matcher`: which answers are healthy, as the API spells them (`200,302`, `200-299`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Matcher {
    /// HTTP status codes.
    Http(String),
    /// gRPC status codes.
    Grpc(String),
}

/// One registration: an instance id or an address, at a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Target {
    /// `i-…` or an IP address.
    pub id: String,
    /// The port that traffic goes to.
    pub port: u16,
    /// `all` for an address outside the VPC, a zone name, or nothing.
    pub zone: Option<String>,
}

/// Which Service's endpoints a target group holds: what ALBC publishes as a TargetGroupBinding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Binding {
    /// Object name: the target group's name.
    pub name: String,
    /// The Service's namespace, which is the binding's.
    pub namespace: String,
    /// The Service's name.
    pub service: String,
    /// The Service port as the backend writes it, a number or a name.
    pub port: PortRef,
    /// The target group.
    pub group: Value<Arn>,
    /// Whether other clusters register targets there too (`multiClusterTargetGroup`).
    pub multi_cluster: bool,
    /// Nodes that may be targets (`matchLabels`); empty: all. Instance targets only.
    pub node_labels: BTreeMap<String, String>,
    /// Ports on the targets that the load balancer must reach, with who reaches them; `None`: the
    /// security groups of the targets are not ours to manage.
    pub networking: Option<Vec<BindingRule>>,
}

/// One line of a binding's networking: a source security group and ports on the target.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BindingRule {
    /// The security group that traffic comes from.
    pub source: Value<String>,
    /// The TCP ports on the target; a name is resolved pod by pod; none: every one.
    pub ports: Vec<PortRef>,
}

/// A port by number or by name (`IntOrString`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PortRef {
    /// By number.
    Number(u16),
    /// By name.
    Name(String),
}

impl std::fmt::Display for PortRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PortRef::Number(number) => write!(f, "{number}"),
            PortRef::Name(name) => f.write_str(name),
        }
    }
}
