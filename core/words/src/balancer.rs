//! Load balancers, listeners, rules, actions and conditions: desired and observed share these shapes.
//! Spellings are the ELBv2 API's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Arn, Pick, Tags, Value};

/// `Scheme` of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scheme {
    /// Reached from within the VPC only.
    Internal,
    /// Has public addresses.
    InternetFacing,
}

impl Scheme {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Internal => "internal",
            Scheme::InternetFacing => "internet-facing",
        }
    }
}

/// `IpAddressType` of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum IpAddressType {
    /// IPv4 only.
    Ipv4,
    /// Both families.
    Dualstack,
    /// Public IPv6, private IPv4.
    DualstackWithoutPublicIpv4,
}

impl IpAddressType {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            IpAddressType::Ipv4 => "ipv4",
            IpAddressType::Dualstack => "dualstack",
            IpAddressType::DualstackWithoutPublicIpv4 => "dualstack-without-public-ipv4",
        }
    }

    /// Whether clients may come over IPv6.
    pub fn has_ipv6(self) -> bool {
        self != IpAddressType::Ipv4
    }
}

/// An Application Load Balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// Its name, at most 32 characters; given at creation, never compared.
    pub name: String,
    /// A change replaces the load balancer.
    pub scheme: Scheme,
    /// Changed in place.
    pub ip_address_type: IpAddressType,
    /// Subnet ids, one an Availability Zone.
    pub subnets: Pick<String>,
    /// Security group ids in order; compared as a set.
    pub security_groups: Vec<Value<String>>,
    /// Attributes that somebody asked for; others are left as they are.
    pub attributes: BTreeMap<String, String>,
    /// All tags that we answer for, ownership tags included.
    pub tags: Tags,
}

/// `Protocol` of an ALB listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ListenerProtocol {
    /// Clear text.
    Http,
    /// TLS, with at least one certificate.
    Https,
}

impl ListenerProtocol {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            ListenerProtocol::Http => "HTTP",
            ListenerProtocol::Https => "HTTPS",
        }
    }
}

/// A listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// The load balancer that it hangs on.
    pub load_balancer: Value<Arn>,
    /// Port, 1 to 65535.
    pub port: u16,
    /// Its protocol.
    pub protocol: ListenerProtocol,
    /// What happens where no rule matches.
    pub default_actions: Vec<Action>,
    /// Certificates; the first is the default one, and is in the SNI list as well.
    pub certificates: Vec<Arn>,
    /// TLS policy name; `None`: left as it is.
    pub ssl_policy: Option<String>,
    /// Attributes that somebody asked for.
    pub attributes: BTreeMap<String, String>,
    /// All tags that we answer for.
    pub tags: Tags,
}

/// A listener rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// The listener that it belongs to.
    pub listener: Value<Arn>,
    /// 1 to 50000; the lowest that matches wins.
    pub priority: u32,
    /// All must hold.
    pub conditions: Vec<Condition>,
    /// What is done, in order.
    pub actions: Vec<Action>,
    /// What is rewritten on the way to the target; at most one of each kind.
    pub transforms: Vec<Transform>,
    /// All tags that we answer for.
    pub tags: Tags,
}

/// What a rule or a listener does with a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Send it to target groups by weight.
    Forward {
        /// The groups, at least one.
        targets: Vec<Weighted>,
        /// Whether clients stay with a target group; `None`: not asked for.
        stickiness: Option<Stickiness>,
    },
    /// Answer with a redirect.
    Redirect(Redirect),
    /// Answer at once.
    FixedResponse(FixedResponse),
    /// An action that somebody else configured and that we have no word for; never desired.
    Foreign(String),
}

/// A target group with its share of a forward action.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Weighted {
    /// The target group.
    pub group: Value<Arn>,
    /// 0 to 999; `None` where it is the only one.
    pub weight: Option<u32>,
}

/// `TargetGroupStickinessConfig`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stickiness {
    /// `Enabled`.
    pub enabled: bool,
    /// `DurationSeconds`, 1 to 604800; AWS wants it where stickiness is enabled.
    pub seconds: Option<u32>,
}

/// `RedirectConfig`; an absent member keeps that part of the request's URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Redirect {
    /// Host, default `#{host}`.
    pub host: Option<String>,
    /// Path with leading slash, default `/#{path}`.
    pub path: Option<String>,
    /// Port, default `#{port}`.
    pub port: Option<String>,
    /// Protocol, default `#{protocol}`.
    pub protocol: Option<String>,
    /// Query without `?`, default `#{query}`.
    pub query: Option<String>,
    /// `HTTP_301` or `HTTP_302`.
    pub status_code: String,
}

/// `FixedResponseConfig`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct FixedResponse {
    /// `text/plain` and such.
    pub content_type: Option<String>,
    /// At most 1024 bytes.
    pub message_body: Option<String>,
    /// 2XX, 4XX or 5XX.
    pub status_code: String,
}

/// One condition of a rule; it holds when any of its values matches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// Host names with `*` and `?`, case-insensitive.
    HostHeader(Patterns),
    /// URL paths with `*` and `?`, case-sensitive.
    PathPattern(Patterns),
    /// A request header.
    HttpHeader {
        /// Header name, case-insensitive.
        name: String,
        /// What it must match.
        patterns: Patterns,
    },
    /// Request methods, upper case.
    HttpRequestMethod(Vec<String>),
    /// Query parameters as (key, value); no key: any.
    QueryString(Vec<(Option<String>, String)>),
    /// Client addresses as CIDRs.
    SourceIp(Vec<String>),
    /// A condition that we have no word for; never desired.
    Foreign(String),
}

impl Condition {
    /// The API's `Field`.
    pub fn field(&self) -> &str {
        match self {
            Condition::HostHeader(_) => "host-header",
            Condition::PathPattern(_) => "path-pattern",
            Condition::HttpHeader { .. } => "http-header",
            Condition::HttpRequestMethod(_) => "http-request-method",
            Condition::QueryString(_) => "query-string",
            Condition::SourceIp(_) => "source-ip",
            Condition::Foreign(field) => field,
        }
    }
}

/// Wildcard values or regular expressions; a condition has one of the two.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
pub struct Patterns {
    /// Values with `*` and `?`.
    pub values: Vec<String>,
    /// Regular expressions.
    pub regex_values: Vec<String>,
}

impl Patterns {
    /// Wildcard values.
    pub fn values(values: impl IntoIterator<Item = String>) -> Self {
        Self { values: values.into_iter().collect(), regex_values: Vec::new() }
    }
}

/// `RuleTransform`: what a rule rewrites in a request on its way to the target. It changes nothing
/// about which rule is chosen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transform {
    /// The Host header.
    HostHeaderRewrite(Vec<Rewrite>),
    /// Path and query.
    UrlRewrite(Vec<Rewrite>),
    /// A type that we have no word for; never desired.
    Foreign(String),
}

/// `RewriteConfig`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Rewrite {
    /// What is looked for; at most 1024 characters.
    pub regex: String,
    /// What takes its place, `$1` being the first group; at most 1024 characters.
    pub replace: String,
}

/// The attribute that guards a load balancer against deletion.
pub const DELETION_PROTECTION: &str = "deletion_protection.enabled";

/// Subnets as AWS shows them on a load balancer.
pub type SubnetSet = BTreeSet<String>;
