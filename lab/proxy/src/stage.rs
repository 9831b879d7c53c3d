//! What happens to each call, and the record of it. In comes a request; out goes the answer, whole, half
//! or none at all, as the rules say.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{Request, Response};
use serde::Serialize;

use crate::{
    name::Name,
    refusal::refusal,
    rules::{Effect, Rule, effect},
    upstream::Upstream,
};

/// How much of a request's body is kept for whoever reads the record, in bytes.
const KEPT: usize = 8192;

/// One attempt of the client.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Call {
    #[serde(flatten)]
    name: Name,
    mutating: bool,
    /// When it came, in milliseconds since the start of the proxy.
    at_ms: u128,
    /// How long until it was answered or given up; absent while it runs.
    took_ms: Option<u128>,
    /// What AWS answered; absent where it was not asked.
    status: Option<u16>,
    /// What a rule did to it.
    effect: Option<Effect>,
    /// The beginning of the request's body.
    body: String,
}

/// What becomes of the connection.
pub(crate) enum Answer {
    Whole(Response<Bytes>),
    Half(Response<Bytes>),
    Cut,
    /// Nothing, until the client leaves.
    Silence,
}

#[derive(Default)]
struct Script {
    rules: Vec<Rule>,
    calls: Vec<Call>,
    /// How often the record was emptied: a call that began before does not write into the new one.
    era: u64,
}

/// Shared by the front and the control.
#[derive(Clone)]
pub(crate) struct Stage {
    upstream: Upstream,
    script: Arc<Mutex<Script>>,
    begun: Instant,
}

impl Stage {
    pub(crate) fn new(upstream: Upstream) -> Self {
        Self { upstream, script: Arc::default(), begun: Instant::now() }
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        self.script().calls.clone()
    }

    pub(crate) fn rules(&self) -> Vec<Rule> {
        self.script().rules.clone()
    }

    /// New rules go behind those that are there.
    pub(crate) fn add(&self, rules: Vec<Rule>) {
        self.script().rules.extend(rules);
    }

    pub(crate) fn forget_rules(&self) {
        self.script().rules.clear();
    }

    /// No rules, no record.
    pub(crate) fn reset(&self) {
        let mut script = self.script();
        let era = script.era + 1;
        *script = Script { era, ..Script::default() };
    }

    /// One call from its arrival to its answer.
    pub(crate) async fn play(&self, request: Request<Bytes>) -> Answer {
        let name = Name::of(&request);
        let (ticket, effect) = self.arrived(&name, request.body());
        let refused = effect.as_ref().and_then(|effect| refusal(&name, effect));
        let answer = match (refused, &effect) {
            (Some(refused), _) => Answer::Whole(refused),
            (None, Some(Effect::CutBefore)) => Answer::Cut,
            (None, Some(Effect::HangBefore)) => Answer::Silence,
            (None, other) => {
                if let Some(Effect::Delay(wait)) = other {
                    tokio::time::sleep(Duration::from_millis(*wait)).await;
                }
                self.executed(ticket, request, other.as_ref()).await
            }
        };
        self.note(ticket, |call, now| call.took_ms = Some(now - call.at_ms));
        answer
    }

    async fn executed(
        &self,
        ticket: Ticket,
        request: Request<Bytes>,
        effect: Option<&Effect>,
    ) -> Answer {
        let answer = match self.upstream.execute(request).await {
            Ok(answer) => answer,
            Err(failure) => {
                eprintln!("inroad-proxy: the account does not answer: {failure}");
                return Answer::Cut;
            }
        };
        let status = answer.status().as_u16();
        self.note(ticket, |call, _| call.status = Some(status));
        match effect {
            Some(Effect::CutAfter) => Answer::Cut,
            Some(Effect::HangAfter) => Answer::Silence,
            Some(Effect::Half) => Answer::Half(answer),
            _ => Answer::Whole(answer),
        }
    }

    fn arrived(&self, name: &Name, body: &Bytes) -> (Ticket, Option<Effect>) {
        let mut script = self.script();
        let effect = effect(&mut script.rules, name);
        let call = Call {
            name: name.clone(),
            mutating: name.mutating(),
            at_ms: self.begun.elapsed().as_millis(),
            took_ms: None,
            status: None,
            effect: effect.clone(),
            body: String::from_utf8_lossy(&body[..body.len().min(KEPT)]).into_owned(),
        };
        script.calls.push(call);
        (Ticket { era: script.era, at: script.calls.len() - 1 }, effect)
    }

    fn note(&self, ticket: Ticket, write: impl FnOnce(&mut Call, u128)) {
        let now = self.begun.elapsed().as_millis();
        let mut script = self.script();
        if script.era == ticket.era {
            write(&mut script.calls[ticket.at], now);
        }
    }
}

/// Where a call stands in the record.
#[derive(Clone, Copy)]
struct Ticket {
    era: u64,
    at: usize,
}
