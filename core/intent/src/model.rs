//! What the objects of a unit ask for, settled: defaults applied, members merged, mistakes taken
//! out. Nothing in here has asked AWS anything; names, ids and numbers that need facts come in
//! `desired`.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Diagnostic, ObjectKey, Origin, Said, StackKey, TargetKey, Unit, ZoneKey,
    balancer::{Condition, FixedResponse, IpAddressType, Redirect, Scheme, Stickiness, Transform},
    hold::Hold,
    record::RecordType,
    targets::{BackendProtocol, Matcher, PortRef, ProtocolVersion, TargetFamily, TargetType},
};
use inroad_world::Reads;
use serde::Serialize;

pub use crate::{
    kept::Kept,
    listener::{CertificateChoice, ClientCertificates, ListenerIntent, MemberCertificates},
    open::{Open, OpenBalancer, OpenKeys, OpenListener},
};

/// What `compile` hands out for one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compiled {
    /// What is asked for.
    pub intent: Intent,
    /// The mistakes that were found on the way; whatever they concern is not in the intent.
    pub diagnostics: Vec<Diagnostic>,
    /// What was read, misses included: a change of any of it makes this unit due.
    pub reads: Reads,
}

/// What one unit is asked to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Intent {
    /// What stacks share.
    Foundation(FoundationIntent),
    /// One load balancer.
    Stack(Box<StackIntent>),
    /// One target group's registrations.
    Targets(TargetsIntent),
    /// The names of a zone.
    Zone(ZoneIntent),
}

/// One stack: a load balancer, or nothing where no member is left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackIntent {
    /// Whose it is.
    pub key: StackKey,
    /// `metadata.uid` of the Service whose stack it is, part of generated names; empty for Ingresses.
    pub uid: String,
    /// Its members in group order (order, then namespace/name), or the Service alone.
    pub members: Vec<ObjectKey>,
    /// The load balancer; `None`: everything of this stack goes.
    pub balancer: Option<BalancerIntent>,
    /// Objects that are being deleted, or went elsewhere, and still carry this stack's finalizer. They
    /// are the reason for which something of the stack may go.
    pub leaving: BTreeSet<ObjectKey>,
    /// Objects that a mistake has torn from their place, and for whose sake the stack stays.
    pub torn: BTreeSet<ObjectKey>,
    /// Target groups by resource id (`<ingNs>/<ing>-<svc>:<port as written>`; of a Service
    /// `<namespace>/<name>:<port>`).
    pub backends: BTreeMap<String, Backend>,
    /// What stays as it is deployed, because members are in error.
    pub kept: Kept,
    /// A mistake that leaves open what the stack as a whole should be (its class is gone, its last
    /// member is protected): nothing of it is changed until it is mended.
    pub held: Option<Hold>,
    /// A mistake without which no load balancer is made (nobody says readably how it should be); one
    /// that stands goes on as it is.
    pub undecided: Option<Hold>,
}

impl StackIntent {
    /// A stack of which nobody asks for anything.
    pub(crate) fn nothing(key: StackKey) -> Self {
        Self {
            key,
            uid: String::new(),
            members: Vec::new(),
            balancer: None,
            leaving: BTreeSet::new(),
            torn: BTreeSet::new(),
            backends: BTreeMap::new(),
            kept: Kept::default(),
            held: None,
            undecided: None,
        }
    }
}

/// A load balancer as its members ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BalancerIntent {
    /// The first member: what made the load balancer be.
    pub origin: Origin,
    /// `load-balancer-name`; `None`: generated.
    pub name: Option<Said<String>>,
    /// `scheme`.
    pub scheme: Said<Scheme>,
    /// `ip-address-type`.
    pub ip_address_type: Said<IpAddressType>,
    /// `subnets`.
    pub subnets: Said<SubnetChoice>,
    /// `security-groups` and what belongs to it.
    pub security: SecurityIntent,
    /// `load-balancer-attributes`, each with its origin.
    pub attributes: BTreeMap<String, Said<String>>,
    /// `customer-owned-ipv4-pool`.
    pub customer_owned_pool: Option<Said<String>>,
    /// `wafv2-acl-name`, else `wafv2-acl-arn`; `None`: whatever protects it is others' business.
    pub web_acl: Option<Said<WebAclChoice>>,
    /// `tags` of the members (class params before annotations), without ownership and default tags.
    pub tags: BTreeMap<String, Said<String>>,
    /// Listeners by port.
    pub listeners: BTreeMap<u16, ListenerIntent>,
    /// Where members differ.
    pub open: OpenBalancer,
}

/// Which web ACL protects the load balancer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WebAclChoice {
    /// None: what is associated goes.
    Nothing,
    /// The one of this ARN.
    Arn(String),
    /// The one of this name.
    Named(String),
}

