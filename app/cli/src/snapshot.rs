//! `inroad snapshot`: what AWS and the zones hold, as one document: for `plan --snapshot`, for a colleague without
//! access, for a bug report. In: the flags of `run`. Out: JSON with the API's own member names. Forbidden: any call
//! that is not a listing.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::{Context, ensure};
use clap::Args;
use inroad_aws::{Aws, Connect, survey};
use inroad_dns::Provider;
use inroad_emulator::transcript::{Transcript, document};
use serde_json::Value;

use crate::{
    cluster,
    flags::{SettingsArgs, Values},
    run, settings, terminal,
};

/// What `snapshot` is told.
#[derive(Debug, Args)]
pub(crate) struct SnapshotArgs {
    /// File to write; not given: print it
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Asks for everything and writes it down.
///
/// # Errors
/// The first question that is refused: half an account would be planned against as a whole one.
pub(crate) async fn run(args: SnapshotArgs) -> anyhow::Result<ExitCode> {
    let values = args.settings.values()?;
    let transcript = Transcript::over(inroad_aws::https());
    let gate = Arc::new(|| false);
    let settings = run::account::settings(&values, gate)?;
    let connect = Connect { http: Some(transcript.client()), ..settings };
    let aws = Aws::connect(connect).await;
    ensure!(aws.config().region().is_some(), "--aws-region is needed: nobody knows the region");
    let text = serde_json::to_string_pretty(&take(&aws, &transcript, &values).await?)?;
    match &args.output {
        Some(path) => cluster::write(path, &text)?,
        None => terminal::document(&text),
    }
    Ok(ExitCode::SUCCESS)
}

/// Everything that the wire has carried once all was asked.
async fn take(aws: &Aws, transcript: &Transcript, values: &Values) -> anyhow::Result<Value> {
    survey(aws, values.some("aws-vpc-id").as_deref()).await?;
    let filters = settings::offline(values)?.dns.domain_filter;
    let dns = run::route53(aws);
    for zone in dns.zones().await? {
        let name = &zone.key.name;
        if filters.is_empty() || filters.iter().any(|filter| meet(filter, name)) {
            dns.records(&zone.key).await.with_context(|| format!("zone {name}"))?;
        }
    }
    Ok(document(&transcript.take()))
}

/// Whether a domain and a zone have names in common.
fn meet(filter: &str, zone: &str) -> bool {
    let (filter, zone) = (filter.trim_matches('.').to_lowercase(), zone.trim_end_matches('.'));
    let lies_in = |name: &str, domain: &str| {
        name.strip_suffix(domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    lies_in(&filter, zone) || lies_in(zone, &filter)
}

#[cfg(test)]
mod tests;
