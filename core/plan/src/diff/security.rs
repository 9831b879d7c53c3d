//! Security groups and their ingress rules, and our rules on groups that are not ours. A rule is
//! what it lets through: its description is not compared. Egress is left alone.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::model::SHARED_RULES;
use inroad_words::{
    Field, Origin, Origins, ResourceKey, ResourceKind, Value,
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION},
    observed::SeenGroup,
    quota::Quota,
};

use super::{
    Room,
    quota::openings,
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    draft::Ix,
    keep, phrase,
    plan::{Change, Step, Subject},
};

const KIND: &str = "security-group";

pub(super) fn diff(room: &mut Room<'_>) {
    let desired = room.desired;
    for (id, want) in &desired.security_groups {
        let key = keep::key_of(desired, ResourceKind::SecurityGroup, id);
        match room.kept.security_groups.get(id.as_str()) {
            _ if room.is_held(&key) => {}
            Some(seen) => update(room, seen, id),
            None => create(room, key, &want.origins.get("")),
        }
    }
    remove(room);
    shared(room);
}

fn create(room: &mut Room<'_>, key: ResourceKey, origin: &Origin) {
    let spec = room.desired.security_groups[&key.id].spec.clone();
    let subject = Subject::new(KIND, &spec.name, Change::Add);
    let group = key.output(Field::GroupId);
    let (rules, waiting) = openings::fitting(room, [].iter(), spec.ingress.clone());
    if let Some(reason) = waiting {
        room.hold(&subject, reason, origin.clone());
    }
    room.admit(Step::new(Op::CreateSecurityGroup { key, spec }, subject.clone(), origin.clone()));
    if !rules.is_empty() {
        let op = Op::AuthorizeIngress { group, rules };
        room.admit(Step::new(op, subject, origin.clone()));
    }
}

fn update(room: &mut Room<'_>, seen: &SeenGroup, id: &str) {
    let want = &room.desired.security_groups[id];
    let subject = Subject::new(KIND, &seen.spec.name, Change::Change);
    let changes = difference(&want.spec.ingress, &seen.spec.ingress);
    rules(room, seen, changes, &subject, &want.origins);
    let tagged = Tagged {
        kind: ResourceKind::SecurityGroup,
        subject,
        origins: &want.origins,
        want: &want.spec.tags,
        have: &seen.spec.tags,
    };
    tags::ec2(room, &seen.id, &tagged);
}

/// Adds before it takes away, so that nothing that stays allowed is ever shut out; the other way
/// round where both do not fit.
fn rules(
    room: &mut Room<'_>,
    seen: &SeenGroup,
    (add, drop): (BTreeSet<IngressRule>, BTreeSet<IngressRule>),
    subject: &Subject,
    origins: &Origins,
) {
    let there = &seen.spec.ingress;
    let likely = room.desired.limits.likely(Quota::GroupRules);
    let fits = openings::weight(there.union(&add)) <= likely;
    let (add, waiting) = openings::fitting(room, there.difference(&drop), add);
    if let Some(reason) = waiting {
        room.hold(subject, reason, origins.get("ingress"));
    }
    let group = || Value::Known(seen.id.clone());
    let words = |rule| Some(json(&phrase::ingress(rule, room.names)));
    let (mut why_add, mut why_drop) = (Why::new(origins), Why::new(origins));
    add.iter().for_each(|rule| why_add.note("ingress", None, words(rule)));
    drop.iter().for_each(|rule| why_drop.note("ingress", words(rule), None));
    let mut call = |op, why: Why<'_>| -> Option<Ix> {
        let step = Step::new(op, subject.clone(), why.origin());
        (!why.is_empty()).then(|| room.admit(step.because(why.into_changes()))).flatten()
    };
    let added = call(Op::AuthorizeIngress { group: group(), rules: add }, why_add);
    let dropped = call(Op::RevokeIngress { group: group(), rules: drop }, why_drop);
    if let (Some(added), Some(dropped)) = (added, dropped) {
        if fits {
            room.draft.after(dropped, added);
        } else {
            room.draft.after(added, dropped);
            room.draft.only_with(dropped, added);
        }
    }
}

