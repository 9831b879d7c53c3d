//! `inroad explain`: what an object comes to, each value with who said it. Writes nothing, anywhere.

use std::{path::PathBuf, process::ExitCode};

use anyhow::bail;
use clap::Args;
use inroad_words::{Diagnostic, Kind, ObjectKey, Severity};

use crate::{cluster::Cluster, flags::SettingsArgs, plan, terminal};

/// What `explain` is told.
#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// The object: ingress/NAMESPACE/NAME or service/NAMESPACE/NAME
    #[arg(value_parser = object)]
    object: ObjectKey,
    /// Folder of manifests
    dir: PathBuf,
    /// The account as `local --state` has kept it; not given: an empty one
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
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
/// The folder cannot be read, or the object is not in it.
pub(crate) async fn run(args: ExplainArgs) -> anyhow::Result<ExitCode> {
    let state = args.state.as_deref();
    let mut cluster = Cluster::open(&args.dir, state, &args.settings, Vec::new()).await?;
    let look = cluster.look()?;
    plan::dry(&mut cluster).await?;
    let all = plan::diagnostics(&cluster, &look);
    let concerned: Vec<&Diagnostic> =
        all.iter().filter(|d| d.origin.object() == Some(&args.object)).collect();
    if cluster.memory.world.object(&args.object).is_none() {
        terminal::diagnostics(&all.iter().collect::<Vec<_>>(), |origin| cluster.mark(origin));
        bail!("{} is not in {}", args.object, args.dir.display());
    }
    let planned = cluster.memory.planned.values();
    let units: Vec<_> = planned.map(|p| (&*p.compiled, &p.shaped.desired)).collect();
    let text = inroad_status::explain(&args.object, &units);
    match text.is_empty() {
        true => terminal::document(&format!("{} is not served here", args.object)),
        false => terminal::document(text.trim_end_matches('\n')),
    }
    terminal::diagnostics(&concerned, |origin| cluster.mark(origin));
    let wrong = concerned.iter().any(|d| d.severity == Severity::Error);
    Ok(if wrong { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
