//! What is counted: names of the peers where the meaning is theirs, else `inroad_*`. In: plans, outcomes, counts
//! of calls. Out: OpenMetrics text. Forbidden: counting anywhere else.

use std::{
    fmt,
    sync::{Mutex, PoisonError, atomic::AtomicU64},
    time::{SystemTime, UNIX_EPOCH},
};

use inroad_engine::Edges;
use inroad_plan::{Outcome, Plan};
use inroad_words::Unit;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, text},
    metrics::{
        MetricType,
        counter::{ConstCounter, Counter},
        family::Family,
        gauge::Gauge,
        info::Info,
    },
    registry::Registry,
};

type Labels<const N: usize> = [(&'static str, String); N];

/// Everything that is counted.
pub(super) struct Metrics {
    registry: Mutex<Registry>,
    operations: Family<Labels<2>, Counter>,
    reconciles: Family<Labels<2>, Counter>,
    units: Family<Labels<1>, Gauge>,
    leader: Family<Labels<1>, Gauge>,
    zones_synced: Gauge<f64, AtomicU64>,
    zones_quiet: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let metrics = Self {
            registry: Mutex::default(),
            operations: Family::default(),
            reconciles: Family::default(),
            units: Family::default(),
            leader: Family::default(),
            zones_synced: Gauge::default(),
            zones_quiet: Counter::default(),
        };
        metrics.register();
        metrics
    }
}

impl Metrics {
    fn register(&self) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        let it = &mut *registry;
        let version = vec![("version", env!("CARGO_PKG_VERSION"))];
        it.register("inroad_build", "This program", Info::new(version));
        it.register("inroad_plan_ops", "Steps of plans that were begun", self.operations.clone());
        it.register("inroad_units", "Units by how their last turn ended", self.units.clone());
        it.register("inroad_leader", "1: this process may write", self.leader.clone());
        it.register(
            "controller_runtime_reconcile",
            "Turns of units by how they ended",
            self.reconciles.clone(),
        );
        it.register(
            "external_dns_controller_last_sync_timestamp_seconds",
            "When a zone was last as it should be",
            self.zones_synced.clone(),
        );
        it.register(
            "external_dns_controller_no_op_runs",
            "Turns of zones without a change",
            self.zones_quiet.clone(),
        );
    }

    /// Counts what leaves for AWS, too.
    pub(super) fn watch(&self, edges: Edges) {
        let mut registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        registry.register_collector(Box::new(Calls(edges)));
    }

    /// A unit was planned.
    pub(super) fn planned(&self, plan: &Plan) {
        let counts = plan.counts();
        for (kind, count) in
            [("add", counts.add), ("change", counts.change), ("delete", counts.delete)]
        {
            let labels = [("unit", kind_of(&plan.unit).to_owned()), ("kind", kind.to_owned())];
            self.operations.get_or_create(&labels).inc_by(count as u64);
        }
        if plan.is_empty() {
            self.ended(&plan.unit, true);
            if matches!(plan.unit, Unit::Zone(_)) {
                self.zones_quiet.inc();
            }
        }
    }

    /// The steps of a unit are through.
    pub(super) fn applied(&self, plan: &Plan, outcome: &Outcome) {
        self.ended(&plan.unit, outcome.failed.is_empty());
    }

    /// A unit could not be planned.
    pub(super) fn failed(&self, unit: &Unit) {
        self.ended(unit, false);
    }

    fn ended(&self, unit: &Unit, well: bool) {
        let result = if well { "success" } else { "error" };
        let labels = [("controller", kind_of(unit).to_owned()), ("result", result.to_owned())];
        self.reconciles.get_or_create(&labels).inc();
        if well && matches!(unit, Unit::Zone(_)) {
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
            self.zones_synced.set(now.as_secs_f64());
        }
    }

    /// How many units are in a state.
    pub(super) fn units(&self, state: &str, count: usize) {
        let gauge = self.units.get_or_create(&[("state", state.to_owned())]);
        gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    /// Whether a half may write.
    pub(super) fn leader(&self, half: &str, leads: bool) {
        self.leader.get_or_create(&[("half", half.to_owned())]).set(leads.into());
    }

    /// The page.
    ///
    /// # Errors
    /// The encoder's, which writes to memory.
    pub(super) fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let registry = self.registry.lock().unwrap_or_else(PoisonError::into_inner);
        text::encode(&mut text, &registry)?;
        Ok(text)
    }
}

fn kind_of(unit: &Unit) -> &'static str {
    match unit {
        Unit::Foundation => "foundation",
        Unit::Stack(_) => "stack",
        Unit::Targets(_) => "targets",
        Unit::Zone(_) => "zone",
    }
}

/// Attempts at AWS and at the DNS provider, as they count them.
struct Calls(Edges);

impl fmt::Debug for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calls").finish_non_exhaustive()
    }
}

impl Collector for Calls {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let help = "Requests to AWS, each attempt of the SDK counted";
        let mut family =
            encoder.encode_descriptor("aws_api_requests", help, None, MetricType::Counter)?;
        for (action, count) in self.0.aws.calls().into_iter().chain(self.0.dns.calls()) {
            let (service, operation) = action.split_once(':').unwrap_or(("", &action));
            let labels = [("service", service), ("operation", operation)];
            ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
