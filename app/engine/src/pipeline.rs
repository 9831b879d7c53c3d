//! One unit through the corridor.

use std::{collections::BTreeSet, sync::Arc};

use futures::{StreamExt, stream::FuturesUnordered};
use inroad_aws::{Aws, Inventory, Ownership};
use inroad_desired::{Shaped, needs, shape};
use inroad_dns::Provider;
use inroad_intent::{Compiled, Intent, compile, compile_stacks, compile_within, stacks};
use inroad_plan::{Op, OpId, OpOutputs, Outcome, Plan, Run, StepError, diff, outputs_of};
use inroad_words::{
    Arn, Field, ResourceKey, ResourceKind, TargetKey, Unit,
    controller::Controller,
    facts::{Facts, Need, Outputs},
    observed::Observed,
    retry::Retry,
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
    pub compiled: Arc<Compiled>,
    /// What should be there.
    pub shaped: Shaped,
    /// The steps.
    pub plan: Plan,
}

/// What planning a unit starts from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) controller: &'a Controller,
    pub(crate) outputs: &'a Outputs,
    pub(crate) look: Look<'a>,
}

/// Where what exists of a unit is known from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Look<'a> {
    /// It is remembered.
    Known(&'a Observed),
    /// It was listed with all others; its details are asked for.
    Listed(&'a Inventory),
    /// It is asked for alone.
    Alone,
}

/// Compile, ask, shape, observe, diff. Reads only.
pub(crate) async fn plan(
    edges: &Edges,
    world: &World,
    ground: &Ground<'_>,
    unit: &Unit,
) -> Result<Planned, EngineError> {
    let lens = Lens::new(world);
    let compiled = match (unit, ground.look) {
        (Unit::Foundation, Look::Listed(inventory)) => compile_foundation(&lens, ground, inventory),
        _ => compile(&lens, unit, ground.controller),
    };
    planned(edges, ground, unit, Arc::new(compiled)).await.map(|(planned, _)| planned)
}

/// What stands without an object may rely on what stacks share as well.
fn compile_foundation(lens: &Lens<'_>, ground: &Ground<'_>, inventory: &Inventory) -> Compiled {
    let controller = ground.controller;
    let standing = inventory.stacks(&ownership(controller));
    let keys = stacks(lens, controller).into_iter().chain(standing);
    let all = compile_stacks(lens, keys, controller);
    compile_within(lens, &Unit::Foundation, controller, &all)
}

/// The same for what is compiled already; what was seen comes with it.
pub(crate) async fn planned(
    edges: &Edges,
    ground: &Ground<'_>,
    unit: &Unit,
    compiled: Arc<Compiled>,
) -> Result<(Planned, Observed), EngineError> {
    let mut facts = facts_of(edges, ground, &compiled.intent).await;
    let mut observed = observe(edges, ground, unit, &facts).await?;
    if asks_for_web_acl(&compiled.intent) {
        inroad_aws::observe_web_acls(&edges.aws, &mut observed).await;
    }
    // What a load balancer that stands keeps is nobody's mistake, also where nobody remembers it.
    let stands = outputs_of(&observed, unit).0.into_iter();
    facts.outputs.0.extend(stands.filter(|((key, _), _)| key.kind == ResourceKind::LoadBalancer));
    facts.deployed = Some(observed);
    let (shaped, mut plan) = drawn(edges, ground, &compiled.intent, &mut facts).await;
    let observed = facts.deployed.take().unwrap_or_default();
    if let Some(elder) = elder(ground.outputs, unit) {
        plan = beside(edges, ground, (&compiled.intent, facts), (plan, elder)).await;
    }
    Ok((Planned { unit: unit.clone(), compiled, shaped, plan }, observed))
}

/// What should be there and the steps from what is deployed towards it. The account's quotas are asked for
/// only where there are steps: what changes nothing needs no room, and most looks change nothing.
async fn drawn(
    edges: &Edges,
    ground: &Ground<'_>,
    intent: &Intent,
    facts: &mut Facts,
) -> (Shaped, Plan) {
    let nothing = Observed::default();
    let draw = |facts: &Facts| {
        let shaped = shape(intent, facts, ground.controller);
        let deployed = facts.deployed.as_ref().unwrap_or(&nothing);
        let plan = diff(&shaped.desired, deployed, ground.controller);
        (shaped, plan)
    };
    let first = draw(facts);
    let is_quiet = first.1.ops.is_empty() && first.1.holds.is_empty();
    if is_quiet || !needs(intent, ground.controller).contains(&Need::Limits) {
        return first;
    }
    let limits = BTreeSet::from([Need::Limits]);
    let vpc = &ground.controller.balancers.vpc_id;
    let limits = inroad_aws::gather(&edges.aws, &limits, vpc).await.limits;
    if limits == facts.limits {
        return first;
    }
    // Never two of a large stack at once.
    drop(first);
    facts.limits = limits;
    draw(facts)
}

/// The target group that serves beside the unit's own while a load balancer is replaced.
pub(crate) fn elder(outputs: &Outputs, unit: &Unit) -> Option<Arn> {
    let Unit::Targets(key) = unit else { return None };
    outputs.get(&group_of(key), Field::ElderArn).map(|arn| Arn(arn.to_owned()))
}

/// The same registrations in the elder as well. It may be gone a moment later, which is nobody's trouble.
async fn beside(
    edges: &Edges,
    ground: &Ground<'_>,
    (intent, mut facts): (&Intent, Facts),
    (plan, elder): (Plan, Arn),
) -> Plan {
    let Unit::Targets(key) = &plan.unit else { return plan };
    let seen = match inroad_aws::observe_targets(&edges.aws, &elder).await {
        Ok(seen) => seen,
        Err(error) => {
            tracing::debug!(%elder, %error, "the targets of what is replaced are left alone");
            return plan;
        }
    };
    facts.outputs.0.insert((group_of(key), Field::Arn), elder.0);
    let observed = Observed { targets: Some(seen), ..Observed::default() };
    let shaped = shape(intent, &facts, ground.controller);
    plan.beside(diff(&shaped.desired, &observed, ground.controller))
}

fn group_of(key: &TargetKey) -> ResourceKey {
    ResourceKey::new(Unit::Stack(key.stack.clone()), ResourceKind::TargetGroup, &key.group)
}

/// Whether somebody says which web ACL protects the load balancer.
fn asks_for_web_acl(intent: &Intent) -> bool {
    let Intent::Stack(stack) = intent else { return false };
    stack.balancer.as_ref().is_some_and(|balancer| balancer.web_acl.is_some())
}

/// The answers to what an intent has to ask; of the account's quotas, what is known without a question.
pub(crate) async fn facts_of(edges: &Edges, ground: &Ground<'_>, intent: &Intent) -> Facts {
    let mut questions = needs(intent, ground.controller);
    questions.remove(&Need::Limits);
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
    let listed = match ground.look {
        Look::Known(observed) => return Ok(observed.clone()),
        Look::Listed(inventory) => Some(inventory),
        Look::Alone => None,
    };
    let mut own = ownership(ground.controller);
    let worn = facts.interfaces.values().flat_map(|interface| &interface.groups);
    own.shared_groups = worn.map(|group| group.id.clone()).collect();
    Ok(match (unit, listed) {
        (Unit::Targets(key), _) => targets(edges, ground.outputs, key).await?,
        (_, Some(inventory)) => inventory.observe(&edges.aws, unit, &own).await?,
        (_, None) => inroad_aws::observe(&edges.aws, unit, &own).await?,
    })
}

/// The registrations of a target group; of one that nobody knows there are none.
async fn targets(
    edges: &Edges,
    outputs: &Outputs,
    key: &TargetKey,
) -> Result<Observed, EngineError> {
    let group = group_of(key);
    // A dry run foresees groups that nobody has made.
    let arn = outputs.get(&group, Field::Arn).filter(|arn| arn.starts_with("arn:"));
    let Some(arn) = arn else { return Ok(Observed::default()) };
    let targets = inroad_aws::observe_targets(&edges.aws, &Arn(arn.to_owned())).await?;
    Ok(Observed { targets: Some(targets), ..Observed::default() })
}

/// Who we are in ownership tags, to a listing of everything; `units`: what is asked for.
pub(crate) fn lister<'u>(
    controller: &Controller,
    units: impl IntoIterator<Item = &'u Unit>,
) -> Ownership {
    let mut units = units.into_iter();
    let of_service = |unit: &Unit| matches!(unit, Unit::Stack(key) if key.is_of_service());
    Ownership { services: units.any(of_service), ..ownership(controller) }
}

