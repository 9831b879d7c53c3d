//! The value between deciding and doing: which calls, in which order, for whom, and what waits.
//! Plain data; nothing in here decides.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{RESOURCE_TAG, is_note};
use inroad_words::{
    Arn, Origin, Unit,
    facts::Outputs,
    hold::{Hold, HoldReason},
};
use serde::Serialize;

use crate::{Op, RecordChange};

/// The kind of a [`Subject`] that is a listener's rule.
pub(crate) const RULE: &str = "rule";

/// A step's number within its plan. Numbers are a legal order of execution, and break every tie, so
/// that two runs over the same input print and execute the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct OpId(pub u32);

/// What is to be done for one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// Whose plan it is.
    pub unit: Unit,
    /// The steps.
    pub ops: BTreeMap<OpId, Step>,
    /// Step -> the steps that must have succeeded before it starts; absent: none.
    pub after: BTreeMap<OpId, BTreeSet<OpId>>,
    /// What is wanted and waits. Nothing of it is touched by `ops`, and it is never deleted.
    pub holds: Vec<Hold>,
    /// What is already known of the unit's resources that stay.
    pub known: Outputs,
    /// What others are told instead of what is known or made, while a load balancer is replaced: the name
    /// of the one that still serves, and its target groups ([`inroad_words::Field::ElderArn`]).
    pub told: Outputs,
    /// Load balancers in whose place others serve, or will. Names must lead to none of them any more
    /// before it is deleted.
    pub relieved: BTreeSet<Arn>,
    /// ARNs and ids that the steps mention -> what people call them.
    pub names: BTreeMap<String, String>,
}

/// One call, with who makes it happen and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The call.
    pub op: Op,
    /// The thing that it is part of making, changing or removing.
    pub subject: Subject,
    /// The object and field that makes it happen.
    pub origin: Origin,
    /// For changes: which fields differ.
    pub why: Vec<FieldChange>,
}

/// A thing that a plan makes, changes or removes. Several steps may share one: a load balancer and
/// its attributes are two calls and one thing to add.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Subject {
    /// The field's own term: `target-group`, `listener`, `targets`, `records`.
    pub kind: &'static str,
    /// What people call it: `443`, `443/1`, `shop/web-cart:80`.
    pub name: String,
    /// What becomes of it.
    pub change: Change,
}

/// What becomes of a thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It is made.
    Add,
    /// It stays and becomes different.
    Change,
    /// It goes.
    Delete,
}

/// One field that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldChange {
    /// The field in the spelling of the stack schema (`healthCheckConfig.path`).
    pub field: String,
    /// What is there; `None`: nothing.
    pub before: Option<serde_json::Value>,
    /// What is to be there; `None`: nothing.
    pub after: Option<serde_json::Value>,
    /// Who says what is to be there.
    pub origin: Origin,
}

/// How much a plan does, in things and not in calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Counts {
    /// Things that are made.
    pub add: usize,
    /// Things that become different.
    pub change: usize,
    /// Things that go.
    pub delete: usize,
    /// Things that wait.
    pub held: usize,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.add += other.add;
        self.change += other.change;
        self.delete += other.delete;
        self.held += other.held;
    }
}

impl Step {
    pub(crate) fn new(op: Op, subject: Subject, origin: Origin) -> Self {
        Self { op, subject, origin, why: Vec::new() }
    }

    pub(crate) fn because(mut self, why: Vec<FieldChange>) -> Self {
        self.why = why;
        self
    }

    /// Whether it does no more than to note a rule's present number in its tags.
    fn only_numbers(&self) -> bool {
        let Op::TagBalancing { set, remove, .. } = &self.op else { return false };
        let is_number = |key: &String| key == RESOURCE_TAG || is_note(key);
        let numbers = set.contains_key(RESOURCE_TAG) && set.keys().all(is_number);
        self.subject.kind == RULE && remove.is_empty() && numbers
    }
}

impl Subject {
    pub(crate) fn new(kind: &'static str, name: impl Into<String>, change: Change) -> Self {
        Self { kind, name: name.into(), change }
    }

    /// The same thing with another fate.
    pub(crate) fn becoming(&self, change: Change) -> Self {
        Self { change, ..self.clone() }
    }
}

