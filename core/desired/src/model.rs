//! What should be there, complete but for what AWS itself decides: names, tags, numbers, references.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::Kept;
use inroad_words::hold::Hold;
use inroad_words::{
    Arn, Diagnostic, ObjectKey, Origin, Origins, ResourceKey, Unit, Value,
    balancer::{Listener, LoadBalancer, Rule},
    network::{IngressRule, SecurityGroup},
    quota::Limits,
    record::{Record, RecordKey},
    targets::{Binding, Target, TargetGroup},
};
use serde::Serialize;

/// What `shape` hands out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shaped {
    /// What should be there.
    pub desired: Desired,
    /// Mistakes that only facts could show (no certificate for a host, an unknown subnet).
    pub diagnostics: Vec<Diagnostic>,
}

/// A thing that should be there, with who said which of its fields.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Resource<T> {
    /// What it should be.
    pub spec: T,
    /// Field -> who said it; the empty field: what made it be.
    pub origins: Origins,
}

/// Everything that should be there for one unit. What of the unit exists and is neither in here nor
/// in `held` is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Desired {
    /// Whose it is.
    pub unit: Unit,
    /// Security groups by resource id.
    pub security_groups: BTreeMap<String, Resource<SecurityGroup>>,
    /// Target groups by resource id.
    pub target_groups: BTreeMap<String, Resource<TargetGroup>>,
    /// Load balancers by resource id. One without a preferred subnet is not made; one that stands
    /// keeps its subnets and is changed otherwise.
    pub load_balancers: BTreeMap<String, Resource<LoadBalancer>>,
    /// Listeners by port.
    pub listeners: BTreeMap<u16, Resource<Listener>>,
    /// Rules by port and priority.
    pub rules: BTreeMap<(u16, u32), Resource<Rule>>,
    /// What ALBC would publish for each target group, by its resource id.
    pub bindings: BTreeMap<String, Resource<Binding>>,
    /// Registrations (`Unit::Targets`).
    pub targets: Option<DesiredTargets>,
    /// Rules of ours on security groups that are not (`Unit::Foundation`), by group id.
    pub shared_rules: BTreeMap<String, BTreeMap<IngressRule, Origin>>,
    /// Record sets (`Unit::Zone`).
    pub records: Option<DesiredRecords>,
    /// What is wanted but cannot be said now; what exists of it stays as it is.
    pub held: Held,
    /// What of a stack stays as it is deployed because members of it are in error.
    pub kept: KeptParts,
    /// Whose stack it is, in group order: where there is room for some only, the first are served.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ObjectKey>,
    /// How much of everything there may be.
    #[serde(skip)]
    pub limits: Limits,
}

/// What stays of a stack while members of it are in error: their rules, and whatever these need. Where
/// they stand among the others is for `plan` to say.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct KeptParts {
    /// Which rules, listeners and target groups.
    pub parts: Kept,
    /// All members in group order but those whose place is not known.
    pub order: Vec<ObjectKey>,
    /// Whoever leaves the stack: nothing of theirs is kept.
    pub leaving: BTreeSet<ObjectKey>,
}

/// Id in the foundation under which the rules on groups of others are held: while some target cannot be
/// placed, rules are added but none is taken away.
pub const SHARED_RULES: &str = "shared-rules";

/// What waits, by what it is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Held {
    /// Resources of a stack or of the foundation. A held listener holds all rules under it.
    pub resources: BTreeMap<ResourceKey, Hold>,
    /// Names of records: nothing under a held name is touched.
    pub names: BTreeMap<String, Hold>,
    /// Records that are kept for these objects (`resource` labels): they are neither deleted nor given to
    /// another object.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub kept_for: BTreeSet<String>,
    /// Where nothing is wanted in a zone: the objects (`resource` labels) whose records may go, since it
    /// is known why. `None`: something is wanted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub accounted: Option<BTreeSet<String>>,
    /// Everything of the unit, where not even its resources can be told apart.
    pub unit: Option<Hold>,
}

/// Who wants what at each name, in the order of preference; never empty. Which of them is taken is for
/// `plan` to say: an object keeps the name that it has.
pub type DesiredRecords = BTreeMap<RecordKey, Vec<Candidate>>;

/// One object's wish for a record set, and how it would be marked as ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Candidate {
    /// The record set, with who said what of it (`ttl`, `targets`).
    pub record: Resource<Record>,
    /// The ownership record that goes with it.
    pub mark: Record,
    /// The object as ownership labels spell it: `ingress/<namespace>/<name>`.
    pub resource: String,
}

/// The registrations of one target group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DesiredTargets {
    /// The target group; an `Output` where it is not known to exist yet.
    pub group: Value<Arn>,
    /// Whether others register targets there too: nobody's are taken out.
    pub shared: bool,
    /// Who is to be registered.
    pub targets: BTreeMap<Target, Origin>,
}

impl Desired {
    /// Nothing at all for this unit: whatever of it exists is to go.
    pub fn nothing(unit: Unit) -> Self {
        Self {
            unit,
            security_groups: BTreeMap::new(),
            target_groups: BTreeMap::new(),
            load_balancers: BTreeMap::new(),
            listeners: BTreeMap::new(),
            rules: BTreeMap::new(),
            bindings: BTreeMap::new(),
            targets: None,
            shared_rules: BTreeMap::new(),
            records: None,
            held: Held::default(),
            kept: KeptParts::default(),
            members: Vec::new(),
            limits: Limits::default(),
        }
    }
}
