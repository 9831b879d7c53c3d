//! Runs the recorded cases of the peers: every case is passed, failed, listed (differs on purpose) or
//! unknown (no adapter for its table). In: a folder of tables with its SCOPE.tsv. Out: the failures with
//! where they differ, and as the last line the four counts. Forbidden: any rule on a case's name.

mod adapters;
mod diff;
mod dns_names;
mod dns_plan;
mod dns_records;
mod dns_registry;
mod exceptions;
mod glob;
mod ingress_backend;
mod ingress_balancer;
mod ingress_class;
mod ingress_company;
mod ingress_field;
mod ingress_grammar;
mod ingress_listener;
mod ingress_model;
mod ingress_network;
mod ingress_rules;
mod ingress_world;
mod run;
mod tables;

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;

use self::{
    exceptions::Exceptions,
    run::{Counts, Runner},
};

/// What to run.
#[derive(Args)]
pub(crate) struct GoldenArgs {
    /// The folder of recorded cases, with its SCOPE.tsv.
    dir: PathBuf,
    /// Only the tables of this scope.
    #[arg(long)]
    scope: Option<String>,
    /// Only tables whose path within the folder matches; `*` matches everything, slashes too.
    #[arg(long, value_name = "GLOB")]
    table: Option<String>,
    /// Names of cases, one a line, that may fail today. One that passes must be taken out.
    #[arg(long, value_name = "FILE")]
    allow: Option<PathBuf>,
}

/// Runs the cases. Fails where one failed that may not, or where one is unknown.
pub(crate) fn run(args: &GoldenArgs) -> anyhow::Result<()> {
    let compat = crate::suite::root().join("docs/compat.md");
    let exceptions = Exceptions::read(&compat, args.allow.as_deref())?;
    let mut runner = Runner::new(exceptions);
    for path in tables::select(&args.dir, args.scope.as_deref(), args.table.as_deref())? {
        let table = tables::read(&args.dir, &path).with_context(|| path.clone())?;
        runner.table(&table);
    }
    let Counts { passed, failed, listed, unknown } = runner.counts();
    for problem in runner.problems() {
        println!("{problem}");
    }
    println!("{passed} passed, {failed} failed, {listed} listed, {unknown} unknown");
    if !runner.is_good() {
        // An error returned from here would be printed after the line that scripts read.
        std::process::exit(1);
    }
    Ok(())
}
