//! The log of a process: one line an event, text or JSON, on stderr. In: two flags, plans, outcomes. Out:
//! lines. Forbidden: saying what is not in the plan or outcome; silence where nothing changed.

use std::{io::IsTerminal, time::Duration};

use inroad_plan::{Outcome, Plan, render};
use inroad_words::{Diagnostic, Severity};
use tracing::{debug, error, info, level_filters::LevelFilter, warn};
use tracing_subscriber::{EnvFilter, fmt};

use crate::flags::Values;

/// Opens the log. `INROAD_LOG` goes before `--log-level`: it can name libraries too.
pub(super) fn open(values: &Values) {
    let ours = format!("warn,inroad={}", level(&values.text("log-level")));
    let filter = EnvFilter::try_from_env("INROAD_LOG").unwrap_or_else(|_| EnvFilter::new(ours));
    let log = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever opened a log before us in this process keeps it.
    let _ = match values.text("log-format").as_str() {
        "json" => log.json().flatten_event(true).with_current_span(false).try_init(),
        _ => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
    };
}

/// Levels as both peers name them.
fn level(name: &str) -> LevelFilter {
    match name {
        "panic" | "fatal" | "error" => LevelFilter::ERROR,
        "warning" | "warn" => LevelFilter::WARN,
        "debug" => LevelFilter::DEBUG,
        "trace" => LevelFilter::TRACE,
        _ => LevelFilter::INFO,
    }
}

/// What is about to be done.
pub(super) fn planned(plan: &Plan) {
    let counts = plan.counts();
    if plan.is_empty() {
        if counts.held > 0 {
            debug!(unit = %plan.unit, held = counts.held, "waits");
        }
        return;
    }
    info!(
        unit = %plan.unit, add = counts.add, change = counts.change, delete = counts.delete,
        held = counts.held, "plan"
    );
    for line in render::text(&render::render([plan])).lines() {
        debug!(unit = %plan.unit, "{line}");
    }
}

/// What came of it.
pub(super) fn applied(plan: &Plan, outcome: &Outcome, took: Duration) {
    for (id, refusal) in &outcome.failed {
        let step = plan.ops.get(id).map(|step| step.subject.to_string()).unwrap_or_default();
        let code = refusal.code.as_deref().unwrap_or_default();
        warn!(unit = %plan.unit, step, code, error = %refusal, "step failed");
    }
    if !outcome.done.is_empty() {
        let (done, failed) = (outcome.done.len(), outcome.failed.len());
        info!(unit = %plan.unit, done, failed, ms = took.as_millis(), "applied");
    }
}

/// A mistake of somebody's, with where it stands and what to do.
pub(super) fn diagnostic(said: &Diagnostic) {
    let (code, origin) = (said.code.to_string(), said.origin.to_string());
    let help = said.help.as_deref().unwrap_or_default();
    match said.severity {
        Severity::Error => error!(code, origin, help, "{}", said.message),
        Severity::Warning => warn!(code, origin, help, "{}", said.message),
        Severity::Note => debug!(code, origin, help, "{}", said.message),
    }
}
