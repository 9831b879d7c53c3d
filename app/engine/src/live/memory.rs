//! What is remembered of each unit between its turns. All of it is a cache.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_aws::Inventory;
use inroad_plan::{Op, Outcome};
use inroad_status::Report;
use inroad_words::{
    Arn, Field, ResourceKey, ResourceKind, TargetKey, Unit,
    facts::Outputs,
    observed::{Observed, SeenTargets},
};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::Planned;

/// What is remembered of one unit.
#[derive(Debug, Default)]
pub(crate) struct Known {
    /// What its last turn left; `None`: it must be looked at.
    pub(crate) seen: Option<Arc<Observed>>,
    /// When it was looked at last, or proved to be as it should.
    pub(crate) checked: Option<Instant>,
    /// Whether its last turn did all that its objects ask for now.
    pub(crate) settled: bool,
    /// Whether something of it was kept from being deleted in its last turn.
    pub(crate) kept: bool,
    /// Since when names may lead to what takes the place of its load balancer.
    pub(crate) relieved: Option<Instant>,
    /// Whether it has its turn right now.
    pub(crate) busy: bool,
    /// What the cluster was told.
    pub(crate) told: Option<Arc<Report>>,
    /// Ends what the turn that it has right now may take away.
    pub(crate) overtaken: CancellationToken,
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    /// What resources are known to be.
    pub(crate) outputs: Arc<Outputs>,
    /// Everything of ours, as it was listed when this process began to lead.
    pub(crate) listed: Option<Arc<Inventory>>,
    /// Units that had a turn since then: what was listed of them may not hold any more.
    looked: BTreeSet<Unit>,
    units: BTreeMap<Unit, Known>,
}

impl Remembered {
    /// The listing, for the first turn of a unit after it.
    pub(crate) fn listed_for(&mut self, unit: &Unit) -> Option<Arc<Inventory>> {
        self.looked.insert(unit.clone()).then(|| self.listed.clone()).flatten()
    }

    /// Takes a listing, or forgets the one that there was.
    pub(crate) fn list(&mut self, listed: Option<Inventory>) {
        self.listed = listed.map(Arc::new);
        self.looked.clear();
    }

    /// What is remembered of a unit.
    pub(crate) fn unit(&mut self, unit: &Unit) -> &mut Known {
        self.units.entry(unit.clone()).or_default()
    }

    /// The same, where anything is.
    pub(crate) fn get(&self, unit: &Unit) -> Option<&Known> {
        self.units.get(unit)
    }

    /// Whether a target group is known, or its stack was looked at and the group is not there.
    pub(crate) fn has_group(&self, key: &TargetKey) -> bool {
        let stack = Unit::Stack(key.stack.clone());
        let looked = self.get(&stack).is_some_and(|known| known.checked.is_some());
        let group = ResourceKey::new(stack, ResourceKind::TargetGroup, &key.group);
        looked || self.outputs.get(&group, Field::Arn).is_some()
    }

    /// Its objects ask for something else now.
    pub(crate) fn unsettle(&mut self, unit: &Unit) {
        let known = self.unit(unit);
        known.settled = false;
        known.overtaken.cancel();
    }

    /// Forgets units that are not asked for any more, but for what is going on right now.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Unit) -> bool) {
        self.units.retain(|unit, known| keep(unit) || known.busy);
        let outputs = Arc::make_mut(&mut self.outputs);
        outputs.0.retain(|(key, _), _| keep(&key.unit));
    }

    /// Forgets what may have changed while somebody else was writing.
    pub(crate) fn forget(&mut self, which: impl Fn(&Unit) -> bool) {
        for (_, known) in self.units.iter_mut().filter(|(unit, _)| which(unit)) {
            let overtaken = known.overtaken.clone();
            *known = Known { busy: known.busy, overtaken, ..Known::default() };
        }
        let outputs = Arc::make_mut(&mut self.outputs);
        outputs.0.retain(|(key, _), _| !which(&key.unit));
    }

    /// Takes what is known of a unit's resources now; true where that is something else than before.
    pub(crate) fn know(&mut self, unit: &Unit, now: &Outputs) -> bool {
        let is_its = |key: &ResourceKey| key.unit == *unit;
        let before = self.outputs.0.iter().filter(|((key, _), _)| is_its(key));
        if before.eq(now.0.iter()) {
            return false;
        }
        let outputs = Arc::make_mut(&mut self.outputs);
        outputs.0.retain(|(key, _), _| !is_its(key));
        outputs.0.extend(now.0.clone());
        true
    }

    /// A target group that was just made has no targets, and nobody need ask.
    pub(crate) fn know_new_groups(&mut self, planned: &Planned, outcome: &Outcome) {
        let Unit::Stack(stack) = &planned.unit else { return };
        let done = planned.plan.ops.iter().filter(|(id, _)| outcome.done.contains(id));
        for (_, step) in done {
            let Op::CreateTargetGroup { key, .. } = &step.op else { continue };
            let Some(arn) = outcome.outputs.get(key, Field::Arn) else { continue };
            let targets = SeenTargets { group: Arn(arn.to_owned()), targets: BTreeMap::new() };
            let unit = Unit::Targets(TargetKey { stack: stack.clone(), group: key.id.clone() });
            let known = self.unit(&unit);
            known.seen = Some(Arc::new(Observed { targets: Some(targets), ..Observed::default() }));
            known.checked = Some(Instant::now());
        }
    }
}
