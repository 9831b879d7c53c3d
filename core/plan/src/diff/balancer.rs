//! Load balancers. Type and scheme cannot change: another one takes the place, beside the old one until it
//! serves ([`crate::succession`]). Where the target groups cannot be doubled, the order is: make the new
//! one, remove the old one, hang the listeners on the new one. Where both bear the same name the old one
//! must go first.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Field, Origin, ResourceKey, ResourceKind, Value, balancer::DELETION_PROTECTION,
    hold::HoldReason, observed::SeenBalancer, quota::Quota,
};

use super::{
    Room, compare,
    quota::{self, Space},
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    codes::{HELD_ON_BALANCER, SECOND_BALANCER},
    draft::Ix,
    keep, phrase,
    plan::{Change, Step, Subject},
};

const KIND: &str = "load-balancer";

/// The steps that remove load balancers.
#[derive(Debug, Default)]
pub(super) struct Removals {
    /// Resource id of a load balancer -> those that free the target groups for it.
    pub(super) before: BTreeMap<String, Vec<Ix>>,
    /// Those of elders, which go when their successors serve.
    pub(super) elders: Vec<Ix>,
}

pub(super) fn diff(room: &mut Room<'_>) -> Removals {
    let (desired, observed) = (room.desired, room.observed);
    let ids: BTreeSet<&String> =
        desired.load_balancers.keys().chain(observed.load_balancers.keys()).collect();
    let mut all = Removals::default();
    for id in ids {
        let key = keep::key_of(desired, ResourceKind::LoadBalancer, id);
        if room.is_held(&key) {
            continue;
        }
        let kept = room.kept.load_balancers.get(id.as_str()).copied();
        match (room.kept.frozen.get(id.as_str()).cloned(), kept) {
            (Some(reason), Some(seen)) => freeze(room, seen, reason),
            (_, Some(seen)) => update(room, seen, id),
            _ => {}
        }
        let removals = remove_others(room, id, kept);
        if kept.is_none() && desired.load_balancers.contains_key(id) {
            replace(room, key, &removals);
        }
        let is_elder = |it: &Removal| {
            let elders = room.kept.elders.get(id.as_str()).into_iter().flatten();
            elders.into_iter().any(|elder| elder.spec.name == it.name)
        };
        let (elders, before): (Vec<_>, Vec<_>) = removals.into_iter().partition(is_elder);
        all.elders.extend(elders.iter().flat_map(|it| &it.steps));
        all.before.insert(id.clone(), before.into_iter().flat_map(|it| it.steps).collect());
    }
    all
}

/// What should be replaced or removed, but carries what is held, stays as it is.
fn freeze(room: &mut Room<'_>, seen: &SeenBalancer, reason: HoldReason) {
    let subject = Subject::new(KIND, &seen.spec.name, Change::Change);
    room.hold(&subject, reason, Origin::Default);
}

/// How one goes.
struct Removal {
    name: String,
    /// The removal itself, then that of its guard against deletion.
    steps: Vec<Ix>,
}

/// Makes the load balancer; `removals` are those that it replaces.
fn replace(room: &mut Room<'_>, key: ResourceKey, removals: &[Removal]) {
    let want = &room.desired.load_balancers[&key.id];
    let origin = want.origins.get("");
    let subject = Subject::new(KIND, &want.spec.name, Change::Add);
    if let Some(reason) = keep::cannot_be_made(&want.spec) {
        return room.hold(&subject, reason, origin);
    }
    let worn = want.spec.security_groups.len();
    let fits = Space::of(room, Quota::GroupsPerInterface, 0, worn).take(worn);
    let full = quota::refused(room.desired, Quota::LoadBalancers).or(fits.err());
    if let Some(reason) = full.filter(|_| removals.is_empty()) {
        return room.hold(&subject, reason, origin);
    }
    let balancer = key.output(Field::Arn);
    let op = Op::CreateLoadBalancer { key, spec: want.spec.clone() };
    let Some(create) = room.admit(Step::new(op, subject.clone(), origin.clone())) else { return };
    for Removal { name, steps } in removals {
        let removal = steps[0];
        if *name == want.spec.name {
            room.draft.after(create, removal);
            room.draft.only_with(removal, create);
        } else {
            room.draft.after(removal, create);
        }
    }
    if !want.spec.attributes.is_empty() {
        let set = want.spec.attributes.clone();
        let op = Op::ModifyLoadBalancerAttributes { balancer, set };
        room.admit(Step::new(op, subject, origin));
    }
}

/// Removes what has this id and is not kept: names and steps. A second one that could serve as well
/// and has listeners is left to a human.
fn remove_others(room: &mut Room<'_>, id: &str, kept: Option<&SeenBalancer>) -> Vec<Removal> {
    let (desired, observed) = (room.desired, room.observed);
    let want = desired.load_balancers.get(id);
    let mut removals = Vec::new();
    for seen in observed.load_balancers.get(id).into_iter().flatten() {
        if kept.is_some_and(|kept| kept.arn == seen.arn) {
            continue;
        }
        let subject = Subject::new(KIND, &seen.spec.name, Change::Delete);
        let is_twin = want.is_some_and(|it| keep::can_become(seen, &it.spec));
        if keep::held_on(desired, seen).is_some() {
            let reason =
                HoldReason::Policy(format!("something on it is held [{HELD_ON_BALANCER}]"));
            room.hold(&subject, reason, Origin::Default);
        } else if is_twin && !seen.listeners.is_empty() {
            let why = format!("a second one with the same tags has listeners [{SECOND_BALANCER}]");
            room.hold(&subject, HoldReason::Policy(why), Origin::Default);
        } else if let Some(steps) = remove(room, seen, subject) {
            removals.push(Removal { name: seen.spec.name.clone(), steps });
        }
    }
    removals
}

