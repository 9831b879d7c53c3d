//! Rules of listeners: every rule but the default one is ours. The order is moves, new rules, changed
//! rules, removals: what should be there is there at every moment. Only where the load balancer has no
//! room for both, removals come before new rules.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{ORIGIN_TAG, Resource};
use inroad_words::{
    Arn, Origin, ResourceKind,
    balancer::Rule,
    observed::{SeenListener, SeenRule},
};

use super::{
    Room, compare, listener,
    pair::{self, Pairing},
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    draft::Ix,
    keep, phrase,
    plan::{Change, FieldChange, RULE, Step, Subject},
};

/// Rules that an Application Load Balancer takes by default, default rules not counted (ELB's quota
/// "rules per Application Load Balancer").
const RULES_PER_BALANCER: usize = 100;

/// Steps on the rules of one listener, by what they do.
#[derive(Debug, Default)]
struct Steps {
    moves: Vec<Ix>,
    creates: Vec<Ix>,
    modifies: Vec<Ix>,
    deletes: Vec<Ix>,
}

pub(super) fn diff(room: &mut Room<'_>) {
    let desired = room.desired;
    let mut made = BTreeMap::new();
    for (port, listener) in &desired.listeners {
        let wanted: BTreeMap<u32, &Rule> = rules_at(desired, *port)
            .filter(|(priority, _)| !room.is_held(&key(room, *port, *priority)))
            .map(|(priority, it)| (priority, &it.spec))
            .collect();
        match listener::seen_at(room, &listener.spec.load_balancer, *port) {
            Some(seen) => {
                let held = held(room, *port);
                let pairing = pair::pair(&wanted, &seen.rules, held.as_ref());
                made.insert(*port, steps(room, *port, seen, &pairing));
            }
            None => wanted.keys().for_each(|priority| {
                create(room, *port, *priority);
            }),
        }
    }
    order(room, made);
}

fn rules_at(
    desired: &inroad_desired::Desired,
    port: u16,
) -> impl Iterator<Item = (u32, &Resource<Rule>)> {
    let range = desired.rules.range((port, 0)..=(port, u32::MAX));
    range.map(|((_, priority), rule)| (*priority, rule))
}

fn key(room: &Room<'_>, port: u16, priority: u32) -> inroad_words::ResourceKey {
    keep::key_of(room.desired, ResourceKind::Rule, format!("{port}:{priority}"))
}

/// The held priorities of this listener; `None`: nothing of it is held.
fn held(room: &Room<'_>, port: u16) -> Option<BTreeSet<u32>> {
    keep::held_at(room.desired, port)?;
    let rules = room.desired.held.resources.keys().filter(|it| it.kind == ResourceKind::Rule);
    let ours = rules.filter_map(|it| it.id.strip_prefix(&format!("{port}:")));
    Some(ours.filter_map(|priority| priority.parse().ok()).collect())
}

fn steps(room: &mut Room<'_>, port: u16, seen: &SeenListener, pairing: &Pairing) -> Steps {
    let mut steps = Steps::default();
    if !pairing.moves.is_empty() {
        let step = renumber(room, port, seen, pairing);
        steps.moves.extend(room.admit(step));
    }
    for priority in &pairing.create {
        steps.creates.extend(create(room, port, *priority));
    }
    for (priority, ix) in &pairing.modify {
        steps.modifies.extend(modify(room, (port, *priority), &seen.rules[*ix]));
    }
    for ix in &pairing.leftover {
        let rule = &seen.rules[*ix];
        let subject = Subject::new(RULE, format!("{port}/{}", rule.spec.priority), Change::Delete);
        let op = Op::DeleteRule { arn: rule.arn.clone() };
        steps.deletes.extend(room.admit(Step::new(op, subject, Origin::Default)));
    }
    for (priority, ix) in pairing.same.iter().chain(&pairing.modify) {
        let becomes = pairing.modify.contains_key(priority);
        retag(room, (port, *priority), &seen.rules[*ix], becomes);
    }
    steps
}

fn create(room: &mut Room<'_>, port: u16, priority: u32) -> Option<Ix> {
    let want = &room.desired.rules[&(port, priority)];
    let subject = Subject::new(RULE, format!("{port}/{priority}"), Change::Add);
    let op = Op::CreateRule { key: key(room, port, priority), spec: want.spec.clone() };
    room.admit(Step::new(op, subject, want.origins.get("")))
}

