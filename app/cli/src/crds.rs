//! `inroad crds`: the definitions of the custom resources that inroad reads and writes, as YAML.

use std::process::ExitCode;

/// What `deploy/` installs is what is printed.
const CRDS: &str = include_str!("../../../deploy/crds.yaml");

/// Prints them.
pub(crate) fn run() -> ExitCode {
    anstream::print!("{CRDS}");
    ExitCode::SUCCESS
}
