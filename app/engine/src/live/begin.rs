//! What begins, and when: listings, and turns of units.

use futures::FutureExt;
use inroad_aws::Inventory;
use inroad_words::{Unit, hold::HoldReason};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Engine, Lane, Tell, Told, Work, memory::Known, turn};
use crate::{EngineError, pipeline};

impl Engine {
    /// Notes which halves this process leads now. Who begins to lead knows nothing of what others have
    /// written meanwhile.
    pub(super) fn follow_lead(&mut self, tell: Tell<'_>) {
        let now = *self.lead.borrow_and_update();
        if now == self.leads {
            return;
        }
        let before = std::mem::replace(&mut self.leads, now);
        let gained = |unit: &Unit| now.of(unit) && !before.of(unit);
        self.memory.forget(gained);
        if now.balancers && !before.balancers {
            self.memory.list(None);
        }
        if now.dns && !before.dns {
            self.zones_at = Instant::now();
        }
        let due: Vec<Unit> = self.asked.units().filter(|unit| gained(unit)).cloned().collect();
        for unit in due {
            self.queue.push(unit, Lane::Background, Instant::now());
        }
        self.quiet = false;
        tell(Told::Leads(now));
    }

    /// Begins whatever may begin.
    pub(super) fn begin_works(&mut self, tell: Tell<'_>) {
        if !self.start.is_over() {
            return;
        }
        let now = Instant::now();
        let halves = self.asked.halves();
        let may_list = halves.balancers && self.leads.balancers && self.memory.listed.is_none();
        if may_list && !self.listing && self.list_at <= now {
            self.listing = true;
            let hands = self.hands.clone();
            let own = pipeline::lister(&hands.controller, self.asked.units());
            let list = async move {
                Work::Listing(Inventory::list(&hands.edges.aws, &own).await.map_err(Into::into))
            };
            self.works.push(list.boxed());
        }
        if halves.dns && self.leads.dns && !self.naming && self.zones_at <= now {
            self.naming = true;
            let hands = self.hands.clone();
            hands.edges.dns.forget(None);
            let name = async move {
                let zones = hands.edges.dns.zones().await.map_err(EngineError::from);
                Work::Zones(zones.map(|all| all.into_iter().map(|zone| zone.key).collect()))
            };
            self.works.push(name.boxed());
        }
        while self.works.len() < self.pace.at_once
            && let Some((unit, lane)) = self.pop(now)
        {
            self.begin_turn(unit, lane);
        }
        if self.works.is_empty() && !self.quiet && self.memory.listed.is_some() >= may_list {
            self.quiet = true;
            let units = self.asked.units();
            let failing = units.filter(|unit| self.backoff.is_failing(unit)).count();
            tell(Told::Quiet { units: self.asked.units().count(), failing });
        }
    }

    fn pop(&mut self, now: Instant) -> Option<(Unit, Lane)> {
        let (memory, leads) = (&self.memory, self.leads);
        self.queue.pop(now, |unit| may(memory, leads, unit))
    }

    /// When something is due next.
    pub(super) fn next_at(&self) -> Option<Instant> {
        if !self.start.is_over() || self.works.len() >= self.pace.at_once {
            return None;
        }
        let halves = self.asked.halves();
        let turn = self.queue.next_at(|unit| may(&self.memory, self.leads, unit));
        let waits = halves.balancers && self.leads.balancers && self.memory.listed.is_none();
        let list = (waits && !self.listing).then_some(self.list_at);
        let zones = (halves.dns && self.leads.dns && !self.naming).then_some(self.zones_at);
        [turn, list, zones].into_iter().flatten().min()
    }

    fn begin_turn(&mut self, unit: Unit, lane: Lane) {
        let Some(compiled) = self.asked.compiled(&unit).cloned() else { return };
        let now = Instant::now();
        let keep = (unit == Unit::Foundation && !self.stacks_are_settled())
            .then(|| HoldReason::Policy("stacks may still use it".into()));
        let keep_elders = !self.is_handed_over(&unit);
        let drift = self.pace.of(&unit);
        let known = self.memory.unit(&unit);
        known.busy = true;
        known.overtaken = CancellationToken::new();
        known.kept = keep.is_some();
        let stale = known.checked.is_some_and(|checked| checked + drift <= now);
        if let (Unit::Zone(zone), true) = (&unit, stale) {
            self.hands.edges.dns.forget(Some(zone));
        }
        let (first, told) = (known.checked.is_none(), known.told.clone());
        let overtaken = known.overtaken.clone();
        let seen = known.seen.clone().filter(|_| !stale);
        let listed = self.memory.listed_for(&unit).filter(|_| first);
        let turn = turn::Turn {
            compiled,
            world: self.asked.world.clone(),
            outputs: self.memory.outputs.clone(),
            seen,
            listed,
            lane,
            publishes: self.publishes,
            keep,
            keep_elders,
            told,
            overtaken,
            edges: self.edges(lane),
            unit,
        };
        let hands = self.hands.clone();
        let work = async move {
            let done = turn.take(&hands).await;
            Work::Turn(Box::new(done), now.elapsed())
        };
        self.works.push(work.boxed());
        self.quiet = false;
    }

    /// Whether names have led long enough to what takes the place of a stack's load balancer.
    fn is_handed_over(&self, unit: &Unit) -> bool {
        let since = self.memory.get(unit).and_then(|known| known.relieved);
        let mut zones = self.asked.units().filter(|unit| matches!(unit, Unit::Zone(_)));
        let follows = |zone: &Unit| self.memory.get(zone).is_some_and(|it| it.settled && !it.busy);
        since.is_some_and(|since| since + self.pace.handover <= Instant::now())
            && (!self.leads.dns || zones.all(follows))
    }

    /// What nobody waits for leaves a share of each rate to the rest.
    fn edges(&self, lane: Lane) -> pipeline::Edges {
        let edges = self.hands.edges.clone();
        match lane {
            Lane::Background => pipeline::Edges { aws: edges.aws.background(), ..edges },
            Lane::Targets | Lane::Wake | Lane::Change => edges,
        }
    }

    /// Whether no stack can still need, or wear, what the foundation would take away.
    pub(super) fn stacks_are_settled(&self) -> bool {
        let mut stacks = self.asked.units().filter(|unit| matches!(unit, Unit::Stack(_)));
        stacks.all(|unit| {
            self.memory.get(unit).is_some_and(|known: &Known| known.settled && !known.busy)
        })
    }
}

/// Whether a unit may have its turn. Targets wait for whoever knows their group.
fn may(memory: &super::Remembered, leads: super::Lead, unit: &Unit) -> bool {
    let free = memory.get(unit).is_none_or(|known| !known.busy);
    let known = match unit {
        Unit::Zone(_) => true,
        Unit::Foundation | Unit::Stack(_) => memory.listed.is_some(),
        Unit::Targets(key) => memory.listed.is_some() && memory.has_group(key),
    };
    free && known && leads.of(unit)
}
