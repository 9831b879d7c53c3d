//! From an intent and the facts to what should be there. Forbidden: questions that are not in `needs`,
//! and any knowledge of what exists, but for what [`settle`] and a load balancer that stands need.

use inroad_intent::{
    Intent,
    model::{Kept, StackIntent},
};
use inroad_words::{
    Diagnostic, Field, Origin, ResourceKey, ResourceKind, StackKey, Unit,
    controller::Controller,
    facts::Facts,
    hold::{Hold, HoldReason},
};

use crate::{
    balancer::{self, LOAD_BALANCER, security::MANAGED},
    foundation,
    model::{Desired, KeptParts, Shaped},
    naming::Owner,
    records, settle,
    tags::Tagger,
    targets,
};

/// What should be there for one unit. The same input gives the same bytes. Whatever a mistake or a
/// missing fact concerns is held, and the rest goes on.
pub fn shape(intent: &Intent, facts: &Facts, controller: &Controller) -> Shaped {
    let mut shaped = match intent {
        Intent::Stack(stack) => shape_stack(stack, facts, controller),
        Intent::Targets(asked) => targets::shape(asked, facts),
        Intent::Foundation(asked) => foundation::shape(asked, facts, controller),
        Intent::Zone(asked) => records::shape(asked, facts, controller),
    };
    shaped.desired.limits.clone_from(&facts.limits);
    if matches!(&shaped.desired.unit, Unit::Stack(key) if key.is_of_service()) {
        let limits = &mut shaped.desired.limits;
        limits.told.retain(|quota, _| quota.is_of_all());
        limits.refused.retain(|quota| quota.is_of_all());
    }
    shaped
}

fn shape_stack(stack: &StackIntent, facts: &Facts, controller: &Controller) -> Shaped {
    if let Some(diagnostic) = facts.deployed.as_ref().and_then(|it| settle::bare(stack, it)) {
        let mut desired = Desired::nothing(Unit::Stack(stack.key.clone()));
        desired.held.unit = Some(Hold {
            subject: desired.unit.to_string(),
            reason: HoldReason::Diagnostic(diagnostic.code.to_string()),
            origin: diagnostic.origin.clone(),
        });
        return Shaped { desired, diagnostics: vec![diagnostic] };
    }
    if !settle::is_open(stack) {
        return shape_settled(stack, facts, controller);
    }
    let Some(deployed) = &facts.deployed else {
        let mut desired = Desired::nothing(Unit::Stack(stack.key.clone()));
        desired.held.unit = Some(Hold {
            subject: desired.unit.to_string(),
            reason: HoldReason::MissingFact("what is deployed is not known".into()),
            origin: Origin::Default,
        });
        return Shaped { desired, diagnostics: Vec::new() };
    };
    let (settled, mut diagnostics) = settle::settle(stack, deployed, facts, controller);
    let mut shaped = shape_settled(&settled, facts, controller);
    diagnostics.append(&mut shaped.diagnostics);
    diagnostics.sort();
    diagnostics.dedup();
    Shaped { diagnostics, ..shaped }
}

/// A stack of which nothing is open.
fn shape_settled(stack: &StackIntent, facts: &Facts, controller: &Controller) -> Shaped {
    let mut shaping = Shaping::new((&stack.key, &stack.uid), facts, controller);
    shaping.kept.clone_from(&stack.kept);
    let undecided = stack.undecided.as_ref().filter(|_| !shaping.stands());
    shaping.out.desired.held.unit = stack.held.as_ref().or(undecided).cloned();
    if let Some(asked) = &stack.balancer {
        shaping.out.desired.members.clone_from(&stack.members);
        balancer::shape(&mut shaping, asked);
        let source = balancer::security::source(&shaping, &asked.security);
        for (id, backend) in stack.backends.iter().filter(|(_, it)| !it.standby) {
            targets::group(&mut shaping, id, backend, source.as_ref());
        }
    } else if let Some(hold) = &stack.kept.targets {
        // Nobody is left but those in error: what carries their rules stays as it is.
        let (reason, by) = (hold.reason.clone(), &hold.origin);
        shaping.hold(ResourceKind::LoadBalancer, LOAD_BALANCER, reason.clone(), by);
        shaping.hold(ResourceKind::SecurityGroup, MANAGED, reason, by);
    }
    shaping.out.desired.kept = kept(stack, shaping.kept);
    shaping.out
}

fn kept(stack: &StackIntent, parts: Kept) -> KeptParts {
    if parts.is_empty() {
        return KeptParts::default();
    }
    let placed = stack.members.iter().filter(|it| !parts.unplaced.contains(it));
    KeptParts { order: placed.cloned().collect(), parts, leaving: stack.leaving.clone() }
}

/// A stack in the making.
#[derive(Debug)]
pub(crate) struct Shaping<'a> {
    pub(crate) stack: &'a StackKey,
    /// `metadata.uid` of the Service whose stack it is.
    uid: &'a str,
    pub(crate) facts: &'a Facts,
    pub(crate) controller: &'a Controller,
    pub(crate) out: Shaped,
    /// What stays as it is deployed, because somebody's mistake leaves open what it should be.
    pub(crate) kept: Kept,
}

impl<'a> Shaping<'a> {
    fn new(
        (stack, uid): (&'a StackKey, &'a str),
        facts: &'a Facts,
        controller: &'a Controller,
    ) -> Self {
        let desired = Desired::nothing(Unit::Stack(stack.clone()));
        let out = Shaped { desired, diagnostics: Vec::new() };
        Self { stack, uid, facts, controller, out, kept: Kept::default() }
    }

    /// Whose resources these are, in names.
    pub(crate) fn owner(&self) -> Owner<'a> {
        let cluster = &self.controller.balancers.cluster_name;
        Owner { cluster, stack: self.stack, uid: self.uid }
    }

    /// A resource of this stack.
    pub(crate) fn key(&self, kind: ResourceKind, id: impl Into<String>) -> ResourceKey {
        ResourceKey::new(self.out.desired.unit.clone(), kind, id)
    }

    /// Whether the stack's load balancer stands.
    pub(crate) fn stands(&self) -> bool {
        let key = self.key(ResourceKind::LoadBalancer, LOAD_BALANCER);
        self.facts.outputs.get(&key, Field::Arn).is_some()
    }

    /// This stack's tags.
    pub(crate) fn tagger(&self) -> Tagger<'a> {
        Tagger::new(self.controller, self.stack)
    }

    /// Notes a mistake; what comes back is the reason for whatever has to wait until it is mended.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> HoldReason {
        let reason = HoldReason::Diagnostic(diagnostic.code.to_string());
        self.out.diagnostics.push(diagnostic);
        reason
    }

    /// Notes a mistake of a member: what is deployed for it stays until it is mended.
    pub(crate) fn blame(&mut self, diagnostic: Diagnostic) {
        self.kept.members.extend(diagnostic.origin.object().cloned());
        self.kept.unknown = true;
        self.report(diagnostic);
    }

    /// Holds a resource of this stack.
    pub(crate) fn hold(&mut self, kind: ResourceKind, id: &str, reason: HoldReason, by: &Origin) {
        let subject = format!("{} {id}", kind.as_str());
        let hold = Hold { subject, reason, origin: by.clone() };
        let key = self.key(kind, id);
        self.out.desired.held.resources.insert(key, hold);
    }
}

#[cfg(test)]
mod tests;
