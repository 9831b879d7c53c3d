//! Security groups and their ingress rules, and our rules on groups that are not ours. A rule is
//! what it lets through: its description is not compared. Egress is left alone.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::model::SHARED_RULES;
use inroad_words::{
    Field, Origin, ResourceKey, ResourceKind, Value,
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION},
    observed::SeenGroup,
};

use super::{
    Room,
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    draft::Ix,
    keep, phrase,
    plan::{Change, Step, Subject},
};

/// Rules that a security group takes by default (EC2's quota "inbound rules per security group").
const RULES_PER_GROUP: usize = 60;

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
    let (group, rules) = (key.output(Field::GroupId), spec.ingress.clone());
    room.admit(Step::new(Op::CreateSecurityGroup { key, spec }, subject.clone(), origin.clone()));
    if !rules.is_empty() {
        let op = Op::AuthorizeIngress { group, rules };
        room.admit(Step::new(op, subject, origin.clone()));
    }
}

fn update(room: &mut Room<'_>, seen: &SeenGroup, id: &str) {
    let want = &room.desired.security_groups[id];
    let subject = Subject::new(KIND, &seen.spec.name, Change::Change);
    let mut why = Why::new(&want.origins);
    let (add, drop) = difference(&want.spec.ingress, &seen.spec.ingress);
    note(room, &mut why, &add, &drop);
    rules(room, seen, (add, drop), &subject, why);
    let tagged = Tagged {
        kind: ResourceKind::SecurityGroup,
        subject,
        origins: &want.origins,
        want: &want.spec.tags,
        have: &seen.spec.tags,
    };
    tags::ec2(room, &seen.id, &tagged);
}

fn note(
    room: &Room<'_>,
    why: &mut Why<'_>,
    add: &BTreeSet<IngressRule>,
    drop: &BTreeSet<IngressRule>,
) {
    for rule in drop {
        why.note("ingress", Some(json(&phrase::ingress(rule, room.names))), None);
    }
    for rule in add {
        why.note("ingress", None, Some(json(&phrase::ingress(rule, room.names))));
    }
}

/// Adds before it takes away, so that nothing that stays allowed is ever shut out; the other way
/// round where both do not fit.
fn rules(
    room: &mut Room<'_>,
    seen: &SeenGroup,
    (add, drop): (BTreeSet<IngressRule>, BTreeSet<IngressRule>),
    subject: &Subject,
    why: Why<'_>,
) {
    let origin = why.origin();
    let why = why.into_changes();
    let fits = seen.spec.ingress.len() + add.len() <= RULES_PER_GROUP;
    let group = Value::Known(seen.id.clone());
    let mut call = |op, is_due: bool| -> Option<Ix> {
        let step = Step::new(op, subject.clone(), origin.clone()).because(why.clone());
        is_due.then(|| room.admit(step)).flatten()
    };
    let (has_add, has_drop) = (!add.is_empty(), !drop.is_empty());
    let added = call(Op::AuthorizeIngress { group: group.clone(), rules: add }, has_add);
    let dropped = call(Op::RevokeIngress { group, rules: drop }, has_drop);
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
        let origins = inroad_words::Origins::of(first.unwrap_or(Origin::Default));
        let mut why = Why::new(&origins);
        note(room, &mut why, &add, &drop);
        let subject = Subject::new("security-group-rules", id, Change::Change);
        rules(room, &ours, (add, drop), &subject, why);
    }
}

fn is_shared(rule: &IngressRule) -> bool {
    rule.description.split(',').any(|label| label.trim() == SHARED_RULE_DESCRIPTION)
}