/// `listener 443`.
impl std::fmt::Display for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Plan {
    /// A plan that does nothing.
    pub fn nothing(unit: Unit) -> Self {
        Self {
            unit,
            ops: BTreeMap::new(),
            after: BTreeMap::new(),
            holds: Vec::new(),
            known: Outputs::default(),
            told: Outputs::default(),
            relieved: BTreeSet::new(),
            names: BTreeMap::new(),
        }
    }

    /// Whether there is nothing to do; what is held does not count.
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// The plan without the steps that `waits` picks and those that come after them: each is held for
    /// `reason` instead.
    #[must_use]
    pub fn holding(mut self, waits: impl Fn(&Op) -> bool, reason: &HoldReason) -> Self {
        for step in self.leave_out(|step| waits(&step.op)) {
            if step.op.is_note() {
                continue;
            }
            let subject = step.subject.to_string();
            let hold = Hold { subject, reason: reason.clone(), origin: step.origin };
            if !self.holds.contains(&hold) {
                self.holds.push(hold);
            }
        }
        self
    }

    /// The plan without the steps that nobody waits for, and whether there are any: the tags that number
    /// rules anew once these have moved, one call a rule. Who leaves them out plans again afterwards;
    /// until then the stack has no fingerprint.
    #[must_use]
    pub fn urgent(mut self) -> (Self, bool) {
        let waits = !self.leave_out(Step::only_numbers).is_empty();
        if self.ops.values().all(|step| step.op.is_note()) {
            self.ops.clear();
            self.after.clear();
        }
        (self, waits)
    }

    /// Takes out the steps that `picks` picks and those that come after them.
    fn leave_out(&mut self, picks: impl Fn(&Step) -> bool) -> Vec<Step> {
        let mut out = BTreeSet::new();
        // Numbers are a legal order, so one pass finds everything that comes after.
        for (id, step) in &self.ops {
            let before = self.after.get(id);
            if picks(step) || before.is_some_and(|it| !it.is_disjoint(&out)) {
                out.insert(*id);
            }
        }
        self.after.retain(|id, _| !out.contains(id));
        self.ops.extract_if(.., |id, _| out.contains(id)).map(|(_, step)| step).collect()
    }

    /// How much it does. Targets and records count one by one, whatever calls carry them.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts { held: self.holds.len(), ..Counts::default() };
        let mut subjects = BTreeSet::new();
        // A rule that moves more than once is one thing, and known by where it ends.
        let mut moved = BTreeMap::new();
        for step in self.ops.values().filter(|step| !step.op.is_note()) {
            match &step.op {
                Op::RegisterTargets { targets, .. } => counts.add += targets.len(),
                Op::DeregisterTargets { targets, .. } => counts.delete += targets.len(),
                Op::ChangeRecords { changes, .. } => {
                    changes.iter().filter(|c| c.is_news()).for_each(|c| counts.record(c));
                }
                Op::SetRulePriorities { priorities, .. } => {
                    let stay = priorities.iter().filter(|(rule, _)| !self.deletes(rule));
                    moved.extend(stay.map(|(rule, priority)| {
                        let name = format!("{}/{priority}", step.subject.name);
                        (rule, Subject { name, ..step.subject.clone() })
                    }));
                }
                _ => {
                    subjects.insert(step.subject.clone());
                }
            }
        }
        subjects.extend(moved.into_values());
        subjects.iter().for_each(|it| counts.one(it.change));
        counts
    }

    fn deletes(&self, rule: &Arn) -> bool {
        self.ops.values().any(|step| matches!(&step.op, Op::DeleteRule { arn } if arn == rule))
    }
}

impl Counts {
    fn one(&mut self, change: Change) {
        match change {
            Change::Add => self.add += 1,
            Change::Change => self.change += 1,
            Change::Delete => self.delete += 1,
        }
    }

    fn record(&mut self, change: &RecordChange) {
        self.one(match change {
            RecordChange::Create { .. } => Change::Add,
            RecordChange::Upsert { .. } => Change::Change,
            RecordChange::Delete { .. } => Change::Delete,
        });
    }
}
