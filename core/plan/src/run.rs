//! A plan being executed: hands out the steps whose time has come, takes their results, and knows
//! what a failure holds back. It calls nobody; whoever holds it does.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Unit,
    facts::Outputs,
    hold::{Hold, HoldReason},
};
use serde::Serialize;

use crate::{
    Op, OpOutputs,
    order::created,
    plan::{OpId, Plan},
    refers,
};

/// An execution under way.
#[derive(Debug, Clone)]
pub struct Run {
    plan: Plan,
    known: Outputs,
    handed_out: BTreeSet<OpId>,
    done: BTreeSet<OpId>,
    failed: BTreeMap<OpId, StepError>,
}

/// Why a step failed, in the words of whoever refused.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct StepError {
    /// The sentence.
    pub message: String,
    /// The service's own error code (`TooManyRules`), where there was an answer.
    pub code: Option<String>,
    /// Of a step that could be done in part (a batch of records): the fields of its `why` that were not
    /// done, each with the reason. Empty: nothing of it was done.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, String>,
}

impl std::fmt::Display for StepError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.code {
            Some(code) => write!(f, "{code}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// What came of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Whose it was.
    pub unit: Unit,
    /// What is known of the unit's resources now: those that stayed and those that were made.
    pub outputs: Outputs,
    /// Steps that succeeded.
    pub done: BTreeSet<OpId>,
    /// Steps that failed.
    pub failed: BTreeMap<OpId, StepError>,
    /// What waits: the plan's holds, and what was to come after a step that failed.
    pub held: Vec<Hold>,
}

impl Run {
    /// Starts with nothing done.
    pub fn new(plan: Plan) -> Self {
        Self {
            known: plan.known.clone(),
            plan,
            handed_out: BTreeSet::new(),
            done: BTreeSet::new(),
            failed: BTreeMap::new(),
        }
    }

    /// The steps that may start now, with every reference filled in, in the plan's order. Each is
    /// handed out once; they may run at the same time.
    pub fn ready(&mut self) -> Vec<(OpId, Op)> {
        let free = |id: &OpId| {
            let before = self.plan.after.get(id);
            !self.handed_out.contains(id) && before.is_none_or(|it| it.is_subset(&self.done))
        };
        let ready: Vec<OpId> = self.plan.ops.keys().copied().filter(|id| free(id)).collect();
        self.handed_out.extend(&ready);
        ready.into_iter().map(|id| (id, self.resolved(id))).collect()
    }

    fn resolved(&self, id: OpId) -> Op {
        let mut op = self.plan.ops[&id].op.clone();
        refers::resolve(&mut op, &self.known);
        op
    }

    /// Takes the result of a step that [`Run::ready`] gave; anything else is ignored.
    pub fn settle(&mut self, id: OpId, result: Result<OpOutputs, StepError>) {
        if !self.handed_out.contains(&id) || self.is_settled(id) {
            return;
        }
        match result {
            Ok(outputs) => {
                if let Some(key) = created(&self.plan.ops[&id].op) {
                    let all = outputs.into_iter().map(|(field, it)| ((key.clone(), field), it));
                    self.known.0.extend(all);
                }
                self.done.insert(id);
            }
            Err(error) => {
                self.failed.insert(id, error);
            }
        }
    }

    fn is_settled(&self, id: OpId) -> bool {
        self.done.contains(&id) || self.failed.contains_key(&id)
    }

    /// Whether nothing is under way and nothing can start any more.
    pub fn is_done(&self) -> bool {
        let blocked = self.blocked();
        self.plan.ops.keys().all(|id| self.is_settled(*id) || blocked.contains_key(id))
    }

    /// Steps that a failed one keeps from starting, each with the failed one. A plan's numbers are a
    /// legal order, so one pass finds them all.
    fn blocked(&self) -> BTreeMap<OpId, OpId> {
        let mut blocked = BTreeMap::new();
        for (id, before) in &self.plan.after {
            let cause = before.iter().find_map(|it| match self.failed.contains_key(it) {
                true => Some(*it),
                false => blocked.get(it).copied(),
            });
            blocked.extend(cause.map(|cause| (*id, cause)));
        }
        blocked
    }

    /// Ends the run; steps that were never handed out and not blocked are simply not done.
    pub fn finish(self) -> Outcome {
        let mut held = self.plan.holds.clone();
        let removed = |id: &OpId| match &self.plan.ops[id].op {
            Op::DeleteTargetGroup { arn } => Some(arn.0.clone()),
            _ => None,
        };
        let gone: BTreeSet<String> = self.done.iter().filter_map(removed).collect();
        for (id, cause) in self.blocked() {
            let step = &self.plan.ops[&id];
            if step.op.is_note() {
                continue;
            }
            let hold = Hold {
                subject: step.subject.to_string(),
                reason: HoldReason::Failed(self.plan.ops[&cause].subject.to_string()),
                origin: step.origin.clone(),
            };
            if !held.contains(&hold) {
                held.push(hold);
            }
        }
        let mut outputs = self.known;
        outputs.0.extend(self.plan.told.0.into_iter().filter(|(_, text)| !gone.contains(text)));
        Outcome { unit: self.plan.unit, outputs, done: self.done, failed: self.failed, held }
    }
}
