//! Security groups and their rules.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Tags, Value};

/// A security group that is ours: every ingress rule on it is ours too, egress is left alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    /// `GroupName`; never compared.
    pub name: String,
    /// `Description`; given at creation.
    pub description: String,
    /// The VPC that it lives in.
    pub vpc: String,
    /// Ingress rules.
    pub ingress: BTreeSet<IngressRule>,
    /// All tags that we answer for.
    pub tags: Tags,
}

/// One ingress permission: one protocol, one port range, one peer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IngressRule {
    /// `tcp`, `udp`, `icmp`, `-1`.
    pub protocol: String,
    /// First port; -1 or absent in the API is `None`.
    pub from_port: Option<i32>,
    /// Last port.
    pub to_port: Option<i32>,
    /// Where traffic may come from.
    pub peer: Peer,
    /// Free text of the rule; not part of its identity at AWS.
    pub description: String,
}

/// The source of an ingress rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Peer {
    /// An IPv4 CIDR.
    Ipv4(String),
    /// An IPv6 CIDR.
    Ipv6(String),
    /// A managed prefix list `pl-…`.
    PrefixList(String),
    /// Another security group.
    Group(Value<String>),
}

/// The description that marks the rules which let load balancers reach the targets; only rules that
/// carry this label are ours on a group that is not.
pub const SHARED_RULE_DESCRIPTION: &str = "elbv2.k8s.aws/targetGroupBinding=shared";
