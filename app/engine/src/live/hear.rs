//! What is heard of the cluster, and which units are due for it.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use inroad_cluster::News;
use inroad_words::{Kind, Unit};
use tokio::time::Instant;

use super::{Engine, Lane, Tell, Told, asked, bindings, start};

/// Edits that come together, as of one `kubectl apply`, have one turn.
const GATHER_EDITS: Duration = Duration::from_millis(100);

impl Engine {
    /// Takes news in: many at a time cost one compilation.
    pub(super) fn hear(&mut self, all: Vec<News>, tell: Tell<'_>) {
        let mut changes = Vec::new();
        let mut listed = BTreeSet::new();
        for news in all {
            listed.extend(start::listed(&news));
            match news {
                News::Changes { kind, changes: more, complete } => {
                    self.publishes |= complete && kind == Kind::TargetGroupBinding;
                    changes.extend(more);
                }
                other => {
                    self.publishes &= other != News::Absent { kind: Kind::TargetGroupBinding };
                    tell(Told::Cluster(&other));
                }
            }
        }
        let objects: Vec<_> = changes.iter().map(|it| bindings::object(it).clone()).collect();
        let about = |engine: &Self| {
            bindings::about(objects.iter(), &engine.asked.world, &engine.memory.outputs)
        };
        let mut bound = about(self);
        let mut touched = self.asked.absorb(changes);
        bound.append(&mut about(self));
        for kind in listed {
            self.start.hear(kind);
            let late = self.asked.listed(kind);
            if self.start.is_over() && !late.is_empty() {
                tell(Told::Listed(self.asked.world.incomplete()));
            }
            touched.0.extend(late.0);
        }
        self.guard();
        if !self.start.is_over() {
            if self.start.is_complete() {
                self.begin(tell);
            }
            return;
        }
        if !touched.is_empty() {
            let due = self.asked.compile(Some(&touched), &self.hands.controller);
            self.take_due(due, None);
        }
        // Who failed has a time of its own.
        let may =
            |unit: &Unit| self.asked.compiled(unit).is_some() && !self.backoff.is_failing(unit);
        for unit in bound.into_iter().filter(may) {
            self.queue.push(unit, Lane::Background, Instant::now());
        }
    }

    /// Nothing is deleted for want of an object of a kind that was never listed.
    fn guard(&mut self) {
        let incomplete = self.asked.world.incomplete();
        if self.hands.controller.guard.incomplete != *incomplete {
            Arc::make_mut(&mut self.hands).controller.guard.incomplete = incomplete.clone();
        }
    }

    /// Everything is known that there is to know: everything is due, and nobody waits for it.
    pub(super) fn begin(&mut self, tell: Tell<'_>) {
        self.start.end();
        self.guard();
        let due = self.asked.compile(None, &self.hands.controller);
        self.take_due(due, Some(Lane::Background));
        tell(Told::Listed(self.asked.world.incomplete()));
    }

    pub(super) fn take_due(&mut self, due: asked::Due, lane: Option<Lane>) {
        let now = Instant::now();
        for (unit, own) in due.units {
            self.memory.unsettle(&unit);
            let lane = lane.unwrap_or(own);
            let gather = if lane == Lane::Change { GATHER_EDITS } else { Duration::ZERO };
            self.queue.push(unit, lane, now + gather);
        }
        if !due.gone.is_empty() {
            let gone = |unit: &Unit| due.gone.contains(unit);
            self.queue.retain(|unit| !gone(unit));
            self.backoff.retain(|unit| !gone(unit));
            self.memory.retain(|unit| !gone(unit));
        }
        self.quiet = false;
    }
}
