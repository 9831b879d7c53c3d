//! Everything that proves the project, stage by stage, each with its time.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
    time::Instant,
};

use anyhow::{Context, bail};
use clap::Args;

/// What to leave out.
#[derive(Args)]
pub(crate) struct TestArgs {
    /// Only stages whose name contains this.
    #[arg(long)]
    only: Option<String>,
}

/// Format, lint, arrows, the pages that are held against the sources.
pub(crate) fn check() -> anyhow::Result<()> {
    cargo(&["fmt", "--all", "--check"])?;
    crate::arrows::check()?;
    crate::settings::check()?;
    crate::codes::check()?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])
}

/// Rewrites every blessed text.
pub(crate) fn bless() -> anyhow::Result<()> {
    let status = Command::new("cargo")
        .args(["test", "--workspace", "--quiet"])
        .env("INROAD_BLESS", "1")
        .status()?;
    if !status.success() {
        bail!("some test still fails after its texts were written again");
    }
    Ok(())
}

/// The properties of `lab/testkit/tests/fuzz`, this many cases of each.
pub(crate) fn fuzz(cases: u32) -> anyhow::Result<()> {
    let fuzz = ["test", "--workspace", "--quiet", "--test", "fuzz"];
    run(Command::new("cargo").args(fuzz).env("INROAD_FUZZ_CASES", cases.to_string()))
}

/// Schedules of `lab/sim`, optimised or as the tests are built. The whole workspace is selected, so that what
/// other stages made is used again.
pub(crate) fn simulate(args: &[&str], optimised: bool) -> anyhow::Result<()> {
    let (profile, folder): (&[&str], _) =
        if optimised { (&["--release"], "release") } else { (&["--tests"], "debug") };
    cargo(&[&["build", "--quiet", "--workspace", "--bins"], profile].concat())?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    run(Command::new(target.join(folder).join("inroad-sim")).args(args))
}

/// All stages in order; the first that fails ends the run.
pub(crate) fn test(args: &TestArgs) -> anyhow::Result<()> {
    let stages: [(&str, fn() -> anyhow::Result<()>); 8] = [
        ("arrows", crate::arrows::check),
        ("rust", rust),
        ("simulation", simulation),
        ("goldens", goldens),
        ("battery", battery),
        ("end-to-end", end_to_end),
        ("testcluster", crate::testcluster::print),
        ("live", live),
    ];
    let mut times = Vec::new();
    for (name, stage) in stages {
        if args.only.as_ref().is_some_and(|only| !name.contains(only.as_str())) {
            continue;
        }
        println!("== {name}");
        let start = Instant::now();
        stage().with_context(|| format!("stage {name}"))?;
        times.push(format!("{name} {:.0}s", start.elapsed().as_secs_f64()));
    }
    println!("stages: {}", times.join(", "));
    Ok(())
}

/// With the same generated worlds each time: what lands must not depend on the day. `cargo test` alone takes others.
fn rust() -> anyhow::Result<()> {
    let seeded =
        |args: &[&str]| run(Command::new("cargo").args(args).env("PROPTEST_RNG_SEED", "1"));
    seeded(&["test", "--workspace", "--quiet"])?;
    // Once more for its table: how often the generated worlds meet each class of trouble.
    seeded(&[
        "test",
        "--workspace",
        "--quiet",
        "--test",
        "laws",
        "every_class",
        "--",
        "--nocapture",
    ])
}

fn goldens() -> anyhow::Result<()> {
    let Some(dir) = env::var_os("INROAD_GOLDENS") else {
        println!("INROAD_GOLDENS is not set: the recorded cases of the peers were NOT run");
        return Ok(());
    };
    let dir = dir.into_string().ok().context("INROAD_GOLDENS is not UTF-8")?;
    let allow = root().join("xtask/golden-allow.txt");
    let allow = allow.to_str().context("the project's path is not UTF-8")?;
    let golden = ["run", "--quiet", "--package", "xtask", "--", "golden", &dir, "--allow", allow];
    // The scopes that are promised, where an unknown table fails; then every table that has an adapter.
    for scope in ["2-dns-core", "3-ingress-stacks"] {
        cargo(&[&golden[..], &["--scope", scope]].concat())?;
    }
    cargo(&golden)
}

