//! One unit through the corridor.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt, stream::FuturesUnordered};
use inroad_aws::{Aws, Inventory, Ownership};
use inroad_desired::{Shaped, needs, shape};
use inroad_dns::Provider;
use inroad_intent::{Compiled, compile};
use inroad_plan::{Op, OpId, OpOutputs, Outcome, Plan, Run, StepError, diff, outputs_of};
use inroad_words::{
    ResourceKind, Unit,
    controller::Controller,
    facts::{Facts, Need, Outputs},
    observed::Observed,
};
use inroad_world::{Lens, World};
use tracing::Instrument;

use crate::EngineError;

/// The outside, as one handle.
#[derive(Clone)]
pub struct Edges {
    /// AWS but for Route 53.
    pub aws: Aws,
    /// The DNS provider.
    pub dns: Arc<dyn Provider>,
}

/// A unit planned: what was asked for, what should be there, and the steps between.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The unit.
    pub unit: Unit,
    /// What the objects ask for.
    pub compiled: Compiled,
    /// What should be there.
    pub shaped: Shaped,
    /// The steps.
    pub plan: Plan,
}

/// What planning a unit starts from.
#[derive(Debug)]
pub(crate) struct Ground<'a> {
    pub(crate) world: &'a World,
    pub(crate) controller: &'a Controller,
    pub(crate) inventory: &'a Inventory,
    pub(crate) outputs: &'a Outputs,
}

/// Compile, ask, shape, observe, diff. Reads only.
pub(crate) async fn plan(
    edges: &Edges,
    ground: &Ground<'_>,
    unit: &Unit,
) -> Result<Planned, EngineError> {
    let lens = Lens::new(ground.world);
    let compiled = compile(&lens, unit, ground.controller);
    let questions = needs(&compiled.intent, ground.controller);
    let mut facts = facts(edges, ground, questions).await;
    let observed = observe(edges, ground, unit, &facts).await?;
    // What a load balancer that stands keeps is nobody's mistake, also where nobody remembers it.
    let stands = outputs_of(&observed, unit).0.into_iter();
    facts.outputs.0.extend(stands.filter(|((key, _), _)| key.kind == ResourceKind::LoadBalancer));
    let shaped = shape(&compiled.intent, &facts, ground.controller);
    let plan = diff(&shaped.desired, &observed, ground.controller);
    Ok(Planned { unit: unit.clone(), compiled, shaped, plan })
}

async fn facts(edges: &Edges, ground: &Ground<'_>, mut questions: BTreeSet<Need>) -> Facts {
    let zones = questions.remove(&Need::Zones);
    let mut facts =
        inroad_aws::gather(&edges.aws, &questions, &ground.controller.balancers.vpc_id).await;
    if zones {
        match edges.dns.zones().await {
            Ok(zones) => facts.zones = zones,
            Err(error) => {
                facts.missing.insert(Need::Zones, error.to_string());
            }
        }
    }
    facts.outputs = ground.outputs.clone();
    facts
}

async fn observe(
    edges: &Edges,
    ground: &Ground<'_>,
    unit: &Unit,
    facts: &Facts,
) -> Result<Observed, EngineError> {
    if let Unit::Zone(zone) = unit {
        let records = Some(edges.dns.records(zone).await?);
        return Ok(Observed { records, ..Observed::default() });
    }
    let mut own = ownership(ground.controller);
    let worn = facts.interfaces.values().flat_map(|interface| &interface.groups);
    own.shared_groups = worn.map(|group| group.id.clone()).collect();
    Ok(ground.inventory.observe(&edges.aws, unit, &own).await?)
}

/// Who we are in ownership tags.
pub(crate) fn ownership(controller: &Controller) -> Ownership {
    Ownership {
        cluster: controller.balancers.cluster_name.clone(),
        vpc: controller.balancers.vpc_id.clone(),
        ..Ownership::default()
    }
}

/// Does the steps of a plan, as many at a time as their order allows.
pub(crate) async fn apply(edges: &Edges, plan: Plan) -> Outcome {
    let span = tracing::info_span!("apply", unit = %plan.unit);
    let mut run = Run::new(plan);
    let mut under_way = FuturesUnordered::new();
    async move {
        loop {
            for (id, op) in run.ready() {
                under_way.push(step(edges.clone(), id, op));
            }
            match under_way.next().await {
                Some((id, result)) => run.settle(id, result),
                None => break run.finish(),
            }
        }
    }
    .instrument(span)
    .await
}

async fn step(edges: Edges, id: OpId, op: Op) -> (OpId, Result<OpOutputs, StepError>) {
    let result = match &op {
        Op::ChangeRecords { zone, changes } => match edges.dns.apply(zone, changes).await {
            Ok(()) => Ok(OpOutputs::new()),
            Err(error) => Err(StepError {
                message: error.to_string(),
                code: error.code(),
                parts: error.parts(),
            }),
        },
        op => inroad_aws::apply(&edges.aws, op).await.map_err(|error| StepError {
            message: error.to_string(),
            code: error.refusal().map(|refusal| refusal.code.clone()),
            ..StepError::default()
        }),
    };
    if let Err(error) = &result {
        tracing::warn!(?id, %error, "step failed");
    }
    (id, result)
}
