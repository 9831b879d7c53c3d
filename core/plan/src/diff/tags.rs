//! Which tags are ours to write and to remove (load-balancers.md 4.4).

use std::collections::BTreeSet;

use inroad_desired::is_note;
use inroad_words::{Arn, Origins, ResourceKind, Tags};

use super::{Room, why::Why};
use crate::{
    Op,
    draft::Ix,
    plan::{Step, Subject},
};

/// Keys that ALBC v1 left behind and that its successor does not touch.
const LEGACY: [&str; 6] = [
    "kubernetes.io/cluster-name",
    "kubernetes.io/namespace",
    "kubernetes.io/ingress-name",
    "kubernetes.io/service-name",
    "kubernetes.io/service-port",
    "ingress.k8s.aws/cluster",
];

/// Tags to write and keys to remove.
type Changes = (Tags, BTreeSet<String>);

/// A resource whose tags are compared.
pub(super) struct Tagged<'a> {
    pub(super) kind: ResourceKind,
    pub(super) subject: Subject,
    pub(super) origins: &'a Origins,
    pub(super) want: &'a Tags,
    pub(super) have: &'a Tags,
}

/// Plans the tags of an ELBv2 resource.
pub(super) fn balancing(room: &mut Room<'_>, arn: &Arn, tagged: &Tagged<'_>) -> Option<Ix> {
    let (set, remove) = changes(room, tagged)?;
    let why = because(tagged, &set, &remove);
    step(room, Op::TagBalancing { arn: arn.clone(), set, remove }, tagged, why)
}

/// Plans a note of ours anew beside a write that would make it untrue. One that is missing is left so.
pub(super) fn correct(room: &mut Room<'_>, arn: &Arn, tagged: &Tagged<'_>, key: &str) {
    let Some(want) = tagged.want.get(key) else { return };
    if tagged.have.get(key).is_none_or(|have| have == want) {
        return;
    }
    let (set, remove) = (Tags::from([(key.to_owned(), want.clone())]), BTreeSet::new());
    let why = because(tagged, &set, &remove);
    step(room, Op::TagBalancing { arn: arn.clone(), set, remove }, tagged, why);
}

/// Plans the tags of an EC2 resource.
pub(super) fn ec2(room: &mut Room<'_>, id: &str, tagged: &Tagged<'_>) -> Option<Ix> {
    let (set, remove) = changes(room, tagged)?;
    let why = because(tagged, &set, &remove);
    step(room, Op::TagEc2 { id: id.into(), set, remove }, tagged, why)
}

fn because<'a>(tagged: &Tagged<'a>, set: &Tags, remove: &BTreeSet<String>) -> Why<'a> {
    let mut why = Why::new(tagged.origins);
    why.tags(tagged.have, set, remove);
    why
}

fn step(room: &mut Room<'_>, op: Op, tagged: &Tagged<'_>, why: Why<'_>) -> Option<Ix> {
    let step = Step::new(op, tagged.subject.clone(), why.origin());
    room.admit(step.because(why.into_changes()))
}

/// What differs; a tag that is right is never sent again (ALBC's IAM policy refuses AddTags that
/// carry the cluster tag).
fn changes(room: &Room<'_>, tagged: &Tagged<'_>) -> Option<Changes> {
    let set: Tags = tagged
        .want
        .iter()
        .filter(|(key, value)| {
            tagged.have.get(*key) != Some(*value)
                && !room.controller.balancers.external_managed_tags.contains(*key)
        })
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let extra = tagged.have.keys().filter(|key| !tagged.want.contains_key(*key));
    let remove: BTreeSet<String> =
        extra.filter(|key| is_ours(room, tagged.kind, key)).cloned().collect();
    let is_due = !remove.is_empty() || set.keys().any(|key| !is_note(key));
    is_due.then_some((set, remove))
}

/// Whether a tag that nobody wants may be removed.
fn is_ours(room: &Room<'_>, kind: ResourceKind, key: &str) -> bool {
    let settings = &room.controller.balancers;
    // ALBC honours its legacy keys everywhere but on listeners and rules.
    let has_legacy = !matches!(kind, ResourceKind::Listener | ResourceKind::Rule);
    let is_legacy = LEGACY.contains(&key)
        || key.strip_prefix("kubernetes.io/cluster/") == Some(settings.cluster_name.as_str());
    !(key.starts_with("aws:")
        || is_note(key)
        || settings.external_managed_tags.contains(key)
        || (has_legacy && is_legacy))
}