/// Who we are in ownership tags.
pub(crate) fn ownership(controller: &Controller) -> Ownership {
    Ownership {
        cluster: controller.balancers.cluster_name.clone(),
        vpc: controller.balancers.vpc_id.clone(),
        ..Ownership::default()
    }
}

/// What came of a plan's steps, and when what failed is worth another attempt.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(crate) outcome: Outcome,
    /// `None` where nothing failed.
    pub(crate) retry: Option<Retry>,
}

/// Does the steps of a plan, as many at a time as their order allows. A step is asked about when its time
/// has come; where `go_on` says no it is not begun, nor what comes after it.
pub(crate) async fn apply(edges: &Edges, plan: Plan, go_on: impl Fn(&Op) -> bool) -> Applied {
    let span = tracing::info_span!("apply", unit = %plan.unit);
    let mut run = Run::new(plan);
    let mut under_way = FuturesUnordered::new();
    let mut retry: Option<Retry> = None;
    async move {
        loop {
            for (id, op) in run.ready().into_iter().filter(|(_, op)| go_on(op)) {
                under_way.push(step(edges.clone(), id, op));
            }
            let Some((id, result)) = under_way.next().await else {
                break Applied { outcome: run.finish(), retry };
            };
            let result = result.map_err(|(error, when)| {
                retry = Some(retry.map_or(when, |earlier| earlier.min(when)));
                error
            });
            run.settle(id, result);
        }
    }
    .instrument(span)
    .await
}

async fn step(edges: Edges, id: OpId, op: Op) -> (OpId, Result<OpOutputs, (StepError, Retry)>) {
    let result = match &op {
        Op::ChangeRecords { zone, changes } => match edges.dns.apply(zone, changes).await {
            Ok(()) => Ok(OpOutputs::new()),
            Err(error) => {
                let (message, code) = (error.to_string(), error.code());
                Err((StepError { message, code, parts: error.parts() }, error.retry()))
            }
        },
        op => inroad_aws::apply(&edges.aws, op).await.map_err(|error| {
            let code = error.refusal().map(|refusal| refusal.code.clone());
            let message = error.told();
            (StepError { message, code, ..StepError::default() }, error.retry())
        }),
    };
    if let Err((error, _)) = &result {
        tracing::warn!(?id, %error, "step failed");
    }
    (id, result)
}
