//! What goes wrong, on demand.

use std::time::Duration;

use http::StatusCode;

use crate::request::Request;

/// What a scripted failure does to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Refused with this status; nothing happens to the objects.
    Refuse(StatusCode),
    /// Nothing arrives and nothing comes back: the connection is broken.
    Break,
    /// It is done, but the connection breaks before the answer.
    LoseAnswer,
    /// Done and answered after this long.
    Delay(Duration),
}

/// One scripted failure: which requests it meets and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Script {
    /// `list`, `watch`, `get`, `create`, `update`, `patch`, `delete`, or `*`.
    pub verb: String,
    /// A plural (`ingresses`), or `*`.
    pub plural: String,
    /// Matching requests that are let through first.
    pub skip: usize,
    /// Matching requests that are met after that.
    pub times: usize,
    /// What happens to them.
    pub effect: Effect,
}

impl Script {
    /// Meets the next `times` requests of a verb on a plural; `*` is any.
    pub fn new(verb: &str, plural: &str, times: usize, effect: Effect) -> Self {
        Self { verb: verb.into(), plural: plural.into(), skip: 0, times, effect }
    }

    /// The same after `skip` matching requests.
    #[must_use]
    pub fn after(mut self, skip: usize) -> Self {
        self.skip = skip;
        self
    }

    fn meets(&mut self, request: &Request) -> bool {
        let plural = request.place.collection.rsplit('/').next().unwrap_or_default();
        let matching = ["*", verb(request)].contains(&self.verb.as_str())
            && ["*", plural].contains(&self.plural.as_str());
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

/// The verb of a request, as RBAC calls it.
pub(crate) fn verb(request: &Request) -> &'static str {
    match (request.method.as_str(), request.watches(), request.place.name.is_empty()) {
        ("GET", true, _) => "watch",
        ("GET", false, true) => "list",
        ("GET", false, false) => "get",
        ("POST", ..) => "create",
        ("PUT", ..) => "update",
        ("PATCH", ..) => "patch",
        _ => "delete",
    }
}

/// Everything that is wrong now.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) scripts: Vec<Script>,
    /// Lists are answered from so many revisions ago.
    pub(crate) lists_lag: u64,
    /// Events come so much later.
    pub(crate) delay: Duration,
    /// Of changes that are on their way to a watch, only the last of each object arrives.
    pub(crate) coalesce: bool,
    /// So many watches break with their next events on the way. A watch that goes on has told everything.
    pub(crate) lose: usize,
    /// Goes up when all watches end.
    pub(crate) cuts: u64,
}

impl Faults {
    /// What happens to a request: every script that it meets counts it.
    pub(crate) fn effects(&mut self, request: &Request) -> Vec<Effect> {
        let scripts = self.scripts.iter_mut();
        let met = scripts.filter_map(|script| script.meets(request).then_some(script.effect));
        let met = met.collect();
        self.scripts.retain(|script| script.times > 0);
        met
    }
}
