//! Runs the recorded cases of the peers.

use std::path::PathBuf;

use clap::Args;

/// What to run.
#[derive(Args)]
pub(crate) struct GoldenArgs {
    /// The folder of recorded cases, with its SCOPE.tsv.
    dir: PathBuf,
}

/// Runs the cases.
pub(crate) fn run(args: &GoldenArgs) -> anyhow::Result<()> {
    anyhow::bail!("{} holds no table that is known", args.dir.display())
}
