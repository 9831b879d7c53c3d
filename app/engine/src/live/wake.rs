//! What begins, what ends, and whom that wakes.

use std::{sync::Arc, time::Duration};

use futures::FutureExt;
use inroad_aws::Inventory;
use inroad_words::{Unit, hold::HoldReason, observed::Observed, retry::Retry};
use tokio::time::Instant;

use super::{Engine, Lane, Told, Work, memory::Known, turn};
use crate::{EngineError, pipeline};

type Tell<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);

/// Records of load balancers that are made at the same time go into one batch.
const GATHER_NAMES: Duration = Duration::from_millis(50);
/// Between two attempts to list what exists.
const LIST_AGAIN: Duration = Duration::from_secs(2);

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
            let list = async move {
                let own = pipeline::ownership(&hands.controller);
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
        let drift = self.pace.of(&unit);
        let known = self.memory.unit(&unit);
        known.busy = true;
        known.kept = keep.is_some();
        let stale = known.checked.is_some_and(|checked| checked + drift <= now);
        if let (Unit::Zone(zone), true) = (&unit, stale) {
            self.hands.edges.dns.forget(Some(zone));
        }
        let (first, told) = (known.checked.is_none(), known.told.clone());
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
            told,
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

    /// What nobody waits for leaves a share of each rate to the rest.
    fn edges(&self, lane: Lane) -> pipeline::Edges {
        let edges = self.hands.edges.clone();
        match lane {
            Lane::Background => pipeline::Edges { aws: edges.aws.background(), ..edges },
            Lane::Targets | Lane::Wake | Lane::Change => edges,
        }
    }

    /// Whether no stack can still need, or wear, what the foundation would take away.
    fn stacks_are_settled(&self) -> bool {
        let mut stacks = self.asked.units().filter(|unit| matches!(unit, Unit::Stack(_)));
        stacks.all(|unit| {
            self.memory.get(unit).is_some_and(|known: &Known| known.settled && !known.busy)
        })
    }

    /// Takes what has ended.
    pub(super) fn end(&mut self, work: Work, tell: Tell<'_>) {
        match work {
            Work::Turn(done, took) => self.end_turn(*done, took, tell),
            Work::Listing(result) => {
                self.listing = false;
                match result {
                    Ok(inventory) => self.know_listing(inventory, tell),
                    Err(error) => {
                        tell(Told::Failed(None, &error));
                        self.list_at = Instant::now() + later(&error, LIST_AGAIN);
                    }
                }
            }
            Work::Zones(result) => {
                self.naming = false;
                let again = match result {
                    Ok(zones) => {
                        self.asked.know_zones(zones);
                        let nothing = inroad_world::Touched::default();
                        let due = self.asked.compile(Some(&nothing), &self.hands.controller);
                        self.take_due(due, Some(Lane::Background));
                        self.pace.zones
                    }
                    Err(error) => {
                        tell(Told::Failed(None, &error));
                        later(&error, LIST_AGAIN)
                    }
                };
                self.zones_at = Instant::now() + again;
            }
        }
    }

    fn know_listing(&mut self, inventory: Inventory, tell: Tell<'_>) {
        let own = pipeline::ownership(&self.hands.controller);
        let standing = inventory.stacks(&own);
        for key in standing.iter().filter(|key| self.asked.stack(key).is_none()) {
            tell(Told::Orphan(key));
        }
        // Who needs a name or an ARN of these need not wait for the stack's own turn.
        let mut news = false;
        for unit in standing.iter().cloned().map(Unit::Stack).chain([Unit::Foundation]) {
            news |= self.memory.know(&unit, &inventory.known(&unit));
        }
        // A zone may have had its turn before; that of the stack will tell it nothing new.
        let zones = self.asked.units().filter(|unit| news && matches!(unit, Unit::Zone(_)));
        for zone in zones.cloned().collect::<Vec<_>>() {
            self.queue.push(zone, Lane::Background, Instant::now() + GATHER_NAMES);
        }
        self.memory.list(Some(inventory));
        self.asked.know_standing(standing);
        let due = self.asked.compile_shared(&self.hands.controller);
        self.take_due(due, Some(Lane::Background));
    }

    fn end_turn(&mut self, done: turn::Done, took: Duration, tell: Tell<'_>) {
        let turn::Done { unit, compiled, result } = done;
        self.memory.unit(&unit).busy = false;
        let current = self.asked.compiled(&unit).is_some_and(|now| Arc::ptr_eq(now, &compiled));
        match result {
            Ok(worked) => {
                let (planned, outcome) = (&worked.planned, &worked.outcome);
                tell(Told::Turn { planned, outcome, took });
                self.know_stands(&unit, worked.left.as_deref());
                self.remember(&unit, current, worked);
            }
            Err(error) => {
                tell(Told::Failed(Some(&unit), &error));
                let known = self.memory.unit(&unit);
                (known.seen, known.settled) = (None, false);
                // What was listed at the start is not looked at twice.
                known.checked.get_or_insert(Instant::now());
                self.again(&unit, error.retry());
            }
        }
        if self.asked.compiled(&unit).is_none() {
            self.memory.retain(|other| *other != unit);
            self.backoff.retain(|other| *other != unit);
        }
        self.release_foundation();
    }

    /// What a stack's turn left of it, as far as that is known: what stacks share goes with the last of them.
    fn know_stands(&mut self, unit: &Unit, left: Option<&Observed>) {
        let Unit::Stack(stack) = unit else { return };
        let stands = left.is_none_or(|left| {
            let groups = left.security_groups.is_empty() && left.target_groups.is_empty();
            !groups || !left.load_balancers.is_empty()
        });
        if self.asked.know_stands(stack, stands) {
            let due = self.asked.compile_shared(&self.hands.controller);
            self.take_due(due, None);
        }
    }

    fn remember(&mut self, unit: &Unit, current: bool, worked: turn::Worked) {
        let turn::Worked { planned, outcome, left, late, retry, told, looked } = worked;
        let now = Instant::now();
        let news = self.memory.know(unit, &outcome.outputs);
        self.memory.know_new_groups(&planned, &outcome);
        let holds =
            |is: fn(&HoldReason) -> bool| planned.plan.holds.iter().any(|it| is(&it.reason));
        let unanswered = holds(|reason| matches!(reason, HoldReason::MissingFact(_)));
        // What somebody else uses may be free soon: AWS itself tells late that a load balancer is gone.
        let used = matches!(unit, Unit::Stack(_))
            && holds(|reason| matches!(reason, HoldReason::Foreign(_)));
        let left = left.filter(|_| !used);
        let retry = retry.or((unanswered || used).then_some(Retry::Soon));
        let known = self.memory.unit(unit);
        // Who could not look at targets, for want of their group's ARN, has seen nothing.
        let blind = matches!(unit, Unit::Targets(_))
            && left.as_ref().is_some_and(|seen| seen.targets.is_none());
        let left = left.filter(|_| !blind);
        if !blind && (looked || known.checked.is_none()) {
            known.checked = Some(now);
        }
        known.seen = left;
        known.told = told;
        known.settled = current && retry.is_none();
        match retry {
            Some(retry) => self.again(unit, retry),
            None => {
                self.backoff.succeeded(unit);
                let checked = self.memory.unit(unit).checked.unwrap_or(now);
                let spread = self.pace.of(unit).mul_f64(self.random.f64() / 10.0);
                let at = (checked + self.pace.of(unit) + spread).max(now);
                self.queue.push(unit.clone(), Lane::Background, at);
            }
        }
        // Who failed has a time of its own, and is asked again then what is left.
        if late && !self.backoff.is_failing(unit) {
            self.queue.push(unit.clone(), Lane::Background, now);
        }
        if news {
            self.wake(unit);
        }
    }

    /// Another attempt, when that is worth it; at the latest with the next look at what exists.
    fn again(&mut self, unit: &Unit, retry: Retry) {
        let delay = self.backoff.failed(unit, retry, self.random.f64());
        let at = Instant::now() + delay.unwrap_or(self.pace.of(unit));
        self.queue.push(unit.clone(), Lane::Wake, at);
    }

    /// Whoever refers to what this unit makes.
    fn wake(&mut self, unit: &Unit) {
        let now = Instant::now();
        let due: Vec<(Unit, Instant)> = self
            .asked
            .units()
            .filter_map(|other| match (unit, other) {
                (Unit::Foundation, Unit::Stack(_)) => Some((other.clone(), now)),
                (Unit::Stack(stack), Unit::Targets(key)) if key.stack == *stack => {
                    Some((other.clone(), now))
                }
                (Unit::Stack(_), Unit::Zone(_)) => Some((other.clone(), now + GATHER_NAMES)),
                _ => None,
            })
            .collect();
        for (unit, at) in due {
            self.queue.push(unit, Lane::Wake, at);
        }
    }

    /// What the foundation was kept from deleting may go once every stack is settled.
    fn release_foundation(&mut self) {
        let kept = self.memory.get(&Unit::Foundation).is_some_and(|known| known.kept);
        if kept && self.stacks_are_settled() {
            self.memory.unit(&Unit::Foundation).kept = false;
            self.queue.push(Unit::Foundation, Lane::Wake, Instant::now());
        }
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

/// How long an error asks to be waited for.
fn later(error: &EngineError, usual: Duration) -> Duration {
    match error.retry() {
        Retry::After(delay) => delay.max(usual),
        Retry::Soon | Retry::OnChange | Retry::Never => usual,
    }
}
