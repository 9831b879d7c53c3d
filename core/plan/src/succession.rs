//! One load balancer in the place of another that cannot become what is wanted. A target group serves one
//! load balancer at a time (TargetGroupAssociationLimit), so the new one gets target groups of a new
//! generation and both serve side by side, until the old one, the elder, is no longer needed. In: what is
//! wanted and what is there. Out: who the elders are, and whether they may go.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::Desired;
use inroad_words::{
    Arn, Field, ResourceKind, Value,
    facts::Outputs,
    hold::{Hold, HoldReason},
    observed::{Observed, SeenBalancer, SeenTargetGroup},
};
use sha2::{Digest, Sha256};

use crate::{
    Op, OpId, Plan,
    draft::Draft,
    keep::{self, Kept},
    refers,
};

impl Plan {
    /// What others are told of the unit's resources before any step.
    pub fn outputs(&self) -> Outputs {
        let told = self.told.0.iter().map(|(key, text)| (key.clone(), text.clone()));
        Outputs(self.known.0.clone().into_iter().chain(told).collect())
    }

    /// Whether a step takes away a load balancer whose place another has taken.
    pub fn relieves(&self, op: &Op) -> bool {
        match op {
            Op::DeleteLoadBalancer { arn }
            | Op::ModifyLoadBalancerAttributes { balancer: Value::Known(arn), .. } => {
                self.relieved.contains(arn)
            }
            _ => false,
        }
    }

    /// The plan without the steps that take away what another has taken the place of, and what comes
    /// after them, where there are any.
    #[must_use]
    pub fn keeping_elders(self) -> Self {
        let elders = self.relieved.clone();
        let relieves = Self { relieved: elders, ..Self::nothing(self.unit.clone()) };
        let until = "no name leads to it any more".to_owned();
        self.holding(|op| relieves.relieves(op), &HoldReason::Successor(until))
    }

    /// Whether something goes on to serve until what takes its place does.
    pub fn succeeds(&self) -> bool {
        self.holds.iter().any(|hold| matches!(hold.reason, HoldReason::Successor(_)))
    }

    /// Whether names are still to lead to what is replaced.
    pub fn told_of_elder(&self) -> bool {
        self.told.0.keys().any(|(_, field)| *field == Field::DnsName)
    }

    /// Both plans in one; their steps do not wait for each other.
    #[must_use]
    pub fn beside(mut self, other: Self) -> Self {
        let first = self.ops.last_key_value().map_or(0, |(id, _)| id.0 + 1);
        let later = |id: OpId| OpId(id.0 + first);
        self.ops.extend(other.ops.into_iter().map(|(id, step)| (later(id), step)));
        let after = other.after.into_iter();
        self.after.extend(after.map(|(id, all)| (later(id), all.into_iter().map(later).collect())));
        let news: Vec<Hold> =
            other.holds.into_iter().filter(|hold| !self.holds.contains(hold)).collect();
        self.holds.extend(news);
        self.names.extend(other.names);
        self
    }
}

/// Load balancers that go on to serve until another does in their place, by resource id.
pub(crate) type Elders<'a> = BTreeMap<&'a str, Vec<&'a SeenBalancer>>;

/// Who serves beside what takes its place. `staying`: what is kept, and what is left as it is.
pub(crate) fn elders<'a>(
    desired: &Desired,
    observed: &'a Observed,
    staying: &BTreeSet<&Arn>,
) -> Elders<'a> {
    let mut elders = Elders::new();
    // The rules of those in error go over as they are, with the target groups that they lead to.
    if !desired.kept.parts.is_empty() {
        return elders;
    }
    for (id, all) in &observed.load_balancers {
        let Some(want) = desired.load_balancers.get(id).map(|it| &it.spec) else { continue };
        let going = all.iter().filter(|it| !staying.contains(&it.arn));
        let serving = going.filter(|it| {
            let is_twin = keep::can_become(it, want);
            !is_twin && !it.listeners.is_empty() && it.spec.name != want.name
        });
        let free = serving.filter(|it| !is_bound(desired, observed, it));
        let free: Vec<_> = free.collect();
        if !free.is_empty() && keep::cannot_be_made(want).is_none() {
            elders.insert(id, free);
        }
    }
    elders
}

/// Whether two load balancers stand and nobody can say now which of them is wanted: what hangs on either
/// stays as it is.
pub(crate) fn is_undecided(desired: &Desired, observed: &Observed) -> bool {
    let several = observed.load_balancers.iter().filter(|(_, all)| all.len() > 1);
    let mut keys = several.map(|(id, _)| keep::key_of(desired, ResourceKind::LoadBalancer, id));
    keys.any(|key| desired.held.resources.contains_key(&key))
}

