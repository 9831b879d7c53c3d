//! What is wanted against what is there: one room for each kind of thing. Neither input is changed;
//! a room says which calls, `order` says when.

mod balancer;
mod compare;
mod listener;
mod mark;
mod overlap;
mod pair;
mod quota;
mod record;
mod rules;
mod same;
mod security;
mod sequence;
mod stay;
mod tags;
mod target_group;
mod targets;
mod web_acl;
mod why;

use inroad_desired::Desired;
use inroad_words::{
    Field, Origin, ResourceKey, Unit,
    controller::Controller,
    facts::Outputs,
    hold::{Hold, HoldReason},
    observed::Observed,
};

use crate::{
    draft::{Draft, Ix},
    fingerprint,
    keep::{Kept, outputs_of},
    order::{self, References},
    phrase::{self, Names},
    plan::{Plan, Step, Subject},
    policy, refers, succession,
};

/// What a room sees, and the draft that it adds to.
pub(crate) struct Room<'a> {
    /// What is wanted, with every reference to what stays filled in.
    desired: &'a Desired,
    observed: &'a Observed,
    controller: &'a Controller,
    kept: &'a Kept<'a>,
    names: &'a Names,
    draft: Draft,
}

impl Room<'_> {
    fn is_held(&self, key: &ResourceKey) -> bool {
        self.desired.held.resources.contains_key(key)
    }

    /// Adds a step, as far as the operator allows it; `None`: not at all.
    fn admit(&mut self, step: Step) -> Option<Ix> {
        let (step, holds) = policy::admit(step, self.controller);
        holds.into_iter().for_each(|hold| self.draft.hold(hold));
        step.map(|step| self.draft.push(step))
    }

    fn hold(&mut self, subject: &Subject, reason: HoldReason, origin: Origin) {
        self.draft.hold(Hold { subject: subject.to_string(), reason, origin });
    }
}

/// Elders go only when their successors are whole and serve; what others must know until then comes back.
fn succeed(room: &mut Room<'_>, elders: &[Ix]) -> Outputs {
    let (desired, observed, kept) = (room.desired, room.observed, room.kept);
    let waits = succession::waits(desired, observed, kept, &room.draft);
    for (step, until) in elders.iter().zip(waits.iter().cycle()) {
        room.draft.wait(*step, HoldReason::Successor(until.clone()));
    }
    succession::told(desired, observed, &kept.elders, waits.is_none())
}

/// The steps from what is there to what is wanted. What exists of the unit and is neither wanted nor
/// held goes.
pub fn diff(desired: &Desired, observed: &Observed, controller: &Controller) -> Plan {
    let mut plan = Plan::nothing(desired.unit.clone());
    if let Some(hold) = &desired.held.unit {
        plan.holds.push(hold.clone());
        // What stands goes on to serve: targets and records that refer to it are not held with it.
        plan.known = outputs_of(observed, &desired.unit);
        return plan;
    }
    let mut kept = Kept::choose(desired, observed);
    plan.known = kept.outputs(&desired.unit);
    plan.names = phrase::names(observed);
    let mut resolved = desired.clone();
    refers::resolve(&mut resolved, &plan.known);
    if !desired.kept.parts.is_empty() {
        stay::stay(&mut resolved, observed, &kept);
        kept = Kept::choose(&resolved, observed);
        plan.known = kept.outputs(&desired.unit);
        refers::resolve(&mut resolved, &plan.known);
    }
    let undecided = succession::is_undecided(&resolved, observed);
    if undecided {
        // Nor is it told where names should lead: they stay.
        plan.known.0.retain(|(_, field), _| *field != Field::DnsName);
    }
    let names = &plan.names;
    let draft = Draft::default();
    let mut room = Room { desired: &resolved, observed, controller, kept: &kept, names, draft };
    for hold in desired.held.resources.values().chain(desired.held.names.values()) {
        room.draft.hold(hold.clone());
    }
    match &desired.unit {
        Unit::Foundation | Unit::Stack(_) => {
            security::diff(&mut room);
            target_group::diff(&mut room);
            let removals = balancer::diff(&mut room);
            if !undecided {
                web_acl::diff(&mut room);
                let waiting = listener::diff(&mut room, &removals);
                rules::diff(&mut room, &waiting);
            }
            plan.told = succeed(&mut room, &removals.elders);
        }
        Unit::Targets(key) => targets::diff(&mut room, key),
        Unit::Zone(zone) => record::diff(&mut room, zone),
    }
    let draft = room.draft;
    plan.relieved = kept.elders.values().flatten().map(|it| it.arn.clone()).collect();
    order::arrange(draft, &References::of(observed), &mut plan);
    fingerprint::note(&mut plan, desired, &kept);
    plan
}
