//! TargetGroupBindings of ours: published after a stack's steps, and their checkpoints around those of its
//! targets (load-balancers.md 4.4, 7.3). They are outputs: what they say is asked of nobody but at the start,
//! where a checkpoint saves a look at the targets.

use std::collections::BTreeSet;

use inroad_desired::{binding_labels, checkpoint, is_current, publish, stack_of_labels};
use inroad_intent::{Intent, identities, standing};
use inroad_plan::outputs_of;
use inroad_words::{
    Arn, Field, Kind, ObjectKey, ResourceKey, ResourceKind, StackKey, TargetKey, Unit,
    facts::Outputs,
    observed::Observed,
    published::{BindingStep, Standing},
};
use inroad_world::{Change, World, crd::TargetGroupBinding};

use super::turn::{Hands, Turn};
use crate::{EngineError, Planned};

impl Turn {
    /// Brings a stack's bindings to say what is there. `left`: what its steps have left, where that is known;
    /// else nothing is taken away.
    pub(super) async fn publish(
        &self,
        hands: &Hands,
        planned: &Planned,
        left: Option<&Observed>,
        made: &Outputs,
    ) -> Result<(), EngineError> {
        let Unit::Stack(stack) = &self.unit else { return Ok(()) };
        if !self.publishes {
            return Ok(());
        }
        let mut known = (*self.outputs).clone();
        known.0.retain(|(key, _), _| key.unit != self.unit);
        known.0.extend(left.map_or_else(|| made.clone(), |left| outputs_of(left, &self.unit)).0);
        let there = standing(&self.world, &binding_labels(stack));
        for step in publish(&planned.shaped.desired, &known, there) {
            if left.is_some() || !matches!(step, BindingStep::Delete(_)) {
                hands.writer.binding(&step).await?;
            }
        }
        match left {
            Some(left) if left.load_balancers.is_empty() => self.unpublish(hands, stack).await,
            _ => Ok(()),
        }
    }

    /// Takes away what the cluster still has of a stack that goes. It is asked: what was published a moment ago
    /// need not be heard of yet, and nobody looks after it later.
    async fn unpublish(&self, hands: &Hands, stack: &StackKey) -> Result<(), EngineError> {
        let Intent::Stack(intent) = &self.compiled.intent else { return Ok(()) };
        let namespaces: BTreeSet<&str> =
            intent.leaving.iter().map(|object| object.namespace.as_str()).collect();
        for namespace in namespaces {
            for object in hands.writer.bindings(namespace, &binding_labels(stack)).await? {
                hands.writer.binding(&BindingStep::Delete(object)).await?;
            }
        }
        Ok(())
    }

    /// The binding of a target group, with who should be registered in it.
    pub(super) fn binding(&self) -> Option<(Standing, BTreeSet<String>)> {
        let (Unit::Targets(key), Intent::Targets(targets)) = (&self.unit, &self.compiled.intent)
        else {
            return None;
        };
        let arn = arn(&self.outputs, key)?;
        let mut all = standing(&self.world, &binding_labels(&key.stack)).into_iter();
        let standing = all.find(|it| it.says.group == arn && !it.leaving)?;
        Some((standing, identities(&self.world, targets)))
    }

    /// Whether the checkpoint vouches for the targets that there should be.
    pub(super) fn vouched_for(&self) -> bool {
        let Intent::Targets(targets) = &self.compiled.intent else { return false };
        let vouches = |(standing, identities)| is_current(&standing, &identities);
        targets.held.is_none() && self.binding().is_some_and(vouches)
    }

    /// Before targets change no checkpoint may vouch for them.
    pub(super) async fn blank_checkpoint(&self, hands: &Hands) -> Result<(), EngineError> {
        match self.binding() {
            Some((standing, _)) if !standing.checkpoint.is_empty() => {
                Ok(hands.writer.binding_checkpoint(&standing.says.object, "").await?)
            }
            _ => Ok(()),
        }
    }

    /// Once a target group holds what it should, its checkpoint says so. `written`: it was blanked in this turn.
    pub(super) async fn write_checkpoint(
        &self,
        hands: &Hands,
        written: bool,
    ) -> Result<(), EngineError> {
        let Some((standing, identities)) = self.binding() else { return Ok(()) };
        if !written && is_current(&standing, &identities) {
            return Ok(());
        }
        let says = checkpoint(&identities, &standing.says.spec);
        Ok(hands.writer.binding_checkpoint(&standing.says.object, &says).await?)
    }
}

fn arn(outputs: &Outputs, key: &TargetKey) -> Option<Arn> {
    let stack = Unit::Stack(key.stack.clone());
    let group = ResourceKey::new(stack, ResourceKind::TargetGroup, &key.group);
    outputs.get(&group, Field::Arn).map(|arn| Arn(arn.to_owned()))
}

/// The units whose bindings changes are about: whoever published one looks after it. `world`: before or
/// after the changes.
pub(super) fn about<'a>(
    changes: impl Iterator<Item = &'a ObjectKey>,
    world: &World,
    outputs: &Outputs,
) -> BTreeSet<Unit> {
    let mut units = BTreeSet::new();
    for key in changes.filter(|key| key.kind == Kind::TargetGroupBinding) {
        let Some(binding) = world.get::<TargetGroupBinding>(key) else { continue };
        let labels = binding.metadata.labels.clone().unwrap_or_default();
        let Some(stack) = stack_of_labels(&labels) else { continue };
        units.insert(Unit::Stack(stack));
        let arn = &binding.spec.target_group_arn;
        let group = outputs.0.iter().find_map(|((key, field), value)| {
            let is_it =
                key.kind == ResourceKind::TargetGroup && *field == Field::Arn && value == arn;
            is_it.then_some(key)
        });
        if let Some(ResourceKey { unit: Unit::Stack(stack), id, .. }) = group {
            units.insert(Unit::Targets(TargetKey { stack: stack.clone(), group: id.clone() }));
        }
    }
    units
}

/// What a change is about.
pub(super) fn object(change: &Change) -> &ObjectKey {
    match change {
        Change::Applied(object) => &object.key,
        Change::Removed(key) => key,
    }
}
