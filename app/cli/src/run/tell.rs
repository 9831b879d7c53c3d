//! What the engine tells, to the log, the metrics and the probe. In: [`Told`]. Out: lines and counts. Forbidden:
//! deciding anything.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_cluster::News;
use inroad_engine::live::Told;
use inroad_words::{Diagnostic, Kind, Unit};
use tokio::sync::watch;
use tracing::{error, info, warn};

use super::{listen::Unready, logs, metrics::Metrics};

/// Whoever is told.
pub(super) struct Teller {
    pub(super) metrics: Arc<Metrics>,
    pub(super) ready: watch::Sender<Unready>,
    /// What was said last of each unit: the same mistake is told once.
    said: BTreeMap<Unit, Vec<Diagnostic>>,
    /// Whether anything was done since it was last quiet, the start included.
    acted: bool,
}

impl Teller {
    pub(super) fn new(metrics: Arc<Metrics>, ready: watch::Sender<Unready>) -> Self {
        Self { metrics, ready, said: BTreeMap::new(), acted: true }
    }

    /// Tells it.
    pub(super) fn tell(&mut self, told: &Told<'_>) {
        match told {
            Told::Cluster(news) => cluster(news),
            Told::Listed(missing) => self.listed(missing),
            Told::Leads(lead) => {
                info!(balancers = lead.balancers, dns = lead.dns, "leading");
                self.metrics.leader("balancers", lead.balancers);
                self.metrics.leader("dns", lead.dns);
            }
            Told::Turn { planned, outcome, took } => {
                self.diagnostics(
                    &planned.unit,
                    &planned.compiled.diagnostics,
                    &planned.shaped.diagnostics,
                );
                logs::planned(&planned.plan);
                self.acted |= !planned.plan.is_empty();
                self.metrics.planned(&planned.plan);
                if !planned.plan.is_empty() {
                    logs::applied(&planned.plan, outcome, *took);
                    self.metrics.applied(&planned.plan, outcome);
                }
            }
            Told::Failed(unit, why) => {
                let unit_name = unit.map_or_else(|| "everything".to_owned(), ToString::to_string);
                warn!(unit = unit_name, error = %why, "cannot be planned");
                if let Some(unit) = unit {
                    self.metrics.failed(unit);
                }
            }
            Told::Orphan(stack) => {
                warn!(%stack, "orphan: AWS holds this stack, and no object asks for it; it is left alone");
            }
            Told::Quiet { units, failing } => {
                if std::mem::take(&mut self.acted) {
                    info!(units, failing, "settled");
                }
                self.metrics.units("kept", units - failing);
                self.metrics.units("failing", *failing);
            }
        }
    }

    fn listed(&self, missing: &BTreeSet<Kind>) {
        let names: Vec<&str> = missing.iter().map(|kind| kind.as_str()).collect();
        let names = names.join(", ");
        if missing.is_empty() {
            info!("every kind is listed");
            self.ready.send_replace(None);
        } else {
            warn!(
                missing = names,
                "going on without kinds that cannot be listed: what reads them waits"
            );
            self.ready.send_replace(Some(format!("not listed: {names}")));
        }
    }

    fn diagnostics(&mut self, unit: &Unit, compiled: &[Diagnostic], shaped: &[Diagnostic]) {
        let now: Vec<Diagnostic> = compiled.iter().chain(shaped).cloned().collect();
        let before = self.said.insert(unit.clone(), now.clone()).unwrap_or_default();
        now.iter().filter(|it| !before.contains(it)).for_each(logs::diagnostic);
    }
}

fn cluster(news: &News) {
    match news {
        News::Changes { .. } => {}
        News::Undecodable(diagnostic) => logs::diagnostic(diagnostic),
        News::Failing { kind, why } => {
            error!(kind = kind.as_str(), why, "cannot be listed or watched; its last objects stay");
        }
        News::Absent { kind } => {
            warn!(
                kind = kind.as_str(),
                "the API server does not know this kind; it has no objects"
            );
        }
    }
}
