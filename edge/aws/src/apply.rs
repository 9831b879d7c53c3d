//! One step of a plan, done: exactly the call that the step names, with its tags in the creating call
//! (the usual IAM policy allows no other way). A retried creation that finds its own work adopts it; a
//! deletion of what is gone is done.
//!
//! What a step does must have been proven allowed before: see the crate's head on ownership. A tag step
//! holds only what differs, since that policy forbids to send the cluster tag again.

use std::time::Duration;

use inroad_plan::{Op, OpOutputs};
use tokio::time::{Instant, sleep};

use crate::{Aws, Error, ec2, elbv2};

/// Between two attempts to delete what something else still uses.
const STEP: Duration = Duration::from_secs(2);

/// Takes the step. The outputs are what it made: ARN, DNS name, group id.
pub async fn apply(aws: &Aws, op: &Op) -> Result<OpOutputs, Error> {
    if let Some(outputs) = ec2::apply(aws, op).await? {
        return Ok(outputs);
    }
    if let Some(outputs) = elbv2::apply(aws, op).await? {
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

/// Tries until nothing uses it any more, at most this long; then the last refusal stands.
pub(crate) async fn when_free<F>(wait: Duration, once: impl Fn() -> F) -> Result<(), Error>
where
    F: Future<Output = Result<(), Error>>,
{
    let end = Instant::now() + wait;
    loop {
        match once().await {
            Err(Error::InUse(_)) if Instant::now() + STEP <= end => sleep(STEP).await,
            answer => return answer,
        }
    }
}
