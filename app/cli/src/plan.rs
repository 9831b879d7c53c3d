//! `inroad plan`: what would change, and why. Writes nothing, anywhere.

use std::process::ExitCode;

use clap::{Args, ValueEnum};
use inroad_plan::{Plan, render};
use inroad_words::{Diagnostic, Severity, Unit};
use serde_json::json;

use crate::{
    ground::{FromArgs, Ground},
    terminal,
};

/// What `plan` is told.
#[derive(Debug, Args)]
pub(crate) struct PlanArgs {
    #[command(flatten)]
    from: FromArgs,
    /// What to print: the plan, the plan as JSON, or the stacks in the schema of AWS Load Balancer
    /// Controller's model
    #[arg(short, long, value_enum, default_value = "text")]
    output: Output,
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
/// The cluster or the account cannot be read.
pub(crate) async fn run(args: PlanArgs) -> anyhow::Result<ExitCode> {
    let mut ground = Ground::open(&args.from).await?;
    let (settled, failures) = ground.plan().await?;
    let diagnostics = ground.diagnostics();
    match args.output {
        Output::Text => {
            for note in &ground.notes {
                terminal::note(note);
            }
            terminal::plans(&plans(&ground));
        }
        Output::Json => terminal::document(&document(&ground, &diagnostics)?),
        Output::Stack => terminal::document(&stacks(&ground)?),
    }
    terminal::diagnostics(&diagnostics.iter().collect::<Vec<_>>(), |origin| ground.mark(origin));
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

fn plans(ground: &Ground) -> Vec<&Plan> {
    ground.memory.planned.values().map(|planned| &planned.plan).collect()
}

fn document(ground: &Ground, diagnostics: &[Diagnostic]) -> serde_json::Result<String> {
    let plans = plans(ground);
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
            "diagnostic": d, "place": ground.mark(&d.origin).map(|m| m.to_string()),
        })).collect::<Vec<_>>(),
    }))
}

/// The stacks, by id.
fn stacks(ground: &Ground) -> serde_json::Result<String> {
    let stacks: Vec<_> = ground
        .memory
        .planned
        .iter()
        .filter(|(unit, _)| matches!(unit, Unit::Stack(_)))
        .map(|(_, planned)| inroad_desired::stack_json(&planned.shaped.desired))
        .collect();
    serde_json::to_string_pretty(&stacks)
}
