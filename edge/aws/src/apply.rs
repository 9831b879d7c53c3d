//! One step of a plan, done: exactly the call that the step names, with its tags in the creating call
//! (the usual IAM policy allows no other way). A retried creation that finds its own work adopts it; a
//! deletion of what is gone is done.
//!
//! What a step does must have been proven allowed before: see the crate's head on ownership. A tag step
//! holds only what differs, since that policy forbids to send the cluster tag again.

use std::time::Duration;

use inroad_plan::{Op, OpOutputs};
use tokio::time::{Instant, sleep};

use crate::{Aws, Error, ec2, elbv2, wafv2};

/// How a deletion waits for the last user of what is to go to let go of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Patience {
    /// Between two attempts.
    pub(crate) step: Duration,
    /// In all; then the refusal stands, and the engine asks again later.
    pub(crate) limit: Duration,
}

/// Takes the step. The outputs are what it made: ARN, DNS name, group id.
pub async fn apply(aws: &Aws, op: &Op) -> Result<OpOutputs, Error> {
    if let Some(outputs) = ec2::apply(aws, op).await? {
        return Ok(outputs);
    }
    if let Some(outputs) = elbv2::apply(aws, op).await? {
        return Ok(outputs);
    }
    if let Some(outputs) = wafv2::apply(aws, op).await? {
        return Ok(outputs);
    }
    Err(Error::Unsayable("a change of records, which is the DNS provider's to make".into()))
}

/// A step that makes nothing that others refer to.
pub(crate) fn done() -> Result<Option<OpOutputs>, Error> {
    Ok(Some(OpOutputs::new()))
}

/// What is not there need not be deleted.
pub(crate) fn absent_is_done(answer: Result<(), Error>) -> Result<(), Error> {
    match answer {
        Err(Error::NotFound(_)) => Ok(()),
        answer => answer,
    }
}

/// Tries until nothing uses it any more, or patience ends.
pub(crate) async fn when_free<F>(patience: Patience, once: impl Fn() -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let end = Instant::now() + patience.limit;
    loop {
        match once().await {
            Err(Error::InUse(_)) if Instant::now() + patience.step <= end => {
                sleep(patience.step).await;
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::Refusal;

    async fn attempts(used_for: u32, limit: u64) -> (u32, Result<(), Error>) {
        let asked = Cell::new(0);
        let once = || async {
            asked.set(asked.get() + 1);
            let refusal = Refusal {
                service: "ec2",
                operation: "DeleteSecurityGroup",
                code: "DependencyViolation".into(),
                message: String::new(),
                request_id: None,
            };
            if asked.get() > used_for { Ok(()) } else { Err(Error::InUse(Box::new(refusal))) }
        };
        let step = Duration::from_millis(5);
        let patience = Patience { step, limit: Duration::from_millis(limit) };
        let answer = when_free(patience, once).await;
        (asked.get(), answer)
    }

    #[tokio::test]
    async fn patience_ends() {
        assert_eq!(attempts(3, 10_000).await, (4, Ok(())));
        assert_eq!(attempts(0, 0).await, (1, Ok(())));
        let (asked, answer) = attempts(u32::MAX, 30).await;
        assert!(matches!(answer, Err(Error::InUse(_))));
        assert!((2..=7).contains(&asked), "{asked}");
    }
}