/// As many schedules as there is time for, always the same ones: what lands must not depend on the day. Thousands
/// of others are for `cargo xtask sim --optimised --seed N --count 5000`, whose build takes longer than this stage.
fn simulation() -> anyhow::Result<()> {
    simulate(&["--seed", "0", "--seconds", "60"], false)
}

fn battery() -> anyhow::Result<()> {
    // With the selection of the other stages, so that the features and thus what is built stay the same.
    cargo(&["build", "--quiet", "--workspace", "--bins", "--tests", "--examples"])?;
    python("lab/battery", &[])
}

fn end_to_end() -> anyhow::Result<()> {
    // The whole workspace with its tests: the selection of the stage before, so that nothing is built twice.
    cargo(&["build", "--quiet", "--workspace", "--bins", "--tests"])?;
    python("tests/e2e", &[])
}

/// The built binary against a real API server and two AWS accounts.
fn live() -> anyhow::Result<()> {
    cargo(&["build", "--quiet", "--workspace", "--bins", "--tests", "--examples"])?;
    python("tests/live", &crate::testcluster::environment()?)
}

/// What the built binary costs, counted at the proxy; its rows are printed.
pub(crate) fn bench() -> anyhow::Result<()> {
    cargo(&["build", "--quiet", "--workspace", "--bins", "--tests", "--examples"])?;
    // Its memory is that of the program as people run it.
    cargo(&["build", "--quiet", "--release", "--package", "inroad"])?;
    let target =
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let variables = crate::testcluster::environment()?;
    run(pytest()?
        .args(["-s", "tests/live/bench.py"])
        .env("INROAD_BINARY", target.join("release/inroad"))
        .envs(variables))
}

/// Runs pytest on a folder.
fn python(folder: &str, variables: &[(&str, PathBuf)]) -> anyhow::Result<()> {
    run(pytest()?.args(["--durations=8", folder]).envs(variables.iter().cloned()))
}

/// pytest in an environment of its own with pinned packages.
fn pytest() -> anyhow::Result<Command> {
    let mut pytest = Command::new(environment()?.join("bin/pytest"));
    pytest.args(["-q", "--color=no", "-p", "no:cacheprovider"]);
    Ok(pytest)
}

/// The virtual environment, made once for each content of requirements.txt, outside the checkout.
fn environment() -> anyhow::Result<PathBuf> {
    let requirements = root().join("tests/requirements.txt");
    let text = std::fs::read_to_string(&requirements).context("tests/requirements.txt")?;
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&text, &mut hash);
    let name = format!("venv-{:016x}", std::hash::Hasher::finish(&hash));
    let folder = cache()?.join(name);
    if folder.join("ready").exists() {
        return Ok(folder);
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    let pip = folder.join("bin/pip");
    run(Command::new(pip)
        .args(["install", "--quiet", "--disable-pip-version-check", "-r"])
        .arg(requirements))?;
    std::fs::write(folder.join("ready"), "")?;
    Ok(folder)
}

/// Where built tools live: `INROAD_CACHE`, else the user's cache folder.
pub(crate) fn cache() -> anyhow::Result<PathBuf> {
    if let Some(folder) = env::var_os("INROAD_CACHE") {
        return Ok(folder.into());
    }
    let home = env::var_os("HOME").context("neither INROAD_CACHE nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/inroad"))
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}

fn cargo(args: &[&str]) -> anyhow::Result<()> {
    run(Command::new("cargo").args(args))
}

pub(crate) fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .current_dir(root())
        .status()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    if !status.success() {
        bail!("{} ended with {status}", command.get_program().display());
    }
    Ok(())
}
