//! What is done around each attempt of a call, the SDK's own retries included: a write passes the gate,
//! the attempt is counted, its answer too, and a throttled one slows what follows. In: the SDK's hooks.
//! Out: counts. It knows nothing of what is asked.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use tokio::time::Instant;

use crate::client::Service;
use crate::connect::Gate;
use crate::error::{NotLeading, is_throttling};
use crate::throttle::Limiter;

/// One kind of answer to one operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Answer {
    /// IAM's name of the service: `ec2`, `elasticloadbalancing`, `acm`, `tag`.
    pub service: &'static str,
    /// The API operation.
    pub operation: String,
    /// HTTP status; `None`: no answer came.
    pub status: Option<u16>,
    /// AWS's error code; empty where there is none.
    pub code: String,
    /// Whether AWS said that we ask too fast.
    pub throttled: bool,
}

/// How often an answer came, and after how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    /// Attempts.
    pub attempts: u64,
    /// Their durations, added up.
    pub duration: Duration,
}

/// Watches all attempts of one connection. Cheap to clone; clones count together.
#[derive(Clone)]
pub(crate) struct Attempts {
    gate: Option<Gate>,
    limiter: Arc<Limiter>,
    counts: Arc<Mutex<Counts>>,
}

#[derive(Debug, Default)]
struct Counts {
    sent: BTreeMap<String, u64>,
    answered: BTreeMap<Answer, Sum>,
}

impl std::fmt::Debug for Attempts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Attempts").field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// When the attempt under way has left.
#[derive(Debug)]
struct Left(Instant);

impl Storable for Left {
    type Storer = StoreReplace<Self>;
}

impl Attempts {
    pub(crate) fn new(gate: Option<Gate>, limiter: Limiter) -> Self {
        Self { gate, limiter: Arc::new(limiter), counts: Arc::default() }
    }

    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    pub(crate) fn sent(&self) -> BTreeMap<String, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).sent.clone()
    }

    pub(crate) fn answered(&self) -> BTreeMap<Answer, Sum> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).answered.clone()
    }
}

/// Whether the operation changes nothing: the services here name all of theirs so.
fn is_read(operation: &str) -> bool {
    ["Describe", "Get", "List"].iter().any(|reads| operation.starts_with(reads))
}

/// Service and operation of the call under way; `None` for a service that is not one of ours.
fn called(bag: &ConfigBag) -> Option<(Service, &str)> {
    let metadata = bag.load::<Metadata>()?;
    Some((Service::of_id(metadata.service())?, metadata.name()))
}

impl Intercept for Attempts {
    fn name(&self) -> &'static str {
        "attempts"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some((service, operation)) = called(bag) else { return Ok(()) };
        if !is_read(operation) && self.gate.as_ref().is_some_and(|open| !open()) {
            bag.interceptor_state().unset::<Left>();
            return Err(Box::new(NotLeading));
        }
        let is_retry = bag.load::<RequestAttempts>().is_some_and(|it| it.attempts() > 1);
        if is_retry {
            self.limiter.also(service, operation);
        }
        let name = format!("{}:{operation}", service.prefix());
        tracing::trace!(name, "attempt");
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.sent.entry(name).or_default() += 1;
        drop(counts);
        bag.interceptor_state().store_put(Left(Instant::now()));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // An attempt that the gate held back never left.
        let (Some((service, operation)), Some(Left(left))) = (called(bag), bag.load::<Left>())
        else {
            return Ok(());
        };
        let answer = answer(service, operation, context.response());
        if answer.throttled {
            self.limiter.slow(service);
        }
        let duration = left.elapsed();
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let sum = counts.answered.entry(answer).or_default();
        sum.attempts += 1;
        sum.duration += duration;
        Ok(())
    }
}

fn answer(service: Service, operation: &str, response: Option<&HttpResponse>) -> Answer {
    let status = response.map(|response| response.status().as_u16());
    let code = match response {
        Some(response) if !response.status().is_success() => code(response).unwrap_or_default(),
        _ => String::new(),
    };
    Answer {
        service: service.prefix(),
        operation: operation.to_owned(),
        throttled: is_throttling(&code) || status == Some(429),
        status,
        code,
    }
}

/// AWS's error code in an answer of any of the three protocols: `<Code>` in XML, `__type` in JSON.
fn code(response: &HttpResponse) -> Option<String> {
    let body = std::str::from_utf8(response.body().bytes()?).ok()?;
    if let Some((_, rest)) = body.split_once("<Code>") {
        return Some(rest.split_once("</Code>")?.0.to_owned());
    }
    let document: serde_json::Value = serde_json::from_str(body).ok()?;
    let kind = document.get("__type").or_else(|| document.get("code"))?.as_str()?;
    Some(kind.rsplit('#').next().unwrap_or(kind).to_owned())
}
