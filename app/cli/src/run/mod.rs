//! `inroad run`: a cluster's API server is the feed, AWS and the zones are kept as its objects ask. In: flags. Out:
//! a process that works until it is told to stop. Forbidden: deciding anything about load balancers or records.

mod listen;
mod logs;
mod metrics;

use std::{process::ExitCode, sync::Arc};

use clap::Args;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use self::{listen::Answers, metrics::Metrics};
use crate::{
    flags::{SettingsArgs, Values},
    settings,
};

/// What `run` is told.
#[derive(Debug, Args)]
pub(crate) struct RunArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

/// Runs until SIGTERM or SIGINT; operations that run then may end.
///
/// # Errors
/// What keeps it from starting at all; later failures are told and tried again.
pub(crate) async fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let values = args.settings.values()?;
    let (_controller, _halves) = settings::online(&values)?;
    logs::open(&values);
    info!(version = env!("CARGO_PKG_VERSION"), config = ?values.told(), "starting");
    let stop = stop_signal()?;
    let (_ready, ready) = watch::channel(Some("nothing is listed yet".to_owned()));
    let answers = Answers { ready, metrics: Arc::<Metrics>::default() };
    let closed = CancellationToken::new();
    listen::listen(&places(&values), &answers, &closed).await?;
    stop.cancelled().await;
    closed.cancel();
    info!("stopped");
    Ok(ExitCode::SUCCESS)
}

fn places(values: &Values) -> Vec<(&'static str, String)> {
    let flags = ["health-probe-bind-addr", "metrics-bind-addr", "metrics-address"];
    flags.map(|flag| (flag, values.text(flag))).into()
}

/// Cancelled by the first SIGTERM or SIGINT; a second one ends the process where it stands.
fn stop_signal() -> std::io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let told = stop.clone();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::spawn(async move {
        let mut either = async || {
            tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            }
        };
        let signal = either().await;
        info!(signal, "stopping: running operations end, no new one begins");
        told.cancel();
        either().await;
        std::process::exit(130);
    });
    Ok(stop)
}
