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

/// `Type` of a load balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BalancerKind {
    /// It knows HTTP.
    #[default]
    Application,
    /// It passes connections on.
    Network,
}

impl BalancerKind {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            BalancerKind::Application => "application",
            BalancerKind::Network => "network",
        }
    }
}

/// An Application or a Network Load Balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoadBalancer {
    /// A change replaces the load balancer. Of what is observed, see
    /// [`crate::observed::SeenBalancer::kind`].
    #[serde(default)]
    pub kind: BalancerKind,
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
    /// `CustomerOwnedIpv4Pool` (`coip-…`), on Outposts; given at creation, never compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_owned_pool: Option<String>,
    /// The web ACL that protects it; `None`: that is others' business. Of what is observed, see
    /// [`crate::observed::SeenBalancer::web_acl`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_acl: Option<WebAcl>,
    /// All tags that we answer for, ownership tags included.
    pub tags: Tags,
}

/// Which web ACL (WAFv2 API, `AssociateWebACL`) protects a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebAcl {
    /// None.
    Nothing,
    /// The one of this ARN.
    Arn(Arn),
}

impl WebAcl {
    /// The ARN; empty where none protects.
    pub fn arn(&self) -> &str {
        match self {
            WebAcl::Nothing => "",
            WebAcl::Arn(arn) => &arn.0,
        }
    }
}

/// `Protocol` of a listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ListenerProtocol {
    /// Clear text.
    Http,
    /// TLS, with at least one certificate.
    Https,
    /// Connections of a Network Load Balancer.
    Tcp,
    /// A protocol that somebody else gave it and that we have no word for (`TLS`, `UDP`, …); never
    /// desired.
    Other,
}

impl ListenerProtocol {
    /// The API's spelling.
    pub fn as_str(self) -> &'static str {
        match self {
            ListenerProtocol::Http => "HTTP",
            ListenerProtocol::Https => "HTTPS",
            ListenerProtocol::Tcp => "TCP",
            ListenerProtocol::Other => "OTHER",
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
    /// What is asked of clients' certificates. `None`: left as it is; where it is observed: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutual: Option<Mutual>,
    /// Attributes that somebody asked for.
    pub attributes: BTreeMap<String, String>,
    /// All tags that we answer for.
    pub tags: Tags,
}

/// `MutualAuthentication` of an HTTPS listener. `S` says which trust store: its ARN, or whatever stands
/// for it until the ARN is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "lowercase")]
pub enum Mutual<S = Arn> {
    /// Clients are not asked for a certificate.
    Off,
    /// They are asked, and what they show goes to the targets unverified.
    Passthrough,
    /// Only clients whose certificate the trust store vouches for come in.
    Verify(Verify<S>),
}

/// How clients' certificates are verified.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Verify<S = Arn> {
    /// The certificate authorities that are trusted.
    pub trust_store: S,
    /// Whether certificates that have run out are good all the same.
    pub ignore_expiry: bool,
    /// Whether clients are told the names of the authorities; `None`: left as it is.
    pub advertise: Option<bool>,
}

impl<S> Mutual<S> {
    /// How certificates are verified, where they are.
    pub fn verify(&self) -> Option<&Verify<S>> {
        match self {
            Mutual::Verify(verify) => Some(verify),
            Mutual::Off | Mutual::Passthrough => None,
        }
    }

    /// The same, with the trust store as `tell` says it.
    ///
    /// # Errors
    /// Those of `tell`.
    pub fn with_store<T, E>(&self, tell: impl FnOnce(&S) -> Result<T, E>) -> Result<Mutual<T>, E> {
        Ok(match self {
            Mutual::Off => Mutual::Off,
            Mutual::Passthrough => Mutual::Passthrough,
            Mutual::Verify(Verify { trust_store, ignore_expiry, advertise }) => {
                let trust_store = tell(trust_store)?;
                let (ignore_expiry, advertise) = (*ignore_expiry, *advertise);
                Mutual::Verify(Verify { trust_store, ignore_expiry, advertise })
            }
        })
    }
}

impl Mutual {
    /// Whether clients are asked for what is wanted. An account that tells nothing asks for nothing;
    /// whether names are advertised is left as it is where nobody says it.
    pub fn is_met_by(&self, have: Option<&Mutual>) -> bool {
        match (self, have.unwrap_or(&Mutual::Off)) {
            (Mutual::Verify(want), Mutual::Verify(have)) => {
                want.trust_store == have.trust_store
                    && want.ignore_expiry == have.ignore_expiry
                    && (want.advertise.is_none() || want.advertise == have.advertise)
            }
            (want, have) => want == have,
        }
    }
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

impl FixedResponse {
    /// An answer in plain text.
    pub fn plain(status_code: &str, body: Option<&str>) -> Self {
        Self {
            content_type: Some("text/plain".into()),
            message_body: body.map(Into::into),
            status_code: status_code.into(),
        }
    }
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