/// Which subnets the load balancer stands in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SubnetChoice {
    /// By role tags, or by reachability.
    Discover,
    /// Ids (`subnet-…`) and `Name` tags, in the order given.
    Named(Vec<String>),
    /// By tags that all must match (class params); values of one key are alternatives.
    Tagged(BTreeMap<String, BTreeSet<String>>),
}

/// Which security groups it wears.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SecurityIntent {
    /// One of ours, with the inbound rules of each listener; the shared backend group beside it.
    Managed,
    /// Groups by id or `Name` tag.
    Given {
        /// Ids and `Name` tags in the order given.
        groups: Said<Vec<String>>,
        /// `manage-backend-security-group-rules`.
        manage_backend_rules: Said<bool>,
    },
}

/// One line of routing: becomes one rule of the listener.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Route {
    /// The path (or rule) of the Ingress that asks for it.
    pub origin: Origin,
    /// Conditions in the order in which they are sent; never empty.
    pub conditions: Vec<Condition>,
    /// What is done.
    pub action: RouteAction,
    /// What is rewritten on the way to the target.
    pub transforms: Vec<Transform>,
    /// `tags` of the member, without ownership and default tags.
    pub tags: BTreeMap<String, Said<String>>,
}

/// What is done with a request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RouteAction {
    /// To target groups by weight.
    Forward {
        /// Where to, at least one, with their weights (0 to 999).
        targets: Vec<(Goal, Option<u32>)>,
        /// Whether clients stay with a target group; `None`: not asked for.
        stickiness: Option<Stickiness>,
    },
    /// A redirect.
    Redirect(Redirect),
    /// An answer at once.
    FixedResponse(FixedResponse),
}

/// Where a forward leads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Goal {
    /// To a target group of ours: a key of `StackIntent::backends`.
    Backend(String),
    /// To one that somebody else made, by ARN.
    Arn(String),
    /// The same by name; which ARN that is only AWS knows.
    Name(String),
}

impl RouteAction {
    /// What a listener answers where nobody says anything else.
    pub fn not_found() -> Self {
        Self::FixedResponse(FixedResponse::plain("404", None))
    }

    /// A forward to one backend.
    pub fn to(backend: impl Into<String>) -> Self {
        Self::Forward { targets: vec![(Goal::Backend(backend.into()), None)], stickiness: None }
    }

    /// Everything that it leads to; nothing where it answers itself.
    pub fn goals(&self) -> impl Iterator<Item = &Goal> {
        let targets = match self {
            RouteAction::Forward { targets, .. } => targets.as_slice(),
            _ => &[],
        };
        targets.iter().map(|(goal, _)| goal)
    }

    /// The backends that it leads to (keys of `StackIntent::backends`).
    pub fn backends(&self) -> impl Iterator<Item = &String> {
        self.goals().filter_map(|goal| match goal {
            Goal::Backend(id) => Some(id),
            _ => None,
        })
    }
}

/// A target group as its Service and Ingress ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backend {
    /// The path, rule, default backend or Service port that names it first.
    pub origin: Origin,
    /// The Ingress that names it, part of the generated name; in the stack of a Service that itself.
    pub ingress: ObjectKey,
    /// The Service.
    pub service: ObjectKey,
    /// `metadata.uid` of the Service; empty where there is none.
    pub service_uid: String,
    /// The port as the Ingress writes it.
    pub service_port: PortRef,
    /// The port that the target group is made with: nodePort, numeric targetPort, or 1.
    pub port: u16,
    /// What the load balancer must reach on the targets besides the health check: nodePort, or the
    /// targetPort by number or name.
    pub target_port: PortRef,
    /// `target-control-port.<Service>.<port>`; ip targets only.
    pub control_port: Option<Said<u16>>,
    /// Whether other clusters register targets there too (`multi-cluster-target-group`).
    pub multi_cluster: Said<bool>,
    /// Family of the targets.
    pub family: TargetFamily,
    /// `target-type`.
    pub target_type: Said<TargetType>,
    /// Protocol and health check.
    pub protocol: BackendSettings,
    /// `target-group-attributes`.
    pub attributes: BTreeMap<String, Said<String>>,
    /// `tags` of Service and Ingress, merged, without ownership and default tags.
    pub tags: BTreeMap<String, Said<String>>,
    /// `target-node-labels`.
    pub node_labels: BTreeMap<String, Said<String>>,
    /// Nothing that can be said leads here, but something that is deployed may: the target group is
    /// not made, and where it exists its registrations go on.
    pub standby: bool,
}

