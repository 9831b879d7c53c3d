//! One unit at a time: what the world asks it to be. In: a [`Lens`], a [`Unit`], the settings in
//! force. Out: [`Compiled`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_words::{
    Diagnostic, Origin, StackKey, TargetKey, Unit,
    controller::{BalancerSettings, Controller},
    hold::{Hold, HoldReason},
    targets::TargetType,
};
use inroad_world::{Lens, World};

use crate::{
    foundation,
    ingress::{self, group},
    model::{Compiled, Intent, StackIntent, TargetsIntent},
    names, service, targets,
};

/// Stacks that are compiled already.
pub type Stacks = BTreeMap<StackKey, Arc<StackIntent>>;

/// Compiles one unit. Diagnostics are sorted, each said once.
pub fn compile(lens: &Lens<'_>, unit: &Unit, controller: &Controller) -> Compiled {
    let keys = match unit {
        Unit::Foundation => stacks(lens, controller),
        Unit::Targets(key) => BTreeSet::from([key.stack.clone()]),
        Unit::Stack(_) | Unit::Zone(_) => BTreeSet::new(),
    };
    compile_within(lens, unit, controller, &compile_stacks(lens, keys, controller))
}

/// Compiles stacks for [`compile_within`]. What they share must know of every stack: also of those that
/// only AWS knows.
pub fn compile_stacks(
    lens: &Lens<'_>,
    keys: impl IntoIterator<Item = StackKey>,
    controller: &Controller,
) -> Stacks {
    let compiled = |key: StackKey| {
        let mut stack = stack(lens, &key, controller, &mut Vec::new());
        wait(lens, &mut stack.held, &Unit::Stack(key.clone()));
        (key, Arc::new(stack))
    };
    keys.into_iter().map(compiled).collect()
}

/// One stack, by the front end of whoever asks for it.
fn stack(
    lens: &Lens<'_>,
    key: &StackKey,
    controller: &Controller,
    diagnostics: &mut Vec<Diagnostic>,
) -> StackIntent {
    match key {
        StackKey::Service { .. } => service::stack(lens, key, controller, diagnostics),
        _ => ingress::stack(lens, key, &controller.balancers, diagnostics),
    }
}

/// As long as a kind is not listed completely, what is not found of it may still be there: the unit is
/// left as it is, and what seems to be a mistake may be none.
fn wait(lens: &Lens<'_>, held: &mut Option<Hold>, unit: &Unit) -> bool {
    let waits = lens.incomplete();
    if waits.is_empty() {
        return false;
    }
    let kinds: Vec<&str> = waits.iter().map(|kind| kind.as_str()).collect();
    let reason = HoldReason::MissingFact(format!("not listed yet: {}", kinds.join(", ")));
    *held = Some(Hold { subject: unit.to_string(), reason, origin: Origin::Default });
    true
}

/// Compiles one unit where every stack is at hand: its reads are then its own alone, and whoever keeps
/// the stacks knows when one of them makes it due.
pub fn compile_within(
    lens: &Lens<'_>,
    unit: &Unit,
    controller: &Controller,
    stacks: &Stacks,
) -> Compiled {
    let settings = &controller.balancers;
    let mut diagnostics = Vec::new();
    let mut intent = match unit {
        Unit::Foundation => Intent::Foundation(foundation::compile(lens, settings, stacks)),
        Unit::Stack(key) => Intent::Stack(Box::new(stack(lens, key, controller, &mut diagnostics))),
        Unit::Targets(key) => {
            let stack = stacks.get(&key.stack).map(Arc::as_ref);
            Intent::Targets(targets_of(lens, key, stack, (settings, &mut diagnostics)))
        }
        Unit::Zone(key) => Intent::Zone(names::compile(lens, key, controller, &mut diagnostics)),
    };
    let waits = match &mut intent {
        Intent::Foundation(intent) => wait(lens, &mut intent.held, unit),
        Intent::Stack(intent) => wait(lens, &mut intent.held, unit),
        Intent::Targets(intent) => wait(lens, &mut intent.held, unit),
        // A zone waits record by record, as far as a kind is a source of names.
        Intent::Zone(_) => false,
    };
    if waits {
        diagnostics.clear();
    }
    diagnostics.sort();
    diagnostics.dedup();
    Compiled { intent, diagnostics, reads: lens.reads() }
}

/// The registrations of one target group. What is wrong with its stack is told with the stack.
fn targets_of(
    lens: &Lens<'_>,
    key: &TargetKey,
    stack: Option<&StackIntent>,
    (settings, diagnostics): (&BalancerSettings, &mut Vec<Diagnostic>),
) -> TargetsIntent {
    match stack.and_then(|stack| stack.backends.get(&key.group)) {
        None => TargetsIntent {
            key: key.clone(),
            service: None,
            target_type: TargetType::Instance,
            endpoints: Default::default(),
            multi_cluster: false,
            standby: false,
            // What is not in a stack that is held may be in it again once that is mended.
            held: stack.and_then(|stack| {
                let whole = stack.held.clone();
                whole.or_else(|| {
                    stack.kept.targets.clone().filter(|_| stack.kept.may_own(&key.group))
                })
            }),
        },
        Some(backend) => TargetsIntent {
            key: key.clone(),
            service: Some(backend.service.clone()),
            target_type: backend.target_type.value,
            endpoints: targets::endpoints(lens, backend, settings, diagnostics),
            multi_cluster: backend.multi_cluster.value,
            standby: backend.standby,
            held: None,
        },
    }
}

/// Every stack that the world asks for, also one whose members are deleted or cannot be placed.
pub fn stacks(lens: &Lens<'_>, controller: &Controller) -> BTreeSet<StackKey> {
    let mut all = group::stacks(lens, &controller.balancers);
    all.append(&mut service::stacks(lens, &controller.services));
    all
}

/// Every unit that the world asks for, but for zones, which only the outside knows: the foundation,
/// each stack (also one whose members are deleted or cannot be placed), and each target group.
pub fn roots(world: &World, controller: &Controller) -> BTreeSet<Unit> {
    let lens = Lens::new(world);
    let mut units = BTreeSet::from([Unit::Foundation]);
    for key in stacks(&lens, controller) {
        let stack = stack(&lens, &key, controller, &mut Vec::new());
        let groups = stack.backends.into_keys();
        units.extend(groups.map(|group| Unit::Targets(TargetKey { stack: key.clone(), group })));
        units.insert(Unit::Stack(key));
    }
    units
}
