//! From an intent and the facts to what should be there. Forbidden: questions that are not in `needs`,
//! and any knowledge of what exists.

use inroad_intent::{Intent, model::StackIntent};
use inroad_words::{
    Diagnostic, Origin, ResourceKey, ResourceKind, StackKey, Unit,
    controller::Controller,
    facts::Facts,
    hold::{Hold, HoldReason},
};

use crate::{
    balancer, foundation,
    model::{Desired, Shaped},
    records,
    tags::Tagger,
    targets,
};

/// What should be there for one unit. The same input gives the same bytes. Whatever a mistake or a
/// missing fact concerns is held, and the rest goes on.
pub fn shape(intent: &Intent, facts: &Facts, controller: &Controller) -> Shaped {
    match intent {
        Intent::Stack(stack) => shape_stack(stack, facts, controller),
        Intent::Targets(asked) => targets::shape(asked, facts),
        Intent::Foundation(asked) => foundation::shape(asked, facts, controller),
        Intent::Zone(asked) => records::shape(asked, facts, controller),
    }
}

fn shape_stack(stack: &StackIntent, facts: &Facts, controller: &Controller) -> Shaped {
    let mut shaping = Shaping::new(&stack.key, facts, controller);
    shaping.out.desired.held.unit = stack.held.clone();
    if let Some(asked) = &stack.balancer {
        balancer::shape(&mut shaping, asked);
        let source = balancer::security::source(&shaping, &asked.security);
        for (id, backend) in &stack.backends {
            targets::group(&mut shaping, id, backend, source.as_ref());
        }
    }
    shaping.out
}

/// A stack in the making.
#[derive(Debug)]
pub(crate) struct Shaping<'a> {
    pub(crate) stack: &'a StackKey,
    pub(crate) facts: &'a Facts,
    pub(crate) controller: &'a Controller,
    pub(crate) out: Shaped,
}

impl<'a> Shaping<'a> {
    fn new(stack: &'a StackKey, facts: &'a Facts, controller: &'a Controller) -> Self {
        let desired = Desired::nothing(Unit::Stack(stack.clone()));
        Self { stack, facts, controller, out: Shaped { desired, diagnostics: Vec::new() } }
    }

    /// A resource of this stack.
    pub(crate) fn key(&self, kind: ResourceKind, id: impl Into<String>) -> ResourceKey {
        ResourceKey::new(self.out.desired.unit.clone(), kind, id)
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