fn renumber(room: &Room<'_>, port: u16, seen: &SeenListener, pairing: &Pairing) -> Step {
    let rule = |ix: &usize| &seen.rules[*ix];
    let priorities: BTreeMap<Arn, u32> =
        pairing.moves.iter().map(|(ix, to)| (rule(ix).arn.clone(), *to)).collect();
    let why = pairing.moves.iter().map(|(ix, to)| FieldChange {
        field: "priority".into(),
        before: Some(json(&rule(ix).spec.priority)),
        after: Some(json(to)),
        origin: match pairing.same.get(to) {
            Some(_) => room.desired.rules[&(port, *to)].origins.get("priority"),
            None => Origin::Default,
        },
    });
    let why: Vec<FieldChange> = why.collect();
    let origin = why.iter().map(|it| &it.origin).find(|it| **it != Origin::Default);
    let origin = origin.cloned().unwrap_or(Origin::Default);
    let op = Op::SetRulePriorities { listener: seen.arn.clone(), priorities };
    Step::new(op, Subject::new(RULE, port.to_string(), Change::Change), origin).because(why)
}

fn modify(room: &mut Room<'_>, (port, priority): (u16, u32), seen: &SeenRule) -> Option<Ix> {
    let want = &room.desired.rules[&(port, priority)];
    let mut why = Why::new(&want.origins);
    if !compare::same_conditions(&want.spec.conditions, &seen.spec.conditions) {
        let words = |rule: &Rule| Some(json(&phrase::conditions(&rule.conditions)));
        why.note("conditions", words(&seen.spec), words(&want.spec));
    }
    if !compare::same_actions(&want.spec.actions, &seen.spec.actions) {
        let words = |rule: &Rule| phrase::actions(&rule.actions, room.names);
        why.words("actions", words(&seen.spec), words(&want.spec));
    }
    if !compare::same_transforms(&want.spec.transforms, &seen.spec.transforms) {
        let words = |rule: &Rule| Some(json(&phrase::transforms(&rule.transforms)));
        why.note("transforms", words(&seen.spec), words(&want.spec));
    }
    let subject = Subject::new(RULE, format!("{port}/{priority}"), Change::Change);
    let op = Op::ModifyRule { rule: seen.arn.clone(), spec: want.spec.clone() };
    let step = Step::new(op, subject, why.origin());
    room.admit(step.because(why.into_changes()))
}

/// A rule's resource id holds its priority, so a moved one is tagged anew; so is one that becomes
/// another Ingress's.
fn retag(room: &mut Room<'_>, (port, priority): (u16, u32), seen: &SeenRule, becomes: bool) {
    if !room.controller.balancers.switches.tag_listeners_and_rules {
        return;
    }
    let want = &room.desired.rules[&(port, priority)];
    let tagged = Tagged {
        kind: ResourceKind::Rule,
        subject: Subject::new(RULE, format!("{port}/{priority}"), Change::Change),
        origins: &want.origins,
        want: &want.spec.tags,
        have: &seen.spec.tags,
    };
    if tags::balancing(room, &seen.arn, &tagged).is_none() && becomes {
        tags::correct(room, &seen.arn, &tagged, ORIGIN_TAG);
    }
}

/// Says what references cannot show: priorities are free only after the moves, and what goes may be
/// the former self of what comes.
fn order(room: &mut Room<'_>, made: BTreeMap<u16, Steps>) {
    let existing: usize = room
        .kept
        .load_balancers
        .values()
        .flat_map(|it| it.listeners.values())
        .map(|it| it.rules.len())
        .sum();
    let of =
        |pick: fn(&Steps) -> &Vec<Ix>| made.values().flat_map(pick).copied().collect::<Vec<_>>();
    let (creates, deletes) = (of(|it| &it.creates), of(|it| &it.deletes));
    let is_full = existing + creates.len() > RULES_PER_BALANCER;
    if is_full {
        room.draft.all_after(&creates, &deletes);
    }
    for steps in made.into_values() {
        let draft = &mut room.draft;
        draft.all_after(&steps.creates, &steps.moves);
        draft.all_after(&steps.deletes, &steps.moves);
        draft.all_after(&steps.deletes, &steps.modifies);
        if is_full {
            for (delete, create) in
                steps.deletes.iter().flat_map(|it| steps.creates.iter().map(move |to| (*it, *to)))
            {
                draft.only_with(delete, create);
            }
        } else {
            draft.all_after(&steps.deletes, &steps.creates);
        }
    }
}
