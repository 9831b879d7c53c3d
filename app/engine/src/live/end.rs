//! What has ended, what it leaves behind, and whom that wakes.

use std::{sync::Arc, time::Duration};

use inroad_aws::Inventory;
use inroad_plan::{Op, OpId, Outcome};
use inroad_words::{Unit, hold::HoldReason, observed::Observed, retry::Retry};
use tokio::time::Instant;

use super::{Engine, Lane, Tell, Told, Work, turn};
use crate::{EngineError, Planned, pipeline};

/// Records of load balancers that are made at the same time go into one batch.
const GATHER_NAMES: Duration = Duration::from_millis(50);
/// Between two looks whether there is room for what waits for a quota.
const ROOM: Duration = Duration::from_secs(300);
/// Between two looks at what takes another's place.
const FOLLOW: Duration = Duration::from_secs(5);
/// Between two attempts to list what exists.
const LIST_AGAIN: Duration = Duration::from_secs(2);

impl Engine {
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
        // Whether what takes another's place is healthy is not remembered, but looked at.
        let succeeds = planned.plan.succeeds();
        let left = left.filter(|_| !used && !succeeds);
        let retry = retry.or((unanswered || used).then_some(Retry::Soon));
        // Nobody tells us when a quota is raised, or that others have made room.
        let full = holds(|reason| matches!(reason, HoldReason::Quota { .. }));
        let retry = retry.or(full.then_some(Retry::After(ROOM)));
        let known = self.memory.unit(unit);
        let relieved = succeeds && !planned.plan.told_of_elder();
        known.relieved = relieved.then(|| known.relieved.unwrap_or(now));
        // Who could not look at targets, for want of their group's ARN, has seen nothing.
        let blind = matches!(unit, Unit::Targets(_))
            && left.as_ref().is_some_and(|seen| seen.targets.is_none());
        let left = left.filter(|_| !blind);
        if !blind && (looked || known.checked.is_none()) {
            known.checked = Some(now);
        }
        known.seen = left;
        known.told = told;
        known.settled =
            current && !succeeds && (retry.is_none() || only_groups_are_left(&planned, &outcome));
        match retry {
            Some(retry) => self.again(unit, retry),
            None if succeeds => self.queue.push(unit.clone(), Lane::Wake, now + FOLLOW),
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
        let own_sources = !self.hands.controller.balancers.switches.backend_security_group;
        let due: Vec<(Unit, Instant)> = self
            .asked
            .units()
            .filter_map(|other| match (unit, other) {
                (Unit::Foundation, Unit::Stack(_)) => Some((other.clone(), now)),
                (Unit::Stack(_), Unit::Foundation) if own_sources => Some((other.clone(), now)),
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

/// Whether nothing of a stack is left to do but to delete its security group, which goes when the
/// foundation's rules no longer name it.
fn only_groups_are_left(planned: &Planned, outcome: &Outcome) -> bool {
    let is_group = |id: &OpId| {
        let step = planned.plan.ops.get(id);
        step.is_some_and(|step| matches!(step.op, Op::DeleteSecurityGroup { .. }))
    };
    !outcome.failed.is_empty() && outcome.failed.keys().all(is_group)
}

/// How long an error asks to be waited for.
fn later(error: &EngineError, usual: Duration) -> Duration {
    match error.retry() {
        Retry::After(delay) => delay.max(usual),
        Retry::Soon | Retry::OnChange | Retry::Never => usual,
    }
}
