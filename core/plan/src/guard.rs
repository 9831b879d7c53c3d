//! Which records of ours may go, or pass from one object to another. In: for whom a record is kept (its
//! `resource` label), what is read and what is known. Out: why it stays. Nothing here looks at whose a record
//! is: what is not ours never comes this far.

use std::collections::BTreeMap;

use inroad_desired::model::Held;
use inroad_words::{
    Kind, Origin,
    controller::{Controller, Source},
    hold::{Hold, HoldReason},
};

use crate::codes::{NOT_LISTED, NOT_READ, TOO_MANY_DELETES, UNACCOUNTED};

/// More holds of one reason than this are told as one.
const TOLD: usize = 5;

/// What is known of the reasons for which records may go.
pub(crate) struct Guard<'a> {
    controller: &'a Controller,
    held: &'a Held,
    /// How many names should go, where those are too many.
    too_many: Option<usize>,
}

impl<'a> Guard<'a> {
    pub(crate) fn new(controller: &'a Controller, held: &'a Held) -> Self {
        Self { controller, held, too_many: None }
    }

    /// Closes it where more names should go than may.
    pub(crate) fn count(&mut self, going: usize) {
        let most = self.controller.guard.max_deletes;
        self.too_many = (most > 0 && going > most).then_some(going);
    }

    /// Why what is kept for an object stays with it: whether it still wants it cannot be known.
    pub(crate) fn keeps(&self, resource: &str) -> Option<HoldReason> {
        let incomplete = &self.controller.guard.incomplete;
        if let Some(kind) = incomplete.first() {
            let kind = kind.as_str();
            return Some(policy(format!("not every {kind} was listed yet [{NOT_LISTED}]")));
        }
        if let Some(why) = self.unread(resource) {
            return Some(policy(format!("{why} [{NOT_READ}]")));
        }
        let is_unserved = self.held.kept_for.contains(resource);
        is_unserved.then(|| policy(format!("names of its Service are not served [{NOT_READ}]")))
    }

    /// Why a record does not go although nobody wants it.
    pub(crate) fn forbids(&self, resource: &str) -> Option<HoldReason> {
        if let Some(reason) = self.keeps(resource) {
            return Some(reason);
        }
        if self.held.accounted.as_ref().is_some_and(|known| !known.contains(resource)) {
            let why = "nothing asks for a name of this zone, and nobody saw its object go";
            return Some(policy(format!("{why} [{UNACCOUNTED}]")));
        }
        let most = self.controller.guard.max_deletes;
        self.too_many.map(|going| {
            let why = format!("{going} names would go, more than --max-deletes={most}");
            policy(format!("{why} [{TOO_MANY_DELETES}]"))
        })
    }

    /// Why an object is not among those that are read.
    fn unread(&self, resource: &str) -> Option<String> {
        let sources = &self.controller.sources;
        let mut parts = resource.splitn(3, '/');
        let (kind, namespace) = (parts.next().unwrap_or_default(), parts.next());
        if kind.is_empty() {
            let others = sources.sources.iter().any(|it| matches!(it, Source::Other(_)));
            let unsure = others || sources.sources.is_empty();
            return unsure.then(|| "it says of no object, and not every --source is served".into());
        }
        let known = sources.sources.iter().filter_map(Source::kind);
        let Some(known) = known.into_iter().find(|it: &Kind| it.as_str() == kind) else {
            return Some(format!("objects of kind {kind} are not read (--source)"));
        };
        let namespace = namespace.unwrap_or_default();
        let is_read = sources.reads(known, namespace);
        (!is_read).then(|| format!("namespace {namespace} is not read (--namespace)"))
    }
}

fn policy(why: String) -> HoldReason {
    HoldReason::Policy(why)
}

/// Holds, those of one reason told as one where they are many.
pub(crate) fn told(holds: Vec<Hold>) -> Vec<Hold> {
    let mut by_reason: BTreeMap<HoldReason, Vec<Hold>> = BTreeMap::new();
    for hold in holds {
        by_reason.entry(hold.reason.clone()).or_default().push(hold);
    }
    let told = by_reason.into_iter().flat_map(|(reason, mut holds)| {
        if let [first, rest @ ..] = holds.as_slice()
            && rest.len() >= TOLD
        {
            let subject = format!("{} and {} more", first.subject, rest.len());
            holds = vec![Hold { subject, reason, origin: Origin::Default }];
        }
        holds
    });
    told.collect()
}
