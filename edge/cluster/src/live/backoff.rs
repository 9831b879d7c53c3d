//! How long to wait after a failure.

use std::time::Duration;

/// The first wait.
const FIRST: Duration = Duration::from_millis(500);
/// The longest wait, as client-go's reflectors have it.
const LONGEST: Duration = Duration::from_secs(30);

/// Waits that double with each failure in a row.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next wait; a random half is taken off, so that replicas do not come back together.
    pub(crate) fn next(&mut self) -> Duration {
        let full = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures += 1;
        full.mul_f64(0.5 + fastrand::f64() / 2.0)
    }

    /// Like [`Self::next`], but what happens once costs no wait.
    pub(crate) fn after_first(&mut self) -> Option<Duration> {
        let first = self.failures == 0;
        let wait = self.next();
        (!first).then_some(wait)
    }

    /// Failures in a row so far.
    pub(crate) fn failures(&self) -> u32 {
        self.failures
    }

    /// Something worked.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}
