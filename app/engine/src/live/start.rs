//! The start: which kinds have been listed completely. Nothing is done before all have been.

use std::collections::BTreeSet;

use inroad_cluster::News;
use inroad_words::Kind;

/// How far the start has come.
#[derive(Debug)]
pub(crate) struct Start {
    missing: BTreeSet<Kind>,
    over: bool,
}

impl Start {
    /// None of these kinds is known.
    pub(crate) fn new(kinds: &BTreeSet<Kind>) -> Self {
        Self { missing: kinds.clone(), over: false }
    }

    /// Takes note that a kind was listed.
    pub(crate) fn hear(&mut self, kind: Kind) {
        self.missing.remove(&kind);
    }

    /// Whether every kind is known.
    pub(crate) fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }

    /// The start is over.
    pub(crate) fn end(&mut self) {
        self.over = true;
    }

    /// Whether the start is over.
    pub(crate) fn is_over(&self) -> bool {
        self.over
    }
}

/// The kind that is completely known now. One that the API server does not know has no objects.
pub(crate) fn listed(news: &News) -> Option<Kind> {
    match news {
        News::Changes { kind, complete: true, .. } | News::Absent { kind } => Some(*kind),
        _ => None,
    }
}
