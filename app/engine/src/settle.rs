//! Everything that is due, until nothing is. Units go in waves, in the order of who needs whom; within a
//! wave all are planned, told of, then done at the same time. Who waited for an output comes again.

use std::{collections::BTreeSet, time::Duration};

use futures::{StreamExt, stream};
use inroad_aws::Inventory;
use inroad_intent::Intent;
use inroad_plan::{Op, Outcome};
use inroad_status::{Ran, Report};
use inroad_words::{Field, ObjectKey, Unit, controller::Controller, hold::HoldReason};

use crate::{
    EngineError, Memory, Planned,
    live::Halves,
    pipeline::{self, Edges, Ground, Look},
};

/// How often a unit may come up again in one settling. The longest chain of outputs (backend group, load
/// balancer, record) fits in one pass of the waves; more passes than this mean that something outside
/// does not keep still.
const PASSES: usize = 4;

/// Units that are planned or done at the same time.
const AT_ONCE: usize = 8;

/// How plans name what a step of another plan will make.
const KNOWN_AFTER_APPLY: &str = "(known after apply)";

/// What happens, as it happens.
#[derive(Debug)]
pub enum Event<'a> {
    /// A unit was planned; its steps come next, if there are any and if they are to be done. Not told
    /// again where nothing is to be done and the same waits as before.
    Planned(&'a Planned),
    /// The steps of a unit are through.
    Applied(&'a Planned, &'a Outcome),
    /// A unit could not be planned.
    Failed(&'a Unit, &'a EngineError),
    /// Finalizers that must stand before the steps that come next.
    Joining(&'a BTreeSet<(ObjectKey, String)>),
    /// What a stack has to tell the cluster, and which finalizers may go.
    Reported(&'a Unit, &'a Report),
}

/// How a settling ended.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Settled {
    /// Units that had steps.
    pub changed: BTreeSet<Unit>,
    /// Units whose last attempt failed, in planning or in a step.
    pub failed: BTreeSet<Unit>,
    /// Units that wait for something.
    pub waiting: BTreeSet<Unit>,
    /// Stacks of which something old still serves beside what takes its place.
    pub succeeding: BTreeSet<Unit>,
}

