//! When a unit that failed has its next attempt. In: what the failure said. Out: a delay, or none where
//! only a change can help.

use std::{collections::BTreeMap, time::Duration};

use inroad_words::{Unit, retry::Retry};

/// The first delay; it doubles with each failure in a row.
const FIRST: Duration = Duration::from_millis(500);
/// The longest delay of failures that may pass by themselves.
const LONGEST: Duration = Duration::from_secs(300);

/// Failures in a row, by unit.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: BTreeMap<Unit, u32>,
}

impl Backoff {
    /// Notes a failure. `spread` in 0..1 keeps units that failed together from coming back together.
    pub(crate) fn failed(&mut self, unit: &Unit, retry: Retry, spread: f64) -> Option<Duration> {
        let failures = self.failures.entry(unit.clone()).or_default();
        *failures += 1;
        let doubled = FIRST.saturating_mul(1_u32 << (*failures - 1).min(10));
        let delay = doubled.min(LONGEST).mul_f64(0.75 + spread / 2.0);
        match retry {
            Retry::Soon => Some(delay),
            Retry::After(at_least) => Some(delay.max(at_least)),
            Retry::OnChange | Retry::Never => None,
        }
    }

    /// Notes a success.
    pub(crate) fn succeeded(&mut self, unit: &Unit) {
        self.failures.remove(unit);
    }

    /// Whether the last attempt failed.
    pub(crate) fn is_failing(&self, unit: &Unit) -> bool {
        self.failures.contains_key(unit)
    }

    /// Forgets units that are not wanted any more.
    pub(crate) fn retain(&mut self, keep: impl Fn(&Unit) -> bool) {
        self.failures.retain(|unit, _| keep(unit));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_double_up_to_a_limit_and_begin_anew_after_a_success() {
        let mut backoff = Backoff::default();
        let mut fail = |retry| backoff.failed(&Unit::Foundation, retry, 0.5);
        let delays: Vec<_> = (0..12).filter_map(|_| fail(Retry::Soon)).collect();
        assert_eq!(delays[..3], [500, 1000, 2000].map(Duration::from_millis));
        assert_eq!(delays[11], LONGEST);
        assert_eq!(fail(Retry::OnChange), None, "the same request is refused again");
        let long = Duration::from_secs(900);
        assert_eq!(fail(Retry::After(long)), Some(long));
        assert!(backoff.is_failing(&Unit::Foundation));
        backoff.succeeded(&Unit::Foundation);
        assert_eq!(backoff.failed(&Unit::Foundation, Retry::Soon, 0.5), Some(FIRST));
    }
}
