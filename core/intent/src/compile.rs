//! One unit at a time: what the world asks it to be. In: a [`Lens`], a [`Unit`], the settings in
//! force. Out: [`Compiled`].

use std::collections::BTreeSet;

use inroad_words::{
    Diagnostic, TargetKey, Unit,
    controller::{BalancerSettings, Controller},
    targets::TargetType,
};
use inroad_world::{Lens, World};

use crate::{
    foundation,
    ingress::{self, group},
    model::{Compiled, Intent, TargetsIntent},
    names, targets,
};

/// Compiles one unit. Diagnostics are sorted, each said once.
pub fn compile(lens: &Lens<'_>, unit: &Unit, controller: &Controller) -> Compiled {
    let settings = &controller.balancers;
    let mut diagnostics = Vec::new();
    let intent = match unit {
        Unit::Foundation => Intent::Foundation(foundation::compile(lens, settings)),
        Unit::Stack(key) => {
            Intent::Stack(Box::new(ingress::stack(lens, key, settings, &mut diagnostics)))
        }
        Unit::Targets(key) => Intent::Targets(targets_of(lens, key, settings, &mut diagnostics)),
        Unit::Zone(key) => Intent::Zone(names::compile(lens, key, controller, &mut diagnostics)),
    };
    diagnostics.sort();
    diagnostics.dedup();
    Compiled { intent, diagnostics, reads: lens.reads() }
}

/// The registrations of one target group. What is wrong with its stack is told with the stack.
fn targets_of(
    lens: &Lens<'_>,
    key: &TargetKey,
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> TargetsIntent {
    let stack = ingress::stack(lens, &key.stack, settings, &mut Vec::new());
    match stack.backends.get(&key.group) {
        None => TargetsIntent {
            key: key.clone(),
            service: None,
            target_type: TargetType::Instance,
            endpoints: Default::default(),
        },
        Some(backend) => TargetsIntent {
            key: key.clone(),
            service: Some(backend.service.clone()),
            target_type: backend.target_type.value,
            endpoints: targets::endpoints(lens, backend, settings, diagnostics),
        },
    }
}

/// Every unit that the world asks for, but for zones, which only the outside knows: the foundation,
/// each stack (also one whose members are deleted or cannot be placed), and each target group.
pub fn roots(world: &World, controller: &Controller) -> BTreeSet<Unit> {
    let settings = &controller.balancers;
    let lens = Lens::new(world);
    let mut units = BTreeSet::from([Unit::Foundation]);
    for key in group::stacks(&lens, settings) {
        let stack = ingress::stack(&lens, &key, settings, &mut Vec::new());
        let groups = stack.backends.into_keys();
        units.extend(groups.map(|group| Unit::Targets(TargetKey { stack: key.clone(), group })));
        units.insert(Unit::Stack(key));
    }
    units
}
