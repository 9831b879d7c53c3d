//! `inroad`: argv to the rooms, and what they say to the terminal.

mod account;
mod cluster;
mod crds;
mod explain;
mod flags;
mod ground;
mod local;
mod plan;
mod rbac;
mod run;
mod settings;
mod snapshot;
mod supply;
mod terminal;

use std::{io::IsTerminal, process::ExitCode};

use clap::{Parser, Subcommand};
use tracing_subscriber::{EnvFilter, fmt};

/// Brings traffic to a Kubernetes cluster: load balancers, targets, certificates, DNS.
#[derive(Parser)]
#[command(name = "inroad", version, about, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Keep load balancers and records as a cluster asks (also what no subcommand means).
    Run(Box<run::RunArgs>),
    /// Run a folder of manifests as a working edge on this machine: AWS emulated, traffic real.
    Local(Box<local::LocalArgs>),
    /// Print what would change, and why. Exit 0: nothing; 2: changes; 1: an error.
    Plan(Box<plan::PlanArgs>),
    /// Say what an object compiles to, each value with where it comes from.
    Explain(Box<explain::ExplainArgs>),
    /// Write what AWS and the zones hold to a file; reads only.
    Snapshot(Box<snapshot::SnapshotArgs>),
    /// Say what each flag of AWS Load Balancer Controller and ExternalDNS became.
    Flags(flags::FlagsArgs),
    /// Print the custom resource definitions, for kubectl apply.
    Crds,
    /// Print the least RBAC, for kubectl apply.
    Rbac(rbac::RbacArgs),
}

fn main() -> ExitCode {
    let args = match flags::arguments(std::env::args_os()) {
        Ok(args) => args,
        Err(error) => return failed(&error),
    };
    let cli = Cli::parse_from(args);
    if !matches!(cli.command, Command::Run(_)) {
        quiet();
    }
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let result = runtime.block_on(async {
        match cli.command {
            Command::Run(args) => run::run(*args).await,
            Command::Local(args) => local::run(*args).await,
            Command::Plan(args) => plan::run(*args).await,
            Command::Explain(args) => explain::run(*args).await,
            Command::Snapshot(args) => snapshot::run(*args).await,
            Command::Flags(args) => flags::run(&args),
            Command::Crds => Ok(crds::run()),
            Command::Rbac(args) => rbac::run(&args),
        }
    });
    // Tasks that are still about are only listeners; nobody waits for them.
    runtime.shutdown_background();
    result.unwrap_or_else(|error| failed(&error))
}

/// Where the result is for a person, logs are only for whoever asks.
fn quiet() {
    fmt()
        .with_env_filter(EnvFilter::try_from_env("INROAD_LOG").unwrap_or_else(|_| "error".into()))
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
}

fn failed(error: &anyhow::Error) -> ExitCode {
    anstream::eprintln!("error: {error:#}");
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Cli;

    #[test]
    fn no_subcommand_has_an_argument_that_is_a_flag_too() {
        Cli::command().debug_assert();
    }
}
