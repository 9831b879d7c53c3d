//! What the world asks for, compiled and kept so. In: changes. Out: the units that they make due. A unit
//! is compiled again when an answer that it read has changed, and is due when that changes its intent:
//! nobody says by hand whom a change concerns. Forbidden: awaiting anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_intent::{
    Compiled, Intent, Stacks, compile_stacks, compile_within,
    model::{Backend, StackIntent},
    stacks,
};
use inroad_words::{Kind, StackKey, TargetKey, Unit, ZoneKey, controller::Controller};
use inroad_world::{Change, Lens, Reads, Touched, World};

use super::queue::Lane;

/// Which halves of the controller are on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halves {
    /// Load balancers and their targets.
    pub balancers: bool,
    /// DNS records.
    pub dns: bool,
}

impl Halves {
    /// Both are on.
    pub const BOTH: Halves = Halves { balancers: true, dns: true };
}

/// The world and everything that it asks for.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) world: World,
    halves: Halves,
    zones: BTreeSet<ZoneKey>,
    roster: Reads,
    stacks: Stacks,
    /// Stacks that AWS holds: one that no object asks for may rely on what is shared.
    standing: BTreeSet<StackKey>,
    compiled: BTreeMap<Unit, Arc<Compiled>>,
}

/// What a change makes due.
#[derive(Debug, Default)]
pub(crate) struct Due {
    pub(crate) units: BTreeMap<Unit, Lane>,
    pub(crate) gone: BTreeSet<Unit>,
}

impl Asked {
    pub(crate) fn new(halves: Halves, kinds: &BTreeSet<Kind>) -> Self {
        Self {
            world: World::awaiting(kinds.iter().copied()),
            halves,
            zones: BTreeSet::new(),
            roster: Reads::default(),
            stacks: Stacks::new(),
            standing: BTreeSet::new(),
            compiled: BTreeMap::new(),
        }
    }

    /// Which halves are on.
    pub(crate) fn halves(&self) -> Halves {
        self.halves
    }

    /// What a unit is asked to be.
    pub(crate) fn compiled(&self, unit: &Unit) -> Option<&Arc<Compiled>> {
        self.compiled.get(unit)
    }

    /// Every unit that is asked for.
    pub(crate) fn units(&self) -> impl Iterator<Item = &Unit> {
        self.compiled.keys()
    }

    /// The intent of a stack.
    pub(crate) fn stack(&self, key: &StackKey) -> Option<&Arc<StackIntent>> {
        self.stacks.get(key)
    }

    /// Takes changes in without looking at what they mean.
    pub(crate) fn absorb(&mut self, changes: Vec<Change>) -> Touched {
        let (world, touched) = self.world.absorb_all(changes);
        self.world = world;
        touched
    }

    /// A kind was listed completely.
    pub(crate) fn listed(&mut self, kind: Kind) -> Touched {
        let (world, touched) = self.world.mark_listed(kind);
        self.world = world;
        touched
    }

    /// Takes the stacks that AWS holds.
    pub(crate) fn know_standing(&mut self, stacks: BTreeSet<StackKey>) {
        self.standing = stacks;
    }

    /// Takes whether AWS holds a stack; true where that matters to what is shared, since no object asks for
    /// the stack any more.
    pub(crate) fn know_stands(&mut self, stack: &StackKey, stands: bool) -> bool {
        let news = match stands {
            true => self.standing.insert(stack.clone()),
            false => self.standing.remove(stack),
        };
        news && !self.stacks.contains_key(stack)
    }

    /// Takes the list of zones.
    pub(crate) fn know_zones(&mut self, zones: BTreeSet<ZoneKey>) {
        self.zones = zones;
    }

    /// Compiles what stacks share, once it is known who may use it.
    pub(crate) fn compile_shared(&mut self, controller: &Controller) -> Due {
        let mut compiling = Compiling { controller, due: Due::default(), is_due: &|_| false };
        if self.halves.balancers {
            compiling.unit(self, &Unit::Foundation, Lane::Change, true);
        }
        compiling.due
    }

    /// Stacks that objects ask for, and those that only AWS knows.
    fn all_stacks(&self, lens: &Lens<'_>, controller: &Controller) -> Stacks {
        let unasked = self.standing.iter().filter(|key| !self.stacks.contains_key(key));
        let mut all = compile_stacks(lens, unasked.cloned(), controller);
        all.extend(self.stacks.clone());
        all
    }