/// Removes one, its guard against deletion first, as ALBC does (load-balancers.md 8.1).
fn remove(room: &mut Room<'_>, seen: &SeenBalancer, subject: Subject) -> Option<Vec<Ix>> {
    let op = Op::DeleteLoadBalancer { arn: seen.arn.clone() };
    let delete = room.admit(Step::new(op, subject.clone(), Origin::Default))?;
    if seen.spec.attributes.get(DELETION_PROTECTION).is_some_and(|it| it == "true") {
        let set = BTreeMap::from([(DELETION_PROTECTION.to_owned(), "false".to_owned())]);
        let balancer = Value::Known(seen.arn.clone());
        let op = Op::ModifyLoadBalancerAttributes { balancer, set };
        let unguard = room.admit(Step::new(op, subject, Origin::Default))?;
        room.draft.after(delete, unguard);
        room.draft.only_with(unguard, delete);
        return Some(vec![delete, unguard]);
    }
    Some(vec![delete])
}

fn update(room: &mut Room<'_>, seen: &SeenBalancer, id: &str) {
    let Some(want) = room.desired.load_balancers.get(id) else { return };
    let subject = Subject::new(KIND, &seen.spec.name, Change::Change);
    let subnets = subnets(room, seen, id, &subject);
    let family = family(room, seen, id, &subject);
    if let (Some(subnets), Some(family)) = (subnets, family) {
        // Every subnet of a dualstack load balancer has IPv6, so subnets change while it is IPv4.
        if want.spec.ip_address_type.has_ipv6() {
            room.draft.after(family, subnets);
        } else {
            room.draft.after(subnets, family);
        }
    }
    security_groups(room, seen, id, &subject);
    let set = compare::missing(&want.spec.attributes, &seen.spec.attributes);
    if !set.is_empty() {
        let mut why = Why::new(&want.origins);
        why.entries("loadBalancerAttributes", &seen.spec.attributes, &set);
        let balancer = Value::Known(seen.arn.clone());
        let op = Op::ModifyLoadBalancerAttributes { balancer, set };
        admit(room, op, &subject, why);
    }
    let tagged = Tagged {
        kind: ResourceKind::LoadBalancer,
        subject,
        origins: &want.origins,
        want: &want.spec.tags,
        have: &seen.spec.tags,
    };
    tags::balancing(room, &seen.arn, &tagged);
}

fn admit(room: &mut Room<'_>, op: Op, subject: &Subject, why: Why<'_>) -> Option<Ix> {
    let step = Step::new(op, subject.clone(), why.origin());
    room.admit(step.because(why.into_changes()))
}

fn subnets(room: &mut Room<'_>, seen: &SeenBalancer, id: &str, subject: &Subject) -> Option<Ix> {
    let want = &room.desired.load_balancers[id];
    let (have, pick) = (&seen.spec.subnets.prefer, &want.spec.subnets);
    if have == &pick.prefer || (pick.keep && !have.is_empty()) {
        return None;
    }
    let mut why = Why::new(&want.origins);
    why.compare("subnetMapping", have, &pick.prefer);
    let op = Op::SetSubnets { balancer: seen.arn.clone(), subnets: pick.prefer.clone() };
    admit(room, op, subject, why)
}

fn family(room: &mut Room<'_>, seen: &SeenBalancer, id: &str, subject: &Subject) -> Option<Ix> {
    let want = &room.desired.load_balancers[id];
    let mut why = Why::new(&want.origins);
    why.compare("ipAddressType", &seen.spec.ip_address_type, &want.spec.ip_address_type);
    let ip_address_type = want.spec.ip_address_type;
    let op = Op::SetIpAddressType { balancer: seen.arn.clone(), ip_address_type };
    (!why.is_empty()).then(|| admit(room, op, subject, why)).flatten()
}

fn security_groups(room: &mut Room<'_>, seen: &SeenBalancer, id: &str, subject: &Subject) {
    let want = &room.desired.load_balancers[id];
    let set = |groups: &[Value<String>]| groups.iter().cloned().collect::<BTreeSet<_>>();
    let (have, groups) = (&seen.spec.security_groups, &want.spec.security_groups);
    // Nobody asked for groups: AWS gave the VPC's default one, and a call without any is refused.
    if groups.is_empty() || set(have) == set(groups) {
        return;
    }
    let words = |groups: &[Value<String>]| {
        json(&groups.iter().map(|it| phrase::reference(it, room.names)).collect::<Vec<_>>())
    };
    let mut why = Why::new(&want.origins);
    why.note("securityGroups", Some(words(have)), Some(words(groups)));
    if let Err(reason) =
        Space::of(room, Quota::GroupsPerInterface, 0, groups.len()).take(groups.len())
    {
        return room.hold(subject, reason, want.origins.get("securityGroups"));
    }
    let op = Op::SetSecurityGroups { balancer: seen.arn.clone(), groups: groups.clone() };
    admit(room, op, subject, why);
}
