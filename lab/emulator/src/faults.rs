//! Failures on demand and the record of calls: what a test uses to make AWS slow, throttled or broken at
//! a chosen moment, and to count what was asked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::{Emulator, Fault};

/// What a scripted failure does to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Refused with the service's own throttling error; nothing happens to the state.
    Throttle,
    /// Refused with this error; nothing happens to the state.
    Refuse(Fault),
    /// The operation takes effect, but the answer is a 503: the caller cannot know.
    LoseAnswer,
    /// Answered after this long. The connector and the server wait; a direct call does not.
    Delay(Duration),
}

/// One scripted failure: which calls it meets and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `ec2`, `elasticloadbalancing`, `route53`, `acm`, `tagging` or `sts`, or `*`.
    pub service: String,
    /// An operation's name, or `*`.
    pub operation: String,
    /// Matching calls let through first.
    pub skip: usize,
    /// Matching calls met after that.
    pub times: usize,
    pub effect: Effect,
}

impl Script {
    /// Meets the next `times` calls of the operation (`*`: of any).
    pub fn new(service: &str, operation: &str, times: usize, effect: Effect) -> Self {
        Self { service: service.into(), operation: operation.into(), skip: 0, times, effect }
    }

    /// The same after letting `skip` matching calls through.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    /// Counts a matching call down; true when this call is met.
    fn meets(&mut self, service: &str, operation: &str) -> bool {
        let matching = ["*", service].contains(&self.service.as_str())
            && ["*", operation].contains(&self.operation.as_str());
        if !matching || self.times == 0 {
            return false;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return false;
        }
        self.times -= 1;
        true
    }
}

/// How long to wait before an answer is sent: an extension of the HTTP response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delay(pub Duration);

/// One call that was answered.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    pub service: String,
    /// `?` when the request named none that is emulated.
    pub operation: String,
    /// The error code, `None` for success.
    pub error: Option<String>,
}

/// The scripts in force and the calls so far.
#[derive(Debug, Default)]
pub(crate) struct Director {
    scripts: Vec<Script>,
    recent: VecDeque<Call>,
    counts: BTreeMap<Call, u64>,
    requests: u64,
}

/// Calls kept one by one; the counts go on for ever.
const RECENT: usize = 20_000;

impl Director {
    /// The effects that the next call meets: every matching script counts it.
    fn effects(&mut self, service: &str, operation: &str) -> Vec<Effect> {
        let met = self
            .scripts
            .iter_mut()
            .filter_map(|script| script.meets(service, operation).then(|| script.effect.clone()));
        let met = met.collect();
        self.scripts.retain(|script| script.times > 0);
        met
    }

    fn record(&mut self, service: &str, operation: &str, error: Option<&str>) {
        let call = Call {
            service: service.to_owned(),
            operation: operation.to_owned(),
            error: error.map(str::to_owned),
        };
        *self.counts.entry(call.clone()).or_default() += 1;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(call);
    }
}

/// The error with which a service slows its callers down.
fn throttled(service: &str) -> Fault {
    match service {
        "ec2" => Fault::new("RequestLimitExceeded", "Request limit exceeded.").status(503),
        "acm" => Fault::new("ThrottlingException", "Rate exceeded"),
        "tagging" => Fault::new("ThrottledException", "Rate exceeded"),
        _ => Fault::new("Throttling", "Rate exceeded"),
    }
}

/// The answer when the real one was lost.
fn unavailable(service: &str) -> Fault {
    let code = if service == "ec2" { "Unavailable" } else { "ServiceUnavailable" };
    Fault::new(code, "Service is unable to handle request.").status(503)
}

impl Emulator {
    /// Puts a failure into force for calls to come.
    pub fn script(&self, script: Script) {
        self.director().scripts.push(script);
    }

    /// Takes every failure out of force.
    pub fn unscript(&self) {
        self.director().scripts.clear();
    }

    /// The last 20,000 calls, oldest first.
    pub fn calls(&self) -> Vec<Call> {
        self.director().recent.iter().cloned().collect()
    }

    /// How often each call was answered with each result, since the start.
    pub fn call_counts(&self) -> BTreeMap<Call, u64> {
        self.director().counts.clone()
    }

    /// One operation on a tree of API member names: scripts, state, record. A scripted delay is not waited
    /// for.
    pub fn call(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Fault> {
        self.call_with_delay(service, operation, input).0
    }

    pub(crate) fn call_with_delay(
        &self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> (Result<Value, Fault>, Option<Delay>) {
        let effects = self.director().effects(service, operation);
        let delay = effects.iter().find_map(|effect| match effect {
            Effect::Delay(wait) => Some(Delay(*wait)),
            _ => None,
        });
        let refused = effects.iter().find_map(|effect| match effect {
            Effect::Throttle => Some(throttled(service)),
            Effect::Refuse(fault) => Some(fault.clone()),
            Effect::LoseAnswer | Effect::Delay(_) => None,
        });
        let mut answer = match refused {
            Some(fault) => Err(fault),
            None => self.perform(service, operation, input),
        };
        if effects.contains(&Effect::LoseAnswer) {
            answer = Err(unavailable(service));
        }
        let error = answer.as_ref().err().map(|fault| fault.code.as_str());
        self.director().record(service, operation, error);
        (answer, delay)
    }

    fn perform(&self, service: &str, operation: &str, input: &Value) -> Result<Value, Fault> {
        let answer = self.account().dispatch(service, operation, input);
        let reads = ["Describe", "Get", "List"].iter().any(|prefix| operation.starts_with(prefix));
        if answer.is_ok() && !reads {
            self.touched();
        }
        answer
    }

    /// Records a request that never reached an operation.
    pub(crate) fn refused(&self, service: &str, operation: &str, fault: &Fault) {
        self.director().record(service, operation, Some(&fault.code));
    }

    /// A request id in AWS's form, unique in this process.
    pub(crate) fn fresh_request_id(&self) -> String {
        let mut director = self.director();
        director.requests += 1;
        format!("00000000-0000-4000-8000-{:012x}", director.requests)
    }

    fn director(&self) -> MutexGuard<'_, Director> {
        self.director.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