/// Whether something of it cannot be doubled: a target group that is held, or one of somebody else's to
/// which its successor shall lead too.
fn is_bound(desired: &Desired, observed: &Observed, elder: &SeenBalancer) -> bool {
    let used = used(elder);
    let held = |(id, all): (&String, &Vec<SeenTargetGroup>)| {
        let key = keep::key_of(desired, ResourceKind::TargetGroup, id);
        desired.held.resources.contains_key(&key) && all.iter().any(|it| used.contains(&it.arn.0))
    };
    let ours: BTreeSet<&str> =
        observed.target_groups.values().flatten().map(|it| it.arn.0.as_str()).collect();
    let rules = desired.rules.values().map(|it| &it.spec.actions);
    let defaults = desired.listeners.values().map(|it| &it.spec.default_actions);
    let mut wanted = rules.chain(defaults).flat_map(|actions| refers::groups_of(actions));
    observed.target_groups.iter().any(held)
        || wanted.any(|arn| !ours.contains(arn.as_str()) && used.contains(&arn))
}

/// The target groups that a load balancer leads to.
fn used(balancer: &SeenBalancer) -> BTreeSet<String> {
    let listeners = balancer.listeners.values();
    let actions = listeners.flat_map(|it| {
        it.rules.iter().map(|rule| &rule.spec.actions).chain([&it.spec.default_actions])
    });
    actions.flat_map(|actions| refers::groups_of(actions)).collect()
}

/// Whether a target group serves an elder: it is not free for anybody else.
pub(crate) fn serves(elders: &Elders<'_>, group: &SeenTargetGroup) -> bool {
    let mut all = elders.values().flatten();
    all.any(|it| group.load_balancers.contains(&it.arn) || used(it).contains(&group.arn.0))
}

/// What others must know while elders serve: where names lead until the successor `serves`, and which
/// target groups are to be filled beside the new ones.
pub(crate) fn told(
    desired: &Desired,
    observed: &Observed,
    elders: &Elders<'_>,
    serves: bool,
) -> Outputs {
    let mut told = Outputs::default();
    for (id, all) in elders {
        let first = all.iter().max_by_key(|it| it.listeners.len()).filter(|_| !serves);
        let key = keep::key_of(desired, ResourceKind::LoadBalancer, *id);
        told.0.extend(first.map(|it| ((key, Field::DnsName), it.dns_name.clone())));
    }
    for (id, all) in &observed.target_groups {
        let key = keep::key_of(desired, ResourceKind::TargetGroup, id);
        let elder = all.iter().find(|it| self::serves(elders, it));
        told.0.extend(elder.map(|it| ((key, Field::ElderArn), it.arn.0.clone())));
    }
    told
}

/// Why elders must stay for now; `None`: their successors are whole and serve.
pub(crate) fn waits(
    desired: &Desired,
    observed: &Observed,
    kept: &Kept<'_>,
    draft: &Draft,
) -> Option<String> {
    let name = desired.load_balancers.values().next().map(|it| it.spec.name.clone());
    let name = name.unwrap_or_default();
    let is_whole = !draft.entries.iter().any(|entry| makes(&entry.step.op));
    // What there is no room for on the new one may be served by the old one.
    if !is_whole || draft.holds.iter().any(|it| matches!(it.reason, HoldReason::Quota { .. })) {
        return Some(format!("{name} is made"));
    }
    let lacks = |(id, group): (&&str, &&SeenTargetGroup)| {
        let elder = observed.target_groups.get(*id).into_iter().flatten();
        let mut elder = elder.filter(|it| serves(&kept.elders, it));
        // Where nobody answers the old one either, nothing is lost.
        group.healthy == Some(0) && elder.any(|it| it.healthy != Some(0))
    };
    kept.target_groups.iter().any(lacks).then(|| format!("targets of {name} are healthy"))
}

/// Whether without this step a load balancer would answer other requests, or others' requests.
fn makes(op: &Op) -> bool {
    crate::order::created(op).is_some()
        || matches!(
            op,
            Op::ModifyListener { .. }
                | Op::ModifyRule { .. }
                | Op::AddCertificate { .. }
                | Op::AssociateWebAcl { .. }
        )
}

/// A name for a target group that none of the stack has: the usual one, else one of another generation.
pub(crate) fn free_name(usual: &str, observed: &Observed) -> String {
    let all = observed.target_groups.values().flatten();
    let taken: BTreeSet<&str> = all.map(|it| it.spec.name.as_str()).collect();
    let mut name = usual.to_owned();
    while taken.contains(name.as_str()) {
        let stem = name.rfind('-').map_or("", |end| &name[..end]);
        let mut hash = hex(&Sha256::digest(&name));
        // As long as the hash of the usual name.
        hash.truncate(name.len() - stem.len() - usize::from(!stem.is_empty()));
        name = if stem.is_empty() { hash } else { format!("{stem}-{hash}") };
    }
    name
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
