//! How a lease is contended for.

use std::{fmt, sync::Arc, time::Duration};

use super::Gate;

/// Factor that waits are stretched by, at random, so that candidates do not march in step (client-go's
/// `JitterFactor`).
pub(super) const JITTER: f64 = 1.2;

/// Which lease, and with which patience.
#[derive(Clone)]
pub struct LeaseSettings {
    pub(super) namespace: String,
    pub(super) name: String,
    pub(super) identity: String,
    pub(super) duration: Duration,
    pub(super) deadline: Duration,
    pub(super) retry: Duration,
    pub(super) idle: Gate,
}

/// The three durations do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TimingError {
    /// A leader would go on writing when others think that it is gone.
    #[error("the lease duration must be longer than the renew deadline")]
    DurationTooShort,
    /// A leader would give up before its second attempt.
    #[error("the renew deadline must be longer than 1.2 times the retry period")]
    DeadlineTooShort,
    /// The Lease holds whole seconds.
    #[error(
        "the lease duration must be at least one second and the retry period more than nothing"
    )]
    Nothing,
}

impl LeaseSettings {
    /// A lease with client-go's patience (15 s, 10 s, 2 s) and an identity of this process.
    pub fn new(namespace: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            identity: identity(),
            duration: Duration::from_secs(15),
            deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
            idle: Arc::new(|| true),
        }
    }

    /// Other patience: how long others wait for a silent leader, how long a leader writes without a successful
    /// renewal, how long between attempts.
    ///
    /// # Errors
    /// Where they would let two replicas lead, or none.
    pub fn timing(
        mut self,
        duration: Duration,
        deadline: Duration,
        retry: Duration,
    ) -> Result<Self, TimingError> {
        if duration < Duration::from_secs(1) || retry.is_zero() {
            return Err(TimingError::Nothing);
        }
        // The Lease holds whole seconds: others would count the rest as none.
        if Duration::from_secs(duration.as_secs()) <= deadline {
            return Err(TimingError::DurationTooShort);
        }
        if deadline <= retry.mul_f64(JITTER) {
            return Err(TimingError::DeadlineTooShort);
        }
        (self.duration, self.deadline, self.retry) = (duration, deadline, retry);
        Ok(self)
    }

    /// Another identity than one made of the host's name and chance.
    #[must_use]
    pub fn identity(mut self, identity: impl Into<String>) -> Self {
        self.identity = identity.into();
        self
    }

    /// Asked before this process contends: whether all that it began under an earlier lease has ended. Else
    /// a half-done operation would go on in the next term, on what it saw before somebody else led. The
    /// lease is looked at meanwhile.
    #[must_use]
    pub fn idle(mut self, idle: Gate) -> Self {
        self.idle = idle;
        self
    }
}

impl fmt::Debug for LeaseSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeaseSettings")
            .field("namespace", &self.namespace)
            .field("name", &self.name)
            .field("identity", &self.identity)
            .finish_non_exhaustive()
    }
}

/// `<hostname>_<uuid>`, as controller-runtime has it.
fn identity() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok());
    let host = host.map(|it| it.trim().to_owned()).filter(|it| !it.is_empty());
    format!("{}_{}", host.as_deref().unwrap_or("inroad"), uuid(fastrand::u128(..)))
}

/// A version 4 UUID (RFC 9562) of random bits.
fn uuid(bits: u128) -> String {
    let bits = bits & !(0xf << 76) | (0x4 << 76);
    let bits = bits & !(0x3 << 62) | (0x2 << 62);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identities_are_of_this_process() {
        assert_eq!(uuid(0), "00000000-0000-4000-8000-000000000000");
        assert_eq!(uuid(u128::MAX), "ffffffff-ffff-4fff-bfff-ffffffffffff");
        let (one, other) = (identity(), identity());
        assert_ne!(one, other);
        assert!(one.rsplit_once('_').is_some_and(|(host, id)| !host.is_empty() && id.len() == 36));
    }

    #[test]
    fn durations_that_would_let_two_lead_are_refused() {
        let table = [
            (15_000, 10_000, 2_000, Ok(())),
            (10_000, 10_000, 2_000, Err(TimingError::DurationTooShort)),
            (10_900, 10_500, 2_000, Err(TimingError::DurationTooShort)),
            (15_000, 2_400, 2_000, Err(TimingError::DeadlineTooShort)),
            (900, 500, 100, Err(TimingError::Nothing)),
            (15_000, 10_000, 0, Err(TimingError::Nothing)),
        ];
        for (duration, deadline, retry, want) in table {
            let ms = Duration::from_millis;
            let got = LeaseSettings::new("kube-system", "x").timing(
                ms(duration),
                ms(deadline),
                ms(retry),
            );
            assert_eq!(got.map(drop), want, "{duration} {deadline} {retry}");
        }
    }
}
