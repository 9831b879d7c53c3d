//! Rules of listeners: every rule but the default one is ours. `pair` says which becomes which, `quota`
//! for which there is room, `sequence` in which order; here are the steps.

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
    quota,
    sequence::{self, Steps, Turn, Way},
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    draft::Ix,
    keep, order, phrase,
    plan::{Change, FieldChange, RULE, Step, Subject},
    refers,
};

/// The rules of one listener: wanted ones, those that are there, and which becomes which.
pub(super) struct Port<'a> {
    pub(super) wanted: BTreeMap<u32, &'a Rule>,
    /// `None`: the listener is yet to be made.
    pub(super) seen: Option<&'a SeenListener>,
    /// Held priorities; `None`: nothing of it is held.
    pub(super) held: Option<BTreeSet<u32>>,
    /// Whether some wanted rule cannot be made now, since something that it needs is neither there nor made.
    pub(super) waits: bool,
    /// The step that changes what becomes of requests that no rule matches.
    pub(super) turn: Option<Ix>,
    pub(super) pairing: Pairing,
}

impl Port<'_> {
    /// The rules that are there.
    pub(super) fn rules(&self) -> &[SeenRule] {
        self.seen.map_or(&[], |it| &it.rules)
    }
}

/// `waiting`: listeners that are not made, for want of room.
pub(super) fn diff(room: &mut Room<'_>, waiting: &BTreeSet<u16>) {
    let listeners = room.desired.listeners.keys().filter(|port| !waiting.contains(port));
    let mut ports: BTreeMap<u16, Port<'_>> =
        listeners.map(|port| (*port, look_at(room, *port))).collect();
    quota::rules(room, &mut ports);
    let mut spare = quota::spare(room, &ports);
    let is_full = spare.is_none();
    let mut made = Vec::new();
    for (port, it) in &mut ports {
        let steps = match sequence::choose(it, &mut spare) {
            Way::AtOnce(moves) => at_once(room, *port, it, &moves),
            Way::Climbing => climb(room, *port, it),
        };
        sequence::order(room, it, &steps, is_full);
        made.push(steps);
    }
    if is_full {
        sequence::make_room(room, &made);
    }
}

fn look_at<'a>(room: &Room<'a>, port: u16) -> Port<'a> {
    let listener = &room.desired.listeners[&port].spec;
    let wanted: BTreeMap<u32, &Rule> = rules_at(room.desired, port)
        .filter(|(priority, _)| !room.is_held(&key(room, port, *priority)))
        .map(|(priority, it)| (priority, &it.spec))
        .collect();
    let seen = listener::seen_at(room, &listener.load_balancer, port);
    let held = held(room, port).filter(|_| seen.is_some());
    let pairing = pair::pair(&wanted, seen.map_or(&[], |it| &it.rules), held.as_ref());
    let turns = |it: &SeenListener| {
        !compare::same_actions(&listener.default_actions, &it.spec.default_actions)
    };
    let turn = seen.filter(|it| turns(it)).and_then(|it| {
        let is_this =
            |op: &Op| matches!(op, Op::ModifyListener { listener, .. } if *listener == it.arn);
        room.draft.all(is_this).first().copied()
    });
    let waits = wanted.values().any(|rule| waits(room, rule));
    Port { wanted, seen, held, waits, turn, pairing }
}

