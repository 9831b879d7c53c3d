//! The arrows between the rooms: direct dependencies against the table in ARCHITECTURE.md.
//!
//! The table is the source of truth: a row names a crate and the workspace crates that it may import.

use std::{collections::BTreeMap, collections::BTreeSet, fs};

use anyhow::{Context, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

type Arrows = BTreeMap<String, BTreeSet<String>>;

/// Fails with every arrow that the table does not allow, and with every crate that it forgets.
pub(crate) fn check() -> anyhow::Result<()> {
    let metadata = MetadataCommand::new().no_deps().exec().context("cargo metadata")?;
    let text = fs::read_to_string(metadata.workspace_root.join("ARCHITECTURE.md"))
        .context("ARCHITECTURE.md")?;
    let allowed = table(&text);
    let members: BTreeSet<&str> = metadata.packages.iter().map(|p| p.name.as_str()).collect();
    let mut wrong = Vec::new();
    for package in &metadata.packages {
        let Some(may) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} stands in no row of the table", package.name));
            continue;
        };
        if may.contains("all") {
            continue;
        }
        let imports = package.dependencies.iter().filter(|d| d.kind != DependencyKind::Development);
        for import in imports.filter(|d| members.contains(d.name.as_str())) {
            if !may.contains(&import.name) {
                wrong.push(format!("{} must not import {}", package.name, import.name));
            }
        }
    }
    let gone = allowed.keys().filter(|name| !members.contains(name.as_str()));
    wrong.extend(gone.map(|name| format!("{name} stands in the table and does not exist")));
    if !wrong.is_empty() {
        bail!("arrows:\n  {}", wrong.join("\n  "));
    }
    println!("arrows: {} crates as ARCHITECTURE.md draws them", metadata.packages.len());
    Ok(())
}

/// Rows `| path (`crate`) | … | imports |`: the crate in backquotes in the first cell, its imports in
/// backquotes in the last one.
fn table(text: &str) -> Arrows {
    text.lines()
        .filter(|line| line.starts_with('|'))
        .filter_map(|line| {
            let cells: Vec<&str> = line.trim_matches('|').split('|').collect();
            let name = quoted(cells.first()?).into_iter().next()?;
            Some((name, quoted(cells.last()?)))
        })
        .collect()
}

fn quoted(cell: &str) -> BTreeSet<String> {
    cell.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::table;

    #[test]
    fn a_row_is_a_crate_and_its_imports() {
        let text =
            "| room | turns | imports |\n|---|---|---|\n| core/plan (`b`) | x | `a`, `c` |\n";
        let arrows = table(text);
        assert_eq!(arrows.len(), 1, "the head is no row");
        assert_eq!(arrows["b"], ["a", "c"].map(String::from).into());
    }
}
