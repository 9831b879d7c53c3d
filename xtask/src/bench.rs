//! What inroad costs, row by row, beside what the two peers need for the same. Bounds are asserted by the
//! tests that count, the engine's in process and the built binary's at a proxy; this only runs them and
//! shows their rows.

use std::process::Command;

use anyhow::{Context, bail};

/// How rows begin in the output of the test.
const ROW: &str = "| ";

/// Runs the counting tests and prints their tables.
pub(crate) fn run() -> anyhow::Result<()> {
    // The selection of the other chores, so that nothing is built with other features.
    let args =
        ["test", "--quiet", "--workspace", "--test", "running", "bounds", "--", "--nocapture"];
    let output = Command::new("cargo")
        .args(args)
        .current_dir(crate::suite::root())
        .output()
        .context("cargo cannot be started")?;
    let text = String::from_utf8_lossy(&output.stdout);
    let rows = rows(&text);
    println!("| AWS calls (attempts) | inroad | bound | ALBC + ExternalDNS |");
    println!("|---|---|---|---|");
    rows.iter().for_each(|row| println!("{row}"));
    if !output.status.success() {
        bail!("a bound does not hold:\n{text}{}", String::from_utf8_lossy(&output.stderr));
    }
    if rows.is_empty() {
        bail!("the test has counted nothing:\n{text}");
    }
    crate::suite::bench()
}

/// The rows in an order that does not depend on which test came first.
fn rows(text: &str) -> Vec<&str> {
    // The name of the test may stand in front of its first row.
    let mut rows: Vec<&str> =
        text.lines().filter_map(|line| Some(&line[line.find(ROW)?..])).collect();
    rows.sort_unstable();
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_behind_the_name_of_a_test() {
        let text = "test b ... | b | 2 | 3 | 4 |\nnoise\n| a | 1 | 1 | 9 |\nok\n";
        assert_eq!(rows(text), ["| a | 1 | 1 | 9 |", "| b | 2 | 3 | 4 |"]);
    }
}