/// How a target group speaks to its targets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BackendSettings {
    /// `backend-protocol`.
    pub protocol: Said<BackendProtocol>,
    /// `backend-protocol-version`; `None` where no HTTP is spoken.
    pub version: Option<Said<ProtocolVersion>>,
    /// `healthcheck-port`: `traffic-port` or a number (names are resolved already).
    pub health_port: Said<String>,
    /// `healthcheck-protocol`.
    pub health_protocol: Said<BackendProtocol>,
    /// `healthcheck-path`; `None` where the probe only connects.
    pub health_path: Option<Said<String>>,
    /// `success-codes`; `None` where the probe only connects.
    pub matcher: Option<Said<Matcher>>,
    /// `healthcheck-interval-seconds`.
    pub interval_seconds: Said<u32>,
    /// `healthcheck-timeout-seconds`.
    pub timeout_seconds: Said<u32>,
    /// `healthy-threshold-count`.
    pub healthy_threshold: Said<u32>,
    /// `unhealthy-threshold-count`.
    pub unhealthy_threshold: Said<u32>,
}

/// The registrations of one target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TargetsIntent {
    /// The target group.
    pub key: TargetKey,
    /// The Service whose endpoints they are; `None`: the target group is not wanted any more.
    pub service: Option<ObjectKey>,
    /// Kind of targets.
    pub target_type: TargetType,
    /// Who is to be registered.
    pub endpoints: BTreeMap<EndpointTarget, Origin>,
    /// Whether others register targets there too: what is not asked for here may be theirs.
    pub multi_cluster: bool,
    /// Whether registrations are kept only where the target group exists ([`Backend::standby`]).
    pub standby: bool,
    /// Why the registrations are left as they are.
    pub held: Option<Hold>,
}

/// One endpoint that should get traffic.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct EndpointTarget {
    /// `i-…` or an address.
    pub id: String,
    /// nodePort, or the endpoint's port.
    pub port: u16,
}

/// What all stacks need of the cluster's security groups.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct FoundationIntent {
    /// The stacks whose load balancers wear the shared backend group; empty: it is not needed.
    pub needed_by: BTreeMap<StackKey, ObjectKey>,
    /// What must be open on targets, for traffic of each source.
    pub openings: BTreeMap<Source, Openings>,
    /// On which instance (`i-…`) an address of `openings` is and takes its security groups from, where
    /// the cluster says so.
    pub instances: BTreeMap<String, String>,
    /// A stack that is left as it is: what it may rely on is not taken away.
    pub held: Option<Hold>,
    /// Security groups that stacks name instead of ours. While one of them cannot be found, its load
    /// balancer may still wear ours.
    pub named: BTreeMap<String, Origin>,
}

/// Which ports must be open on which targets: target (`i-…` or address) -> ports, with who asks.
pub type Openings = BTreeMap<String, BTreeMap<TargetPort, Origin>>;

/// The security group that traffic towards targets comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Source {
    /// The backend group that load balancers share.
    Shared,
    /// The own group of this stack's load balancer (`--enable-backend-security-group=false`).
    Stack(StackKey),
}

/// A port on a target that a load balancer must reach.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum TargetPort {
    /// One TCP port.
    Tcp(u16),
    /// Every TCP port (`--disable-restricted-sg-rules`).
    AllTcp,
}

/// The names that objects claim in a zone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ZoneIntent {
    /// The zone.
    pub zone: ZoneKey,
    /// Claims in the order of their names, then of who makes them.
    pub claims: Vec<NameClaim>,
    /// Objects whose names cannot be told: what is kept for them stays as it is.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub unserved: BTreeSet<ObjectKey>,
    /// Where nobody claims any name of the zone: the objects that are there and claim none, or that
    /// were seen to go. What is kept for others stays: a zone is not emptied by a world that is empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounted: Option<BTreeSet<ObjectKey>>,
}

/// One object's claim to one name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NameClaim {
    /// The name, as the object writes it, without a trailing dot.
    pub name: String,
    /// The field that claims it.
    pub origin: Origin,
    /// The object, for the ownership label `resource`.
    pub object: ObjectKey,
    /// What it should lead to.
    pub target: ClaimTarget,
    /// `ttl` in seconds.
    pub ttl: Option<Said<u32>>,
    /// `set-identifier`.
    pub set_identifier: String,
    /// Provider-specific properties (`alias`, `aws/weight`).
    pub properties: BTreeMap<String, String>,
}

/// Where a claimed name should lead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ClaimTarget {
    /// To the load balancer of this unit, whose name may not be known yet.
    Balancer(Unit),
    /// To these addresses or names, by record type (`target` annotation, status); none: not known yet.
    Records(BTreeMap<RecordType, BTreeSet<String>>),
}
