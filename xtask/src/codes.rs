//! The codes of mistakes and holds: those in the sources against the rows of docs/codes.md, both ways.

use std::{collections::BTreeMap, ffi::OsStr, fs, path::Path};

use anyhow::{Context, bail};
use walkdir::WalkDir;

/// Fails with every code without a row, with several, or with a row that lacks a cell, and with every row
/// whose code nobody gives.
pub(crate) fn check() -> anyhow::Result<()> {
    let root = crate::suite::root();
    let page = fs::read_to_string(root.join("docs/codes.md")).context("docs/codes.md")?;
    let mut given = Vec::new();
    for room in ["core", "edge", "app"] {
        given.extend(sources(&root.join(room))?.iter().flat_map(|text| codes(text)));
    }
    let wrong = compare(&given, &rows(&page));
    if !wrong.is_empty() {
        bail!("docs/codes.md:\n  {}", wrong.join("\n  "));
    }
    println!("codes: {}, each with its row in docs/codes.md", given.len());
    Ok(())
}

fn sources(folder: &Path) -> anyhow::Result<Vec<String>> {
    let mut texts = Vec::new();
    for entry in WalkDir::new(folder) {
        let entry = entry?;
        if entry.path().extension() == Some(OsStr::new("rs")) {
            texts.push(fs::read_to_string(entry.path())?);
        }
    }
    Ok(texts)
}

/// Codes that a source gives a name to.
fn codes(text: &str) -> Vec<String> {
    let named = text.lines().filter(|line| line.contains("const "));
    named
        .filter_map(|line| Some(line.split_once("Code(\"")?.1.split_once('"')?.0.to_owned()))
        .collect()
}

/// Code -> for each of its rows, whether all of its cells say something.
fn rows(page: &str) -> BTreeMap<String, Vec<bool>> {
    let mut rows = BTreeMap::<String, Vec<bool>>::new();
    for line in page.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |")) {
        let cells: Vec<&str> = line.split(" | ").collect();
        let is_code = |cell: &str| cell.len() == 6 && cell.ends_with(|c: char| c.is_ascii_digit());
        if is_code(cells[0]) {
            let whole = cells.len() == 4 && cells.iter().all(|cell| !cell.trim().is_empty());
            rows.entry(cells[0].to_owned()).or_default().push(whole);
        }
    }
    rows
}

fn compare(given: &[String], rows: &BTreeMap<String, Vec<bool>>) -> Vec<String> {
    let mut wrong = Vec::new();
    for code in given {
        match rows.get(code).map(Vec::as_slice) {
            Some([true]) => {}
            Some([false]) => wrong.push(format!("{code} lacks a cell")),
            Some(_) => wrong.push(format!("{code} has several rows")),
            None => wrong.push(format!("{code} has no row")),
        }
    }
    let unknown = rows.keys().filter(|code| !given.contains(code));
    wrong.extend(unknown.map(|code| format!("{code} is given by nobody")));
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_does_not_match_is_told() {
        let source = "pub const A: Code = Code(\"AA0001\");\nconst B: Code = Code(\"AA0002\");\n\
                      let x = Code(\"ZZ9999\");\nconst C: Code = Code(\"AA0003\");";
        let page = "| Code | Severity | Cause | Cure |\n|---|---|---|---|\n| AA0001 | error | a | b |\n\
                    | AA0002 | error | a |  |\n| AA0004 | error | a | b |\n";
        let wrong = compare(&codes(source), &rows(page));
        let told = ["AA0002 lacks a cell", "AA0003 has no row", "AA0004 is given by nobody"];
        assert_eq!(wrong, told);
        let twice = rows("| AA0001 | e | a | b |\n| AA0001 | e | a | b |");
        assert_eq!(compare(&["AA0001".into()], &twice), ["AA0001 has several rows"]);
    }

    #[test]
    fn the_page_has_every_code() {
        check().expect("docs/codes.md");
    }
}
