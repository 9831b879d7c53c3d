//! A plan being written: rooms add steps in any order and say only what references cannot show.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::hold::{Hold, HoldReason};

use crate::{Op, plan::Step};

/// A step's place in the draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ix(pub(crate) usize);

/// A step with what is said about its place.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) step: Step,
    /// Steps that it waits for.
    pub(crate) after: BTreeSet<Ix>,
    /// Steps without which it must not happen, whatever the order.
    pub(crate) only_with: BTreeSet<Ix>,
}

/// Steps and holds so far.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) entries: Vec<Entry>,
    pub(crate) holds: Vec<Hold>,
    /// Steps that wait for something outside the plan.
    pub(crate) waits: BTreeMap<Ix, HoldReason>,
}

impl Draft {
    pub(crate) fn push(&mut self, step: Step) -> Ix {
        self.entries.push(Entry { step, after: BTreeSet::new(), only_with: BTreeSet::new() });
        Ix(self.entries.len() - 1)
    }

    /// The steps whose call `picks` picks.
    pub(crate) fn all(&self, picks: impl Fn(&Op) -> bool) -> Vec<Ix> {
        let picked = self.entries.iter().enumerate().filter(|(_, it)| picks(&it.step.op));
        picked.map(|(nth, _)| Ix(nth)).collect()
    }

    /// `later` starts only when `earlier` has succeeded, and is held where `earlier` is.
    pub(crate) fn after(&mut self, later: Ix, earlier: Ix) {
        self.entries[later.0].after.insert(earlier);
    }

    /// Every one of `later` after every one of `earlier`.
    pub(crate) fn all_after(&mut self, later: &[Ix], earlier: &[Ix]) {
        for later in later {
            self.entries[later.0].after.extend(earlier);
        }
    }

    /// `step` is held where `other` is; their order is free.
    pub(crate) fn only_with(&mut self, step: Ix, other: Ix) {
        self.entries[step.0].only_with.insert(other);
    }

    /// `step` waits for something outside the plan.
    pub(crate) fn wait(&mut self, step: Ix, reason: HoldReason) {
        self.waits.insert(step, reason);
    }

    /// A thing that waits by itself, not for a step of this plan.
    pub(crate) fn hold(&mut self, hold: Hold) {
        if !self.holds.contains(&hold) {
            self.holds.push(hold);
        }
    }

    /// Turns a step into what waits for `reason`.
    pub(crate) fn hold_step(&mut self, step: &Step, reason: HoldReason) {
        let (subject, origin) = (step.subject.to_string(), step.origin.clone());
        self.hold(Hold { subject, reason, origin });
    }
}
