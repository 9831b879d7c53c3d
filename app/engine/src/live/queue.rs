//! Who is due, when, and before whom. In: units with a lane and a time. Out: the next one. One entry a
//! unit; asked for twice, the more urgent lane and the earlier time count.

use std::collections::BTreeMap;

use inroad_words::Unit;
use tokio::time::Instant;

/// Whose turn comes first; an earlier lane always goes before a later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Targets follow pods.
    Targets,
    /// Somebody changed an object.
    Change,
    /// An output is known now that the unit waited for.
    Wake,
    /// Starts, drift checks, second attempts: nobody waits for them.
    Background,
}

/// When a unit is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Due {
    lane: Lane,
    at: Instant,
}

/// Everybody who is due, now or later.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    due: BTreeMap<Unit, Due>,
}

impl Queue {
    /// Asks for a turn.
    pub(crate) fn push(&mut self, unit: Unit, lane: Lane, at: Instant) {
        let due = self.due.entry(unit).or_insert(Due { lane, at });
        *due = Due { lane: due.lane.min(lane), at: due.at.min(at) };
    }

    /// Forgets units that are not wanted any more.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Unit) -> bool) {
        self.due.retain(|unit, _| keep(unit));
    }

    /// The next one whose time has come and that `may` have its turn. Within a lane the order of units
    /// decides: what others refer to comes first.
    pub(crate) fn pop(
        &mut self,
        now: Instant,
        may: impl Fn(&Unit) -> bool,
    ) -> Option<(Unit, Lane)> {
        let ready = self.due.iter().filter(|(unit, due)| due.at <= now && may(unit));
        let (unit, due) = ready.min_by_key(|(unit, due)| (due.lane, *unit))?;
        let (unit, lane) = (unit.clone(), due.lane);
        self.due.remove(&unit);
        Some((unit, lane))
    }

    /// When the next one's time comes, of those that may have it.
    pub(crate) fn next_at(&self, may: impl Fn(&Unit) -> bool) -> Option<Instant> {
        self.due.iter().filter(|(unit, _)| may(unit)).map(|(_, due)| due.at).min()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use inroad_words::{StackKey, TargetKey};

    use super::*;

    fn stack(name: &str) -> Unit {
        Unit::Stack(StackKey::Group(name.into()))
    }

    fn targets(name: &str) -> Unit {
        Unit::Targets(TargetKey { stack: StackKey::Group(name.into()), group: name.into() })
    }

    fn order(queue: &mut Queue, now: Instant) -> Vec<Unit> {
        std::iter::from_fn(|| queue.pop(now, |_| true).map(|(unit, _)| unit)).collect()
    }

    #[test]
    fn lanes_go_before_units_and_nobody_is_in_twice() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        for name in ["a", "b", "c"] {
            queue.push(stack(name), Lane::Background, now);
        }
        queue.push(Unit::Foundation, Lane::Background, now);
        queue.push(stack("c"), Lane::Change, now);
        queue.push(targets("z"), Lane::Targets, now);
        queue.push(stack("b"), Lane::Wake, now + Duration::from_secs(9));
        let wanted = [targets("z"), stack("c"), stack("b"), Unit::Foundation, stack("a")].to_vec();
        assert_eq!(order(&mut queue, now), wanted, "b keeps its earlier time in its new lane");
    }

    #[test]
    fn a_later_time_is_waited_for_and_a_busy_unit_is_passed_over() {
        let (mut queue, now) = (Queue::default(), Instant::now());
        let later = now + Duration::from_secs(5);
        queue.push(stack("later"), Lane::Targets, later);
        queue.push(stack("busy"), Lane::Targets, now);
        assert_eq!(queue.pop(now, |unit| *unit != stack("busy")), None);
        assert_eq!(queue.next_at(|unit| *unit != stack("busy")), Some(later));
        assert_eq!(order(&mut queue, later).len(), 2);
    }
}