    /// Compiles again whatever has read what was touched; with nothing named, everything.
    pub(crate) fn compile(&mut self, touched: Option<&Touched>, controller: &Controller) -> Due {
        let is_due = |reads: &Reads| touched.is_none_or(|touched| reads.touched_by(touched));
        let mut compiling = Compiling { controller, due: Due::default(), is_due: &is_due };
        if self.halves.balancers {
            let before = self.stacks.clone();
            compiling.stacks(self);
            compiling.targets(self, &before);
            let moved = before != self.stacks;
            compiling.unit(self, &Unit::Foundation, Lane::Change, moved);
        }
        if self.halves.dns {
            let gone = |unit: &Unit| match unit {
                Unit::Zone(zone) => !self.zones.contains(zone),
                _ => false,
            };
            let gone: Vec<Unit> = self.units().filter(|unit| gone(unit)).cloned().collect();
            gone.into_iter().for_each(|unit| compiling.drop_unit(self, unit));
            for zone in self.zones.clone() {
                compiling.unit(self, &Unit::Zone(zone), Lane::Change, false);
            }
        }
        compiling.due
    }
}

/// One round of compilation.
struct Compiling<'a> {
    controller: &'a Controller,
    is_due: &'a dyn Fn(&Reads) -> bool,
    due: Due,
}

impl Compiling<'_> {
    fn stacks(&mut self, asked: &mut Asked) {
        if asked.roster.0.is_empty() || (self.is_due)(&asked.roster) {
            let lens = Lens::new(&asked.world);
            let keys = stacks(&lens, self.controller);
            asked.roster = lens.into_reads();
            for key in &keys {
                let unit = Unit::Stack(key.clone());
                self.unit(asked, &unit, Lane::Change, false);
            }
            let gone: Vec<StackKey> =
                asked.stacks.keys().filter(|key| !keys.contains(key)).cloned().collect();
            for key in gone {
                asked.stacks.remove(&key);
                self.drop_unit(asked, Unit::Stack(key));
            }
        } else {
            for key in asked.stacks.keys().cloned().collect::<Vec<_>>() {
                self.unit(asked, &Unit::Stack(key), Lane::Change, false);
            }
        }
    }

    /// A target group whose backend is another one has other targets; the rest have them when their own
    /// reads say so.
    fn targets(&mut self, asked: &mut Asked, before: &Stacks) {
        let gone = |unit: &Unit| match unit {
            Unit::Targets(key) => backend(&asked.stacks, key).is_none(),
            _ => false,
        };
        let gone: Vec<Unit> = asked.units().filter(|unit| gone(unit)).cloned().collect();
        gone.into_iter().for_each(|unit| self.drop_unit(asked, unit));
        let stacks = asked.stacks.iter();
        let keys: Vec<TargetKey> = stacks
            .flat_map(|(stack, intent)| {
                let key = |group: &String| TargetKey { stack: stack.clone(), group: group.clone() };
                intent.backends.keys().map(key)
            })
            .collect();
        for key in keys {
            let moved = backend(before, &key) != backend(&asked.stacks, &key);
            self.unit(asked, &Unit::Targets(key), Lane::Targets, moved);
        }
    }

    fn drop_unit(&mut self, asked: &mut Asked, unit: Unit) {
        asked.compiled.remove(&unit);
        self.due.gone.insert(unit);
    }

    /// Compiles a unit if it must be, and notes it where that makes a difference.
    fn unit(&mut self, asked: &mut Asked, unit: &Unit, lane: Lane, moved: bool) {
        let before = asked.compiled.get(unit);
        if before.is_some_and(|before| !moved && !(self.is_due)(&before.reads)) {
            return;
        }
        let lens = Lens::new(&asked.world);
        let all = match unit {
            Unit::Foundation => &asked.all_stacks(&lens, self.controller),
            _ => &asked.stacks,
        };
        let compiled = compile_within(&lens, unit, self.controller, all);
        let same = before.is_some_and(|before| {
            before.intent == compiled.intent && before.diagnostics == compiled.diagnostics
        });
        if !same {
            self.due.units.insert(unit.clone(), lane);
            if let (Unit::Stack(key), Intent::Stack(intent)) = (unit, &compiled.intent) {
                asked.stacks.insert(key.clone(), Arc::new((**intent).clone()));
            }
        }
        asked.compiled.insert(unit.clone(), Arc::new(compiled));
    }
}

fn backend<'a>(stacks: &'a Stacks, key: &TargetKey) -> Option<&'a Backend> {
    stacks.get(&key.stack)?.backends.get(&key.group)
}
