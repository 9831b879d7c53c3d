//! `inroad plan`: what would change, and why. Writes nothing, anywhere.

use std::{path::PathBuf, process::ExitCode};

use clap::{Args, ValueEnum};
use inroad_engine::{Event, Session, Settled};
use inroad_plan::{Plan, render};
use inroad_words::{Diagnostic, Severity, Unit};
use serde_json::json;

use crate::{
    cluster::{Cluster, Look},
    flags::SettingsArgs,
    terminal,
};

/// What `plan` is told.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    /// Folder of manifests
    dir: PathBuf,
    /// The account as `local --state` has kept it; not given: an empty one
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    /// What to print: the plan, the plan as JSON, or the stacks in the schema of AWS Load Balancer
    /// Controller's model
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
    #[command(flatten)]
    settings: SettingsArgs,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Output {
    Text,
    Json,
    Stack,
}

/// Changes are ahead.
const CHANGES: u8 = 2;

/// Plans everything once and prints it.
///
/// # Errors
/// The folder or the state cannot be read.
pub(crate) async fn run(args: PlanArgs) -> anyhow::Result<ExitCode> {
    let state = args.state.as_deref();
    let mut cluster = Cluster::open(&args.dir, state, &args.settings, Vec::new()).await?;
    let look = cluster.look()?;
    let (settled, failures) = dry(&mut cluster).await?;
    let diagnostics = diagnostics(&cluster, &look);
    match args.output {
        Output::Text => {
            for note in &look.notes {
                terminal::note(note);
            }
            terminal::plans(&plans(&cluster));
        }
        Output::Json => terminal::document(&document(&cluster, &diagnostics)?),
        Output::Stack => terminal::document(&stacks(&cluster)?),
    }
    terminal::diagnostics(&diagnostics.iter().collect::<Vec<_>>(), |origin| cluster.mark(origin));
    for failure in &failures {
        terminal::failure(failure);
    }
    let wrong = diagnostics.iter().any(|d| d.severity == Severity::Error) || !failures.is_empty();
    Ok(match (settled.changed.is_empty(), wrong) {
        (false, _) => ExitCode::from(CHANGES),
        (true, true) => ExitCode::FAILURE,
        (true, false) => ExitCode::SUCCESS,
    })
}

/// Plans everything and does nothing; what could not be planned comes in words.
pub(crate) async fn dry(cluster: &mut Cluster) -> anyhow::Result<(Settled, Vec<String>)> {
    let mut failures = Vec::new();
    let mut session = Session {
        edges: &cluster.edges,
        memory: &mut cluster.memory,
        controller: &cluster.controller,
        act: false,
    };
    let settled = session
        .settle(&mut |event| {
            if let Event::Failed(unit, error) = event {
                failures.push(format!("{unit}: {error}"));
            }
        })
        .await?;
    Ok((settled, failures))
}

/// Every mistake, each once.
pub(crate) fn diagnostics(cluster: &Cluster, look: &Look) -> Vec<Diagnostic> {
    let mut all = cluster.memory.diagnostics();
    all.extend(look.diagnostics.iter().cloned());
    all.into_iter().collect()
}

fn plans(cluster: &Cluster) -> Vec<&Plan> {
    cluster.memory.planned.values().map(|planned| &planned.plan).collect()
}

fn document(cluster: &Cluster, diagnostics: &[Diagnostic]) -> serde_json::Result<String> {
    let plans = plans(cluster);
    let lines = render::render(plans.iter().copied());
    serde_json::to_string_pretty(&json!({
        "plans": plans.iter().filter(|p| !p.is_empty() || !p.holds.is_empty()).map(|plan| json!({
            "unit": plan.unit.to_string(),
            "steps": plan.ops.iter().map(|(id, step)| json!({
                "id": id, "step": step,
                "after": plan.after.get(id).cloned().unwrap_or_default(),
            })).collect::<Vec<_>>(),
            "holds": plan.holds,
        })).collect::<Vec<_>>(),
        "summary": lines.last().map(|line| line.cells.concat()),
        "diagnostics": diagnostics.iter().map(|d| json!({
            "diagnostic": d, "place": cluster.mark(&d.origin).map(|m| m.to_string()),
        })).collect::<Vec<_>>(),
    }))
}

/// The stacks, by id.
fn stacks(cluster: &Cluster) -> serde_json::Result<String> {
    let stacks: Vec<_> = cluster
        .memory
        .planned
        .iter()
        .filter(|(unit, _)| matches!(unit, Unit::Stack(_)))
        .map(|(_, planned)| inroad_desired::stack_json(&planned.shaped.desired))
        .collect();
    serde_json::to_string_pretty(&stacks)
}
