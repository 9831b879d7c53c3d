//! All units of a world through compile, needs, shape and diff, and their plans come true in an
//! [`Account`]: the engine's waves without its edges.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use inroad_desired::{Shaped, needs, shape};
use inroad_intent::{Compiled, compile, compile_stacks, compile_within, roots, stacks};
use inroad_plan::{Op, Plan, diff, outputs_of, plan::Step};
use inroad_words::{
    ResourceKind, Unit,
    controller::Controller,
    facts::Outputs,
    hold::{Hold, HoldReason},
    observed::Observed,
};
use inroad_world::{Lens, World};

use crate::{Account, Surroundings};

/// A unit planned, with all that its plan comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// The unit.
    pub unit: Unit,
    /// What the objects ask for.
    pub compiled: Compiled,
    /// What should be there.
    pub shaped: Shaped,
    /// What is there.
    pub observed: Observed,
    /// The steps.
    pub plan: Plan,
}

impl Planned {
    /// What is known of the unit's resources that stay, once this is there.
    pub(crate) fn known(&self, observed: &Observed) -> Outputs {
        diff(&self.shaped.desired, observed, &Controller::default()).known
    }
}

/// What a world is settled with.
#[derive(Debug, Clone, Copy)]
pub struct Corridor<'a> {
    /// The cluster.
    pub world: &'a World,
    /// The outside.
    pub surroundings: &'a Surroundings,
    /// The settings.
    pub controller: &'a Controller,
}

/// Who needs whom, as the engine has it.
const WAVES: [fn(&Unit) -> bool; 4] = [
    |unit| matches!(unit, Unit::Foundation),
    |unit| matches!(unit, Unit::Stack(_)),
    |unit| matches!(unit, Unit::Foundation | Unit::Targets(_)),
    |unit| matches!(unit, Unit::Zone(_)),
];

/// A chain of outputs is three long; more passes would mean that something never comes to rest.
const PASSES: usize = 4;

impl Corridor<'_> {
    /// One unit, planned against what is there.
    pub fn plan(&self, unit: &Unit, account: &Account) -> Planned {
        let lens = Lens::new(self.world);
        let compiled = match unit {
            Unit::Foundation => {
                let known = account.stacks().into_iter().filter_map(|unit| match unit {
                    Unit::Stack(key) => Some(key),
                    _ => None,
                });
                let all = stacks(&lens, self.controller).into_iter().chain(known);
                let all = compile_stacks(&lens, all, self.controller);
                compile_within(&lens, unit, self.controller, &all)
            }
            _ => compile(&lens, unit, self.controller),
        };
        let mut facts = self.surroundings.answer(&needs(&compiled.intent, self.controller));
        facts.outputs = account.outputs.clone();
        let observed = account.observe(unit);
        let stands = outputs_of(&observed, unit).0.into_iter();
        facts
            .outputs
            .0
            .extend(stands.filter(|((key, _), _)| key.kind == ResourceKind::LoadBalancer));
        facts.deployed = Some(observed.clone());
        let shaped = shape(&compiled.intent, &facts, self.controller);
        let plan = diff(&shaped.desired, &observed, self.controller);
        Planned { unit: unit.clone(), compiled, shaped, observed, plan }
    }

    /// Every unit that the world or the account asks for, planned against what is there.
    pub fn look(&self, account: &Account) -> Vec<Planned> {
        self.units(account).iter().map(|unit| self.plan(unit, account)).collect()
    }

    /// What a person is shown before anything is done: wave by wave, with what an earlier plan would
    /// make standing for itself.
    pub fn foresee(&self, account: &Account) -> Vec<Planned> {
        let mut account = account.clone();
        let mut all = BTreeMap::new();
        for wave in WAVES {
            for unit in self.units(&account).into_iter().filter(wave) {
                if let Entry::Vacant(place) = all.entry(unit) {
                    let planned = self.plan(place.key(), &account);
                    account.expect(&planned);
                    place.insert(planned);
                }
            }
        }
        all.into_values().collect()
    }

    /// Brings the account to what the world asks for; every plan on the way comes back, in order.
    /// `look` sees the account after every step.
    pub fn settle(
        &self,
        account: &mut Account,
        look: &mut dyn FnMut(&Account, &Step),
    ) -> Vec<Planned> {
        let mut all = Vec::new();
        let mut due: Option<BTreeSet<Unit>> = None;
        for _ in 0..PASSES {
            let mut waiting = BTreeSet::new();
            for (number, wave) in WAVES.iter().enumerate() {
                for unit in self.units(account) {
                    if wave(&unit) && due.as_ref().is_none_or(|due| due.contains(&unit)) {
                        let planned = self.plan(&unit, account);
                        waiting.remove(&unit);
                        if waits(&planned) {
                            waiting.insert(unit);
                        }
                        // What stacks still wear goes in a later wave.
                        if number > 0 || !deletes(&planned) {
                            account.apply(&planned, look);
                            all.push(planned);
                        }
                    }
                }
            }
            if waiting.is_empty() || due.as_ref() == Some(&waiting) {
                break;
            }
            due = Some(waiting);
        }
        all
    }

    fn units(&self, account: &Account) -> BTreeSet<Unit> {
        let mut units = roots(self.world, self.controller);
        units.extend(account.stacks());
        units.extend(self.surroundings.facts.zones.iter().map(|it| Unit::Zone(it.key.clone())));
        units
    }
}

fn waits(planned: &Planned) -> bool {
    let waits = |hold: &Hold| matches!(hold.reason, HoldReason::Output { .. });
    planned.plan.succeeds() || planned.plan.holds.iter().any(waits)
}

fn deletes(planned: &Planned) -> bool {
    let mut ops = planned.plan.ops.values();
    ops.any(|step| matches!(step.op, Op::DeleteSecurityGroup { .. } | Op::RevokeIngress { .. }))
}
