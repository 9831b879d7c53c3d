//! `inroad local`: a folder is the cluster, AWS is in process, traffic and DNS are real, and each save
//! is applied. The corridor is the one that a real cluster gets; only its ends differ.

mod backends;
mod endpoints;
mod ports;
mod report;
mod session;

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use crate::{flags::SettingsArgs, supply::Backend};

/// What `local` is told.
#[derive(Debug, Args)]
pub(crate) struct LocalArgs {
    /// Folder of manifests (.yaml, .yml, .json, at any depth)
    pub(crate) dir: PathBuf,
    /// Keep the emulated account in this file
    #[arg(long, value_name = "FILE")]
    pub(crate) state: Option<PathBuf>,
    /// Where the AWS API listens; port 0: a free one; if not given and taken: the next free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) aws_listen: Option<SocketAddr>,
    /// Where DNS answers; port 0: a free one; if not given and taken: the next free one
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) dns_listen: Option<SocketAddr>,
    /// Write where everything listens to this file, as JSON, whenever it has settled
    #[arg(long, value_name = "FILE")]
    pub(crate) endpoints: Option<PathBuf>,
    /// Lead a Service to a process of yours: namespace/service[:port]=127.0.0.1:3000 (repeat)
    #[arg(long, value_name = "SERVICE=ADDR")]
    pub(crate) backend: Vec<Backend>,
    /// Serve all load balancers on 127.0.0.1 and free ports instead of an address each
    #[arg(long)]
    pub(crate) shared_address: bool,
    #[command(flatten)]
    pub(crate) settings: SettingsArgs,
}

/// Runs until Ctrl-C or SIGTERM, or until settled with `--once`.
///
/// # Errors
/// What keeps it from starting at all; later failures are shown and tried again.
pub(crate) async fn run(args: LocalArgs) -> anyhow::Result<ExitCode> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut session = session::Session::open(args).await?;
    let code = tokio::select! {
        code = session.work() => code?,
        _ = interrupt.recv() => ExitCode::SUCCESS,
        _ = terminate.recv() => ExitCode::SUCCESS,
    };
    session.close().await?;
    Ok(code)
}
