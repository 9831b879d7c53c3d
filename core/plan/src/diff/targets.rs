//! The registrations of one target group. New targets are registered before old ones leave (ALBC does
//! it the other way round): so a rollout that changes every address never leaves the group empty. Only
//! where there is no room for both, old ones leave first.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Arn, Origin, TargetKey, Value, quota::Quota, targets::Target};

use super::{Room, quota::Space};
use crate::{
    Op,
    draft::Ix,
    plan::{Change, Step, Subject},
};

/// Targets that one call takes (`RegisterTargets`, `DeregisterTargets`).
const TARGETS_PER_CALL: usize = 200;

const KIND: &str = "targets";

pub(super) fn diff(room: &mut Room<'_>, key: &TargetKey) {
    let (desired, observed) = (room.desired, room.observed);
    let group = match (&desired.targets, &observed.targets) {
        (Some(want), _) => want.group.clone(),
        (None, Some(seen)) => Value::Known(seen.group.clone()),
        (None, None) => return,
    };
    // What nobody asks for here may be another cluster's.
    let shared = desired.targets.as_ref().is_some_and(|it| it.shared);
    let wanted = desired.targets.as_ref().map(|it| it.targets.clone()).unwrap_or_default();
    let seen = observed.targets.as_ref().filter(|it| Value::Known(it.group.clone()) == group);
    // What drains is on its way out: it is neither there nor in need of being removed.
    let there: BTreeMap<(&str, u16), &Target> = seen
        .iter()
        .flat_map(|it| &it.targets)
        .filter(|(_, health)| health.state != "draining")
        .map(|(target, _)| ((target.id.as_str(), target.port), target))
        .collect();
    // A target is its id and port; AWS fills in the zone by itself.
    let ids: BTreeSet<(&str, u16)> = wanted.keys().map(|it| (it.id.as_str(), it.port)).collect();
    let mut missing: Vec<(&Target, Origin)> = wanted
        .iter()
        .filter(|(target, _)| !there.contains_key(&(target.id.as_str(), target.port)))
        .map(|(target, origin)| (target, origin.clone()))
        .collect();
    let extra: Vec<(&Target, Origin)> = there
        .iter()
        .filter(|(id, _)| !shared && !ids.contains(*id))
        .map(|(_, target)| (*target, Origin::Default))
        .collect();
    let subject = Subject::new(KIND, &key.group, Change::Add);
    let is_full = there.len() + missing.len() > desired.limits.likely(Quota::Targets);
    let staying = there.len() - extra.len();
    let mut space = Space::of(room, Quota::Targets, staying, missing.len());
    let fits = missing.iter().position(|_| space.take(1).is_err()).unwrap_or(missing.len());
    for (_, origin) in missing.split_off(fits) {
        room.hold(&subject, space.reason(), origin);
    }
    let register = |group, targets| Op::RegisterTargets { group, targets };
    let added = calls(room, &missing, &group, (&subject, register));
    let subject = subject.becoming(Change::Delete);
    let deregister = |group, targets| Op::DeregisterTargets { group, targets };
    let dropped = calls(room, &extra, &group, (&subject, deregister));
    match is_full {
        true => room.draft.all_after(&added, &dropped),
        false => room.draft.all_after(&dropped, &added),
    }
}

fn calls(
    room: &mut Room<'_>,
    targets: &[(&Target, Origin)],
    group: &Value<Arn>,
    (subject, op): (&Subject, impl Fn(Value<Arn>, BTreeSet<Target>) -> Op),
) -> Vec<Ix> {
    let mut steps = Vec::new();
    for chunk in targets.chunks(TARGETS_PER_CALL) {
        let set = chunk.iter().map(|(target, _)| (*target).clone()).collect();
        let step = Step::new(op(group.clone(), set), subject.clone(), chunk[0].1.clone());
        steps.extend(room.admit(step));
    }
    steps
}