/// Rules to add and rules to take away; a rule's description does not tell it from another.
fn difference(
    want: &BTreeSet<IngressRule>,
    have: &BTreeSet<IngressRule>,
) -> (BTreeSet<IngressRule>, BTreeSet<IngressRule>) {
    let plain = |rules: &BTreeSet<IngressRule>| -> BTreeMap<IngressRule, IngressRule> {
        let bare = |rule: &IngressRule| IngressRule { description: String::new(), ..rule.clone() };
        rules.iter().map(|rule| (bare(rule), rule.clone())).collect()
    };
    let (want, have) = (plain(want), plain(have));
    let but = |these: &BTreeMap<_, IngressRule>, those: &BTreeMap<IngressRule, IngressRule>| {
        these
            .iter()
            .filter(|(key, _)| !those.contains_key(*key))
            .map(|(_, it)| it.clone())
            .collect()
    };
    (but(&want, &have), but(&have, &want))
}

/// Groups that nobody wants, and duplicates of those that somebody does.
fn remove(room: &mut Room<'_>) {
    let observed = room.observed;
    let mut going: Vec<&SeenGroup> = Vec::new();
    for (id, seen) in &observed.security_groups {
        let key = keep::key_of(room.desired, ResourceKind::SecurityGroup, id);
        if !room.is_held(&key) {
            let kept = room.kept.security_groups.get(id.as_str()).map(|it| &it.id);
            going.extend(seen.iter().filter(|it| Some(&it.id) != kept));
        }
    }
    let ids: BTreeSet<&str> = going.iter().map(|it| it.id.as_str()).collect();
    for seen in going {
        let subject = Subject::new(KIND, &seen.spec.name, Change::Delete);
        // Two groups that name each other can go only when one has forgotten the other.
        let mutual = seen.spec.ingress.iter().filter(|rule| match &rule.peer {
            Peer::Group(Value::Known(peer)) => *peer != seen.id && ids.contains(peer.as_str()),
            _ => false,
        });
        let rules: BTreeSet<IngressRule> = mutual.cloned().collect();
        let delete = Op::DeleteSecurityGroup { id: seen.id.clone() };
        let delete = room.admit(Step::new(delete, subject.clone(), Origin::Default));
        if !rules.is_empty() {
            let revoke = Op::RevokeIngress { group: Value::Known(seen.id.clone()), rules };
            let revoke = room.admit(Step::new(revoke, subject, Origin::Default));
            if let (Some(delete), Some(revoke)) = (delete, revoke) {
                room.draft.after(delete, revoke);
            }
        }
    }
}

/// Our rules on groups of others: only those that carry our label are ours.
fn shared(room: &mut Room<'_>) {
    let (desired, observed) = (room.desired, room.observed);
    let is_held = room.is_held(&keep::key_of(desired, ResourceKind::SecurityGroup, SHARED_RULES));
    let ids: BTreeSet<&String> =
        desired.shared_rules.keys().chain(observed.shared_rules.keys()).collect();
    for id in ids {
        let want = desired.shared_rules.get(id);
        let wanted = want.map(|it| it.keys().cloned().collect()).unwrap_or_default();
        let mut ours =
            observed.shared_rules.get(id).cloned().unwrap_or_else(|| SeenGroup::empty(id));
        ours.spec.ingress.retain(is_shared);
        let (add, mut drop) = difference(&wanted, &ours.spec.ingress);
        if is_held {
            drop.clear();
        }
        let first = add.first().and_then(|rule| want?.get(rule)).cloned();
        let origins = Origins::of(first.unwrap_or(Origin::Default));
        let subject = Subject::new("security-group-rules", id, Change::Change);
        rules(room, &ours, (add, drop), &subject, &origins);
    }
}

fn is_shared(rule: &IngressRule) -> bool {
    rule.description.split(',').any(|label| label.trim() == SHARED_RULE_DESCRIPTION)
}
