//! Target groups. What cannot change is replaced: the new one first, the old one when nobody forwards
//! to it any more.

use std::collections::BTreeMap;

use inroad_words::{
    Field, Origin, ResourceKey, ResourceKind, Value, observed::SeenTargetGroup, quota::Quota,
    targets::TargetGroup,
};

use super::{
    Room, compare, quota,
    tags::{self, Tagged},
    why::Why,
};
use crate::{
    Op, keep,
    plan::{Change, Step, Subject},
    succession,
};

const KIND: &str = "target-group";

pub(super) fn diff(room: &mut Room<'_>) {
    let (desired, observed) = (room.desired, room.observed);
    for id in desired.target_groups.keys() {
        let key = keep::key_of(desired, ResourceKind::TargetGroup, id);
        match room.kept.target_groups.get(id.as_str()) {
            _ if room.is_held(&key) => {}
            Some(seen) => update(room, seen, id),
            None => create(room, key),
        }
    }
    for (id, seen) in &observed.target_groups {
        let key = keep::key_of(desired, ResourceKind::TargetGroup, id);
        let kept = room.kept.target_groups.get(id.as_str()).map(|it| &it.arn);
        let going = seen.iter().filter(|it| Some(&it.arn) != kept && !room.is_held(&key));
        for seen in going.collect::<Vec<_>>() {
            let op = Op::DeleteTargetGroup { arn: seen.arn.clone() };
            let subject = Subject::new(KIND, id, Change::Delete);
            room.admit(Step::new(op, subject, Origin::Default));
        }
    }
}

fn create(room: &mut Room<'_>, key: ResourceKey) {
    let want = &room.desired.target_groups[&key.id];
    let origin = want.origins.get("");
    let subject = Subject::new(KIND, &key.id, Change::Add);
    if let Some(reason) = quota::refused(room.desired, Quota::TargetGroups) {
        return room.hold(&subject, reason, origin);
    }
    let group = key.output(Field::Arn);
    let name = succession::free_name(&want.spec.name, room.observed);
    let op = Op::CreateTargetGroup { key, spec: TargetGroup { name, ..want.spec.clone() } };
    room.admit(Step::new(op, subject.clone(), origin.clone()));
    if !want.spec.attributes.is_empty() {
        let set = want.spec.attributes.clone();
        let op = Op::ModifyTargetGroupAttributes { group, set };
        room.admit(Step::new(op, subject, origin));
    }
}

fn update(room: &mut Room<'_>, seen: &SeenTargetGroup, id: &str) {
    let want = &room.desired.target_groups[id];
    let subject = Subject::new(KIND, id, Change::Change);
    let group = Value::Known(seen.arn.clone());
    let mut why = Why::new(&want.origins);
    health_check(&mut why, seen, want);
    if !why.is_empty() {
        let spec = want.spec.health_check.clone();
        let op = Op::ModifyHealthCheck { group: group.clone(), spec };
        room.admit(Step::new(op, subject.clone(), why.origin()).because(why.into_changes()));
    }
    let set = compare::missing(&want.spec.attributes, &seen.spec.attributes);
    if !set.is_empty() {
        let mut why = Why::new(&want.origins);
        why.entries("targetGroupAttributes", &seen.spec.attributes, &set);
        let op = Op::ModifyTargetGroupAttributes { group, set };
        let step = Step::new(op, subject.clone(), why.origin());
        room.admit(step.because(why.into_changes()));
    }
    let tagged = Tagged {
        kind: ResourceKind::TargetGroup,
        subject,
        origins: &want.origins,
        want: &want.spec.tags,
        have: &seen.spec.tags,
    };
    tags::balancing(room, &seen.arn, &tagged);
}

fn health_check(
    why: &mut Why<'_>,
    seen: &SeenTargetGroup,
    want: &inroad_desired::Resource<TargetGroup>,
) {
    let (have, want) = (&seen.spec.health_check, &want.spec.health_check);
    why.compare("healthCheckConfig.port", &have.port, &want.port);
    why.compare("healthCheckConfig.protocol", &have.protocol, &want.protocol);
    // A probe that only connects has neither; what AWS says of them then is nobody's wish.
    if want.path.is_some() {
        why.compare("healthCheckConfig.path", &have.path, &want.path);
    }
    if want.matcher.is_some() {
        why.compare("healthCheckConfig.matcher", &have.matcher, &want.matcher);
    }
    let numbers: BTreeMap<&str, (u32, u32)> = BTreeMap::from([
        ("intervalSeconds", (have.interval_seconds, want.interval_seconds)),
        ("timeoutSeconds", (have.timeout_seconds, want.timeout_seconds)),
        ("healthyThresholdCount", (have.healthy_threshold, want.healthy_threshold)),
        ("unhealthyThresholdCount", (have.unhealthy_threshold, want.unhealthy_threshold)),
    ]);
    for (field, (have, want)) in numbers {
        why.compare(&format!("healthCheckConfig.{field}"), &have, &want);
    }
}
