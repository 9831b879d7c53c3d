//! `cargo xtask`: the only door to the project's own chores, so that nothing but Rust (and Python for
//! the end-to-end suites, Go for their cluster) must be installed.

mod arrows;
mod bench;
mod codes;
mod golden;
mod settings;
mod suite;
mod testcluster;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "inroad's chores")]
struct Cli {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Compare the crates' direct dependencies with the table in ARCHITECTURE.md.
    Arrows,
    /// Format, lint, arrows, the pages of annotations and codes: what must hold before a commit.
    Check,
    /// Run every test there is: Rust, arrows, goldens, batteries, end to end.
    Test(suite::TestArgs),
    /// Feed anything to parsers and corridor, longer than a run of all tests has time for.
    Fuzz {
        /// Cases of each property.
        #[arg(long, default_value_t = 10_000)]
        cases: u32,
    },
    /// Count what AWS is asked, hold it against the bounds, and print it beside what the peers need.
    Bench,
    /// Run seeded schedules of trouble against the real engine.
    Sim {
        /// Build it optimised first: for thousands of schedules.
        #[arg(long)]
        optimised: bool,
        /// `--seed N`, `--count N`, `--seconds N`, `--trace`.
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Write the blessed texts of all cases again.
    Bless,
    /// Write the reference of annotations (docs/annotations.md) from the settings table.
    Settings(settings::SettingsArgs),
    /// Find (or build) the real API server of the live suite and kubectl; print where they are.
    Testcluster,
    /// Run recorded cases of the peers against inroad.
    Golden(golden::GoldenArgs),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().chore {
        Chore::Arrows => arrows::check(),
        Chore::Check => suite::check(),
        Chore::Test(args) => suite::test(&args),
        Chore::Fuzz { cases } => suite::fuzz(cases),
        Chore::Bench => bench::run(),
        Chore::Sim { optimised, args } => {
            suite::simulate(&args.iter().map(String::as_str).collect::<Vec<_>>(), optimised)
        }
        Chore::Bless => suite::bless(),
        Chore::Settings(args) => settings::run(&args),
        Chore::Testcluster => testcluster::print(),
        Chore::Golden(args) => golden::run(&args),
    }
}
