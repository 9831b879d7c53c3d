//! `inroad explain`: what an object comes to, each value with who said it. Writes nothing, anywhere.

use std::process::ExitCode;

use anyhow::bail;
use clap::Args;
use inroad_words::{Diagnostic, Kind, ObjectKey, Severity};

use crate::{
    ground::{FromArgs, Ground},
    terminal,
};

/// What `explain` is told.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The object: ingress/NAMESPACE/NAME or service/NAMESPACE/NAME
    #[arg(value_parser = object)]
    object: ObjectKey,
    #[command(flatten)]
    from: FromArgs,
}

fn object(text: &str) -> Result<ObjectKey, String> {
    let form = || format!("{text:?} is not ingress/NAMESPACE/NAME or service/NAMESPACE/NAME");
    let (kind, name) = text.split_once('/').ok_or_else(form)?;
    let kind = match kind.to_lowercase().as_str() {
        "ingress" | "ingresses" | "ing" => Kind::Ingress,
        "service" | "services" | "svc" => Kind::Service,
        _ => return Err(form()),
    };
    let (namespace, name) = name.split_once('/').ok_or_else(form)?;
    Ok(ObjectKey::new(kind, namespace, name))
}

/// Prints what the object comes to, then every mistake that concerns it.
///
/// # Errors
/// The cluster or the account cannot be read, or the object is not there.
pub(crate) async fn run(args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let mut ground = Ground::open(&args.from).await?;
    ground.plan().await?;
    let all = ground.diagnostics();
    let concerned: Vec<&Diagnostic> =
        all.iter().filter(|d| d.origin.object() == Some(&args.object)).collect();
    if ground.memory.world.object(&args.object).is_none() {
        terminal::diagnostics(&all.iter().collect::<Vec<_>>(), |origin| ground.mark(origin));
        bail!("{} is not in {}", args.object, ground.name);
    }
    let planned = ground.memory.planned.values();
    let units: Vec<_> = planned.map(|p| (&*p.compiled, &p.shaped.desired)).collect();
    let holds = ground.memory.planned.values().flat_map(|it| &it.plan.holds);
    let text =
        inroad_status::explain(&args.object, &units) + &inroad_status::waits(&args.object, holds);
    match text.is_empty() {
        true => terminal::document(&format!("{} is not served here", args.object)),
        false => terminal::document(text.trim_end_matches('\n')),
    }
    terminal::diagnostics(&concerned, |origin| ground.mark(origin));
    let wrong = concerned.iter().any(|d| d.severity == Severity::Error);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
