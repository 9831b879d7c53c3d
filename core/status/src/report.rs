//! What a pass over a unit tells the cluster. In: what was asked, what was planned, what came of it, and
//! what was told last time. Out: a [`Report`] of statuses, Events and finalizers, as plain data.
//! Forbidden: clients, the world's store, any decision about AWS.

mod event;
mod release;

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::Shaped;
use inroad_intent::{Compiled, Intent, model::StackIntent};
use inroad_plan::{Outcome, Plan};
use inroad_words::{Field, ObjectKey, ResourceKey, ResourceKind};

pub use self::event::{Event, EventKind, Failure, failed};

/// `status.loadBalancer` of an Ingress (Kubernetes API, `IngressLoadBalancerIngress`) or of a Service
/// (`LoadBalancerIngress`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct IngressStatus {
    /// The load balancer's DNS name in lower case.
    pub hostname: String,
    /// Every port that the load balancer listens on, also those that other members ask for.
    pub ports: BTreeSet<u16>,
}

/// A pass over one unit, from asking to doing.
#[derive(Debug, Clone, Copy)]
pub struct Ran<'a> {
    /// What the objects ask for.
    pub compiled: &'a Compiled,
    /// What should be there.
    pub shaped: &'a Shaped,
    /// The steps.
    pub plan: &'a Plan,
    /// What came of them; of a plan without steps: `Run::new(plan).finish()`.
    pub outcome: &'a Outcome,
    /// Members that had none of the unit's finalizers before this pass: a first success is told to them
    /// even where nothing was left to do.
    pub joined: &'a BTreeSet<ObjectKey>,
    /// Nobody looked: its fingerprint says that everything stands.
    pub settled: bool,
}

/// What the cluster is to be told.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Report {
    /// What `status.loadBalancer` of each member should say. A member that is not in here keeps what
    /// it says.
    pub statuses: BTreeMap<ObjectKey, IngressStatus>,
    /// What is to be told now.
    pub events: Vec<Event>,
    /// What holds, told now or before: the next report on the unit does not tell it again.
    pub standing: BTreeSet<Event>,
    /// Finalizers to take away: nothing in AWS is left of these objects in this stack.
    pub release: BTreeSet<(ObjectKey, String)>,
}

/// Finalizers that must stand before the first step: a process that dies in between must still learn of
/// the object's end. An object that has its finalizer already is in here, too.
pub fn before(stack: &StackIntent) -> BTreeSet<(ObjectKey, String)> {
    let finalizer = stack.key.finalizer();
    stack.members.iter().map(|member| (member.clone(), finalizer.clone())).collect()
}

/// What a pass comes to. `before`: the unit's last report; what stood in it is not told again. Without
/// one (after a start, or to remind: the API server forgets Events within hours) every mistake is told,
/// and success to those who joined or where something was done.
pub fn report(ran: &Ran<'_>, before: Option<&Report>) -> Report {
    let standing: BTreeSet<Event> = event::mistakes(ran).into_iter().collect();
    let told = before.map(|report| &report.standing);
    let mut events: Vec<Event> = standing
        .iter()
        .filter(|event| told.is_none_or(|told| !told.contains(event)))
        .cloned()
        .collect();
    let mut report = Report { standing, ..Report::default() };
    if let Intent::Stack(stack) = &ran.compiled.intent {
        events.extend(event::successes(ran, stack, &report.standing, told));
        report.statuses = statuses(ran, stack);
        report.release = release::release(ran, stack);
    }
    report.events = events;
    report
}

/// The load balancer's name and the ports whose listeners stand. Nothing of a stack that is held: what
/// is asked for is not what stands.
fn statuses(ran: &Ran<'_>, stack: &StackIntent) -> BTreeMap<ObjectKey, IngressStatus> {
    let (desired, known) = (&ran.shaped.desired, &ran.outcome.outputs);
    let key = |kind, id: &str| ResourceKey::new(desired.unit.clone(), kind, id);
    let names = desired.load_balancers.keys().filter_map(|id| {
        let key = key(ResourceKind::LoadBalancer, id);
        known.get(&key, Field::DnsName)
    });
    let Some(name) = names.into_iter().next().filter(|_| desired.held.unit.is_none()) else {
        return BTreeMap::new();
    };
    let listens = |port: &u16| {
        let key = key(ResourceKind::Listener, &port.to_string());
        ran.settled || known.get(&key, Field::Arn).is_some()
    };
    let ports = desired.listeners.keys().copied().filter(listens).collect();
    let status = IngressStatus { hostname: name.to_lowercase(), ports };
    stack.members.iter().map(|member| (member.clone(), status.clone())).collect()
}

#[cfg(test)]
mod tests;