fn waits(room: &Room<'_>, rule: &Rule) -> bool {
    let mut needed = refers::awaited(rule).into_iter();
    needed.any(|(of, _)| room.draft.all(|op| order::created(op) == Some(&of)).is_empty())
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

fn at_once(room: &mut Room<'_>, port: u16, it: &Port<'_>, moves: &BTreeMap<usize, u32>) -> Steps {
    let mut steps = Steps::default();
    if let Some(seen) = it.seen.filter(|_| !moves.is_empty()) {
        let step = renumber(room, (port, seen), moves, moves);
        steps.moves = room.admit(step);
    }
    for priority in &it.pairing.create {
        let ix = create(room, port, *priority);
        steps.creates.extend(ix.map(|ix| (*priority, ix)));
    }
    for (priority, nth) in &it.pairing.modify {
        let ix = modify(room, (port, *priority), &it.rules()[*nth]);
        steps.modifies.extend(ix.map(|ix| (*priority, ix)));
    }
    remove(room, port, it, &mut steps);
    retag_all(room, port, it);
    steps
}

/// One after the other, from the first wanted rule to the last: all rules step aside to the end in their
/// order, and each wanted one is made or comes back in its turn. So what stands before the point that is
/// reached is as wanted, and what stands behind it as it was.
fn climb(room: &mut Room<'_>, port: u16, it: &Port<'_>) -> Steps {
    let Some(seen) = it.seen else { return Steps::default() };
    let mut steps = Steps::default();
    let (aside, turns) = sequence::climb(it);
    let back = |turn: &Turn| match turn {
        Turn::Back(moves) => moves.clone(),
        _ => BTreeMap::new(),
    };
    let told: BTreeMap<usize, u32> = turns.iter().flat_map(back).collect();
    let step = renumber(room, (port, seen), &aside, &told);
    steps.last = room.admit(step);
    for turn in turns {
        let added = match &turn {
            Turn::Back(moves) => {
                let step = renumber(room, (port, seen), moves, &BTreeMap::new());
                room.admit(step)
            }
            Turn::Create(priority) => create(room, port, *priority),
            Turn::Modify(priority, nth) => modify(room, (port, *priority), &seen.rules[*nth]),
        };
        let Some(ix) = added else { continue };
        room.draft.all_after(&[ix], steps.last.as_slice());
        steps.last = Some(ix);
        match turn {
            Turn::Create(priority) => drop(steps.creates.insert(priority, ix)),
            Turn::Modify(priority, _) => drop(steps.modifies.insert(priority, ix)),
            Turn::Back(_) => {}
        }
    }
    remove(room, port, it, &mut steps);
    retag_all(room, port, it);
    steps
}

fn remove(room: &mut Room<'_>, port: u16, it: &Port<'_>, steps: &mut Steps) {
    for nth in &it.pairing.leftover {
        let rule = &it.rules()[*nth];
        let subject = Subject::new(RULE, format!("{port}/{}", rule.spec.priority), Change::Delete);
        let op = Op::DeleteRule { arn: rule.arn.clone() };
        let ix = room.admit(Step::new(op, subject, Origin::Default));
        steps.deletes.extend(ix.map(|ix| (*nth, ix)));
    }
}

fn retag_all(room: &mut Room<'_>, port: u16, it: &Port<'_>) {
    for (priority, nth) in it.pairing.same.iter().chain(&it.pairing.modify) {
        let becomes = it.pairing.modify.contains_key(priority);
        retag(room, (port, *priority), &it.rules()[*nth], becomes);
    }
}

fn create(room: &mut Room<'_>, port: u16, priority: u32) -> Option<Ix> {
    let want = &room.desired.rules[&(port, priority)];
    let subject = Subject::new(RULE, format!("{port}/{priority}"), Change::Add);
    let op = Op::CreateRule { key: key(room, port, priority), spec: want.spec.clone() };
    room.admit(Step::new(op, subject, want.origins.get("")))
}

/// `told`: where rules end up, of which this is the first step.
fn renumber(
    room: &Room<'_>,
    (port, seen): (u16, &SeenListener),
    moves: &BTreeMap<usize, u32>,
    told: &BTreeMap<usize, u32>,
) -> Step {
    let rule = |ix: &usize| &seen.rules[*ix];
    let priorities: BTreeMap<Arn, u32> =
        moves.iter().map(|(ix, to)| (rule(ix).arn.clone(), *to)).collect();
    let why = told.iter().filter(|(ix, to)| rule(ix).spec.priority != **to);
    let why = why.map(|(ix, to)| FieldChange {
        field: "priority".into(),
        before: Some(json(&rule(ix).spec.priority)),
        after: Some(json(to)),
        origin: match room.desired.rules.get(&(port, *to)) {
            Some(want) => want.origins.get("priority"),
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