/// Who is told, step by step.
pub type Tell<'a> = &'a mut (dyn FnMut(Event<'_>) + Send);

/// What a settling works with.
pub struct Session<'a> {
    /// The outside.
    pub edges: &'a Edges,
    /// What is remembered; the world in it is what is settled to.
    pub memory: &'a mut Memory,
    /// The settings in force.
    pub controller: &'a Controller,
    /// Which halves are on; of the other one nothing is asked.
    pub halves: Halves,
    /// False: everything is planned once and nothing is done.
    pub act: bool,
    /// How long names are followed to where they led before, once they lead to another load balancer.
    pub handover: Duration,
}

/// The waves: who is in a later one may need what an earlier one makes.
const WAVES: [fn(&Unit) -> bool; 5] = [
    |unit| matches!(unit, Unit::Foundation),
    |unit| matches!(unit, Unit::Stack(_)),
    // What stacks have left behind can go only now: a group that is worn cannot be deleted.
    |unit| matches!(unit, Unit::Foundation | Unit::Targets(_)),
    |unit| matches!(unit, Unit::Zone(_)),
    // What serves no more once no name leads to it.
    |unit| matches!(unit, Unit::Stack(_)),
];

/// The wave of stacks.
const STACKS: usize = 1;
/// The wave in which what stacks have replaced goes.
const ELDERS: usize = 4;

impl Session<'_> {
    /// Settles everything.
    ///
    /// # Errors
    /// [`EngineError`] where not even a listing of what exists can be had.
    pub async fn settle(&mut self, tell: Tell<'_>) -> Result<Settled, EngineError> {
        let mut settled = Settled::default();
        let mut due: Option<BTreeSet<Unit>> = None;
        // Neither the world nor the list of zones changes while it is settled.
        let asked = self.asked().await?;
        self.edges.aws.forget();
        for _ in 0..PASSES {
            let mut inventory = self.inventory(&asked).await?;
            for (number, wave) in WAVES.iter().enumerate() {
                let mut units = self.units(&asked, &inventory);
                self.memory.planned.retain(|unit, _| units.contains(unit));
                self.memory.reports.retain(|unit, _| units.contains(unit));
                units
                    .retain(|unit| wave(unit) && due.as_ref().is_none_or(|due| due.contains(unit)));
                // Without steps in between, a second look at the foundation shows the same plan.
                if number == 2 && !self.act {
                    units.remove(&Unit::Foundation);
                }
                if number == ELDERS {
                    units.retain(|unit| self.is_relieved(unit));
                    if units.is_empty() {
                        continue;
                    }
                    tokio::time::sleep(self.handover).await;
                }
                if self.wave(&inventory, units, number, &mut settled, tell).await {
                    inventory = self.inventory(&asked).await?;
                }
            }
            let mut again: BTreeSet<Unit> =
                settled.failed.union(&settled.waiting).cloned().collect();
            // Whoever follows a load balancer comes after it.
            if !settled.succeeding.is_empty() {
                again.extend(self.units(&asked, &inventory));
            }
            if !self.act || again.is_empty() || due.as_ref() == Some(&again) {
                break;
            }
            due = Some(again);
        }
        Ok(settled)
    }

    async fn inventory(&self, asked: &BTreeSet<Unit>) -> Result<Inventory, EngineError> {
        if !self.halves.balancers {
            return Ok(Inventory::default());
        }
        Ok(Inventory::list(&self.edges.aws, &pipeline::lister(self.controller, asked)).await?)
    }

    /// Everything that the world asks for, and every zone, of the halves that are on.
    async fn asked(&self) -> Result<BTreeSet<Unit>, EngineError> {
        let mut units = BTreeSet::new();
        if self.halves.balancers {
            units.extend(inroad_intent::roots(&self.memory.world, self.controller));
            units.insert(Unit::Foundation);
        }
        if self.halves.dns {
            let zones = self.edges.dns.zones().await?;
            units.extend(zones.into_iter().map(|zone| Unit::Zone(zone.key)));
        }
        Ok(units)
    }

    /// What is asked for, and every stack that AWS still has.
    fn units(&self, asked: &BTreeSet<Unit>, inventory: &Inventory) -> BTreeSet<Unit> {
        let own = pipeline::ownership(self.controller);
        let stacks = inventory.stacks(&own).into_iter().map(Unit::Stack);
        asked.iter().cloned().chain(stacks).collect()
    }

    /// Whether another load balancer serves in the place of one of this stack, as it was planned last.
    fn is_relieved(&self, unit: &Unit) -> bool {
        let planned = self.memory.planned.get(unit).filter(|_| self.act);
        planned.is_some_and(|it| !it.plan.relieved.is_empty() && !it.plan.told_of_elder())
    }

    /// Plans the units, tells, does; what would delete is left for a later wave. True: steps were
    /// attempted, and what was listed before may not hold any more.
    async fn wave(
        &mut self,
        inventory: &Inventory,
        units: BTreeSet<Unit>,
        number: usize,
        settled: &mut Settled,
        tell: Tell<'_>,
    ) -> bool {
        let mut todo = Vec::new();
        for (unit, result) in self.plans(inventory, units).await {
            settled.failed.remove(&unit);
            settled.waiting.remove(&unit);
            settled.succeeding.remove(&unit);
            match result {
                Ok(planned) if number == 0 && self.act && deletes(&planned) => {}
                Ok(mut planned) => {
                    if number == STACKS && self.act {
                        planned.plan = planned.plan.keeping_elders();
                    }
                    let known = self.memory.planned.get(&unit).map(|before| &before.plan);
                    let news = !planned.plan.is_empty() || known != Some(&planned.plan);
                    self.remember(&planned);
                    if !self.act {
                        self.foresee(&planned);
                    }
                    if news {
                        tell(Event::Planned(&planned));
                    }
                    todo.push(planned);
                }
                Err(error) => {
                    tell(Event::Failed(&unit, &error));
                    settled.failed.insert(unit);
                }
            }
        }
        let joining = self.joining(&todo);
        if !joining.is_empty() {
            tell(Event::Joining(&joining));
        }
        for planned in &todo {
            if !planned.plan.is_empty() {
                settled.changed.insert(planned.unit.clone());
            }
            if planned.plan.succeeds() {
                settled.succeeding.insert(planned.unit.clone());
            }
            if planned
                .plan
                .holds
                .iter()
                .any(|hold| matches!(hold.reason, HoldReason::Output { .. }))
            {
                settled.waiting.insert(planned.unit.clone());
            }
        }
        let acts = todo.iter().any(|planned| !planned.plan.is_empty());
        if self.act {
            self.apply(todo, settled, tell).await;
        }
        self.act && acts
    }

    /// Finalizers that are still missing on the members of stacks.
    fn joining(&self, todo: &[Planned]) -> BTreeSet<(ObjectKey, String)> {
        let all = todo.iter().filter(|_| self.act).flat_map(|it| match &it.compiled.intent {
            Intent::Stack(stack) => inroad_status::before(stack),
            _ => BTreeSet::new(),
        });
        all.filter(|(object, finalizer)| !self.memory.world.carries(object, finalizer)).collect()
    }

    async fn plans(
        &self,
        inventory: &Inventory,
        units: BTreeSet<Unit>,
    ) -> Vec<(Unit, Result<Planned, EngineError>)> {
        let ground = &Ground {
            controller: self.controller,
            outputs: &self.memory.outputs,
            look: Look::Listed(inventory),
        };
        let world = &self.memory.world;
        let edges = self.edges;
        stream::iter(units)
            .map(|unit| async move {
                let planned = pipeline::plan(edges, world, ground, &unit).await;
                (unit, planned)
            })
            .buffered(AT_ONCE)
            .collect()
            .await
    }

    async fn apply(&mut self, todo: Vec<Planned>, settled: &mut Settled, tell: Tell<'_>) {
        let edges = self.edges;
        let mut applied = stream::iter(todo)
            .map(|planned| async move {
                let outcome = pipeline::apply(edges, planned.plan.clone(), |_| true).await.outcome;
                (planned, outcome)
            })
            .buffered(AT_ONCE);
        while let Some((planned, outcome)) = applied.next().await {
            if !outcome.failed.is_empty() {
                settled.failed.insert(planned.unit.clone());
            }
            self.memory.know(&planned.unit, outcome.outputs.clone());
            if !planned.plan.is_empty() {
                tell(Event::Applied(&planned, &outcome));
            }
            if matches!(planned.unit, Unit::Stack(_)) {
                let report = self.report(&planned, &outcome);
                tell(Event::Reported(&planned.unit, &report));
                self.memory.reports.insert(planned.unit, report);
            }
        }
    }

    fn report(&self, planned: &Planned, outcome: &Outcome) -> Report {
        let before = self.memory.reports.get(&planned.unit);
        let known = |object: &ObjectKey| before.is_some_and(|it| it.statuses.contains_key(object));
        let joining = self.joining(std::slice::from_ref(planned));
        let joined = joining.into_iter().map(|(object, _)| object).filter(|it| !known(it));
        let ran = Ran {
            compiled: &planned.compiled,
            shaped: &planned.shaped,
            plan: &planned.plan,
            outcome,
            joined: &joined.collect(),
            settled: false,
        };
        inroad_status::report(&ran, before)
    }

    /// Without steps, what a unit would make stands for itself, so that the plans of those who need it
    /// can be told in full. A load balancer's name is not foreseen: which alias it takes depends on it.
    fn foresee(&mut self, planned: &Planned) {
        let made = planned.plan.ops.values().filter_map(|step| match &step.op {
            Op::CreateSecurityGroup { key, .. } => Some((key.clone(), Field::GroupId)),
            Op::CreateTargetGroup { key, .. } => Some((key.clone(), Field::Arn)),
            _ => None,
        });
        let made: Vec<_> = made.map(|output| (output, KNOWN_AFTER_APPLY.to_owned())).collect();
        self.memory.outputs.0.extend(made);
    }

    fn remember(&mut self, planned: &Planned) {
        self.memory.know(&planned.unit, planned.plan.outputs());
        self.memory.planned.insert(planned.unit.clone(), planned.clone());
    }
}

fn deletes(planned: &Planned) -> bool {
    let mut ops = planned.plan.ops.values();
    ops.any(|step| matches!(step.op, Op::DeleteSecurityGroup { .. } | Op::RevokeIngress { .. }))
}
