//! One unit's turn: plan, finalizers, steps, and what the cluster is told of it. In: everything that it
//! needs, by value, so that turns of different units run at the same time. Out: what to remember.

use std::{collections::BTreeSet, sync::Arc};

use inroad_aws::Inventory;
use inroad_cluster::{
    Writer,
    write::{standing, standing_service},
};
use inroad_intent::{Compiled, Intent};
use inroad_plan::{Op, Outcome, Run, left_behind};
use inroad_status::{Ran, Report, before, report};
use inroad_words::{
    Kind, ObjectKey, Unit, controller::Controller, facts::Outputs, hold::HoldReason,
    observed::Observed, retry::Retry,
};
use inroad_world::World;
use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};
use tokio_util::sync::CancellationToken;

use super::Lane;
use crate::{
    EngineError, Planned,
    pipeline::{self, Applied, Edges, Ground, Look},
};

/// What every turn works with.
#[derive(Clone)]
pub(crate) struct Hands {
    pub(crate) edges: Edges,
    pub(crate) writer: Writer,
    pub(crate) controller: Controller,
    /// Whether steps are taken and the cluster is told.
    pub(crate) act: bool,
    /// Once it is cancelled no step is begun any more.
    pub(crate) stop: CancellationToken,
}

/// What one turn starts from.
pub(crate) struct Turn {
    pub(crate) unit: Unit,
    /// AWS and DNS, with the patience that the turn's lane has.
    pub(crate) edges: Edges,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) world: World,
    pub(crate) outputs: Arc<Outputs>,
    /// What the last turn left, where that is known.
    pub(crate) seen: Option<Arc<Observed>>,
    /// The listing of everything, for the first look at a unit.
    pub(crate) listed: Option<Arc<Inventory>>,
    /// Whether anybody waits for it.
    pub(crate) lane: Lane,
    /// Whether the cluster knows TargetGroupBindings.
    pub(crate) publishes: bool,
    /// Why nothing may be deleted now, if nothing may.
    pub(crate) keep: Option<HoldReason>,
    /// Whether names may still lead to a load balancer whose place another takes.
    pub(crate) keep_elders: bool,
    /// What the cluster was told last.
    pub(crate) told: Option<Arc<Report>>,
    /// Its objects ask for something else by now: another turn follows, and until then nothing is taken away
    /// that might be asked for again.
    pub(crate) overtaken: CancellationToken,
}

/// How a turn ended.
pub(crate) struct Done {
    pub(crate) unit: Unit,
    pub(crate) compiled: Arc<Compiled>,
    pub(crate) result: Result<Worked, EngineError>,
}

/// What a turn that could be planned came to.
pub(crate) struct Worked {
    pub(crate) planned: Planned,
    pub(crate) outcome: Outcome,
    /// What is there now; `None` where that must be looked at again.
    pub(crate) left: Option<Arc<Observed>>,
    /// Whether something is left that nobody waits for.
    pub(crate) late: bool,
    /// When what failed is worth another attempt.
    pub(crate) retry: Option<Retry>,
    /// What the cluster was told, whole or in part.
    pub(crate) told: Option<Arc<Report>>,
    /// Whether anything was asked or everything was known.
    pub(crate) looked: bool,
}

impl Turn {
    /// Takes the turn.
    pub(crate) async fn take(self, hands: &Hands) -> Done {
        let result = self.work(hands).await;
        Done { unit: self.unit, compiled: self.compiled, result }
    }

    async fn work(&self, hands: &Hands) -> Result<Worked, EngineError> {
        if let Some(planned) = self.as_it_was(hands).await {
            let joined = self.add_finalizers(hands).await?;
            let settled = Ended { joined, settled: true, ..Ended::at_once(planned) };
            return Ok(self.finish(hands, settled).await);
        }
        let (mut planned, observed) = self.plan(hands).await?;
        if let Some(reason) = &self.keep {
            planned.plan = planned.plan.holding(deletes, reason);
        }
        if self.keep_elders {
            planned.plan = planned.plan.keeping_elders();
        }
        if !hands.act {
            return Ok(Worked::only_planned(planned, observed));
        }
        let mut late = false;
        if self.lane != Lane::Background {
            (planned.plan, late) = planned.plan.urgent();
        }
        let joined = self.add_finalizers(hands).await?;
        if planned.plan.is_empty() {
            let left = Some(Arc::new(observed));
            let ended = Ended { joined, left, late, ..Ended::at_once(planned) };
            return Ok(self.finish(hands, ended).await);
        }
        // Targets do not wait for it: without it, whoever comes after us looks in vain at most.
        if let Err(error) = self.blank_checkpoint(hands).await {
            tracing::warn!(unit = %self.unit, %error, "a checkpoint stays as it was");
        }
        let go_on = |op: &Op| {
            let too_late = self.overtaken.is_cancelled() && op.takes_away();
            !too_late && !hands.stop.is_cancelled()
        };
        let applied = pipeline::apply(&self.edges, planned.plan.clone(), go_on).await;
        let whole = applied.outcome.done.len() == planned.plan.ops.len();
        // Two generations of targets are more than one observation holds.
        let one = pipeline::elder(&self.outputs, &self.unit).is_none();
        let left = (whole && one)
            .then(|| Arc::new(left_behind(&planned.plan, &observed, &applied.outcome.outputs)));
        let ended = Ended { planned, applied, joined, left, late, settled: false };
        Ok(self.finish(hands, ended).await)
    }

    async fn plan(&self, hands: &Hands) -> Result<(Planned, Observed), EngineError> {
        let look = match (&self.seen, &self.listed) {
            (Some(seen), _) => Look::Known(seen),
            (None, Some(listed)) => Look::Listed(listed),
            (None, None) => Look::Alone,
        };
        let ground = Ground { controller: &hands.controller, outputs: &self.outputs, look };
        pipeline::planned(&self.edges, &ground, &self.unit, self.compiled.clone()).await
    }

    /// What is made for an object must be taken away before the object may go. Those that are new come
    /// back.
    async fn add_finalizers(&self, hands: &Hands) -> Result<BTreeSet<ObjectKey>, EngineError> {
        let mut joined = BTreeSet::new();
        let Intent::Stack(stack) = &self.compiled.intent else { return Ok(joined) };
        for (object, finalizer) in before(stack) {
            if !self.world.carries(&object, &finalizer) {
                hands.writer.finalizer_add(&object, &finalizer).await?;
                joined.insert(object);
            }
        }
        Ok(joined)
    }

    /// Tells the cluster, and gathers what is to be remembered.
    async fn finish(&self, hands: &Hands, ended: Ended) -> Worked {
        let Ended { planned, applied, joined, left, late, settled } = ended;
        let Applied { outcome, mut retry } = applied;
        let ran = Ran {
            compiled: &planned.compiled,
            shaped: &planned.shaped,
            plan: &planned.plan,
            outcome: &outcome,
            joined: &joined,
            settled,
        };
        let report = report(&ran, self.told.as_deref());
        let mut told = self.told.clone();
        let written = async {
            self.publish(hands, &planned, left.as_deref(), &outcome.outputs).await?;
            if left.is_some() && planned.plan.holds.is_empty() {
                self.write_checkpoint(hands, !planned.plan.is_empty()).await?;
            }
            self.tell(hands, &report).await
        };
        match written.await {
            Ok(()) => told = Some(Arc::new(report)),
            Err(error) => {
                tracing::warn!(unit = %self.unit, %error, "the cluster could not be told");
                retry = Some(retry.map_or(error.retry(), |earlier| earlier.min(error.retry())));
            }
        }
        let looked = self.seen.is_none() && left.is_some();
        Worked { planned, outcome, left, late, retry, told, looked }
    }

    async fn tell(&self, hands: &Hands, report: &Report) -> Result<(), EngineError> {
        for (object, status) in &report.statuses {
            let of_ingress = self.world.get::<Ingress>(object).and_then(standing);
            let now = || self.world.get::<Service>(object).and_then(standing_service);
            match of_ingress.or_else(now) {
                Some(now) if now == *status => {}
                _ if object.kind == Kind::Service => {
                    hands.writer.service_status(object, Some(status)).await?;
                }
                _ => hands.writer.ingress_status(object, status).await?,
            }
        }
        for event in &report.events {
            if let Err(error) = hands.writer.event(event).await {
                tracing::debug!(%error, reason = event.reason, "an event was not taken");
            }
        }
        for (object, finalizer) in &report.release {
            if object.kind == Kind::Service {
                hands.writer.service_status(object, None).await?;
            }
            hands.writer.finalizer_remove(object, finalizer).await?;
        }
        Ok(())
    }
}

/// How far a turn has come before the cluster is told.
struct Ended {
    planned: Planned,
    applied: Applied,
    joined: BTreeSet<ObjectKey>,
    left: Option<Arc<Observed>>,
    late: bool,
    settled: bool,
}

impl Ended {
    /// With nothing to do.
    fn at_once(planned: Planned) -> Self {
        let outcome = Run::new(planned.plan.clone()).finish();
        Self {
            planned,
            applied: Applied { outcome, retry: None },
            joined: BTreeSet::new(),
            left: None,
            late: false,
            settled: false,
        }
    }
}

impl Worked {
    /// What a turn comes to where nothing may be done: it is planned again only when something changes.
    fn only_planned(planned: Planned, observed: Observed) -> Self {
        let Ended { planned, applied, .. } = Ended::at_once(planned);
        let Applied { outcome, retry } = applied;
        let left = Some(Arc::new(observed));
        Self { planned, outcome, left, late: false, retry, told: None, looked: true }
    }
}

/// Steps after which something is gone that others may still use.
fn deletes(op: &Op) -> bool {
    matches!(op, Op::DeleteSecurityGroup { .. } | Op::RevokeIngress { .. })
}
