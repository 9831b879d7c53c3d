//! The tables of a folder: which there are, which are meant, what they hold.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::{Context, ensure};
use serde::Deserialize;
use serde_json::{Map, Value};
use walkdir::WalkDir;

use super::{adapters, glob};

/// The cases of one Go test function.
#[derive(Deserialize)]
pub(super) struct Table {
    /// Its path within the folder.
    #[serde(skip)]
    pub(super) path: String,
    /// Which layout the cases have.
    pub(super) schema: String,
    /// The cases in order.
    pub(super) cases: Vec<Case>,
}

/// One recorded case.
#[derive(Deserialize)]
pub(super) struct Case {
    /// Full name of the Go subtest.
    pub(super) name: String,
    /// The rest, by layout.
    #[serde(flatten)]
    pub(super) body: Map<String, Value>,
}

impl Case {
    /// A part of the case by JSON pointer; null where it has none.
    pub(super) fn at(&self, pointer: &str) -> &Value {
        let (first, rest) = pointer[1..].split_once('/').unwrap_or((&pointer[1..], ""));
        let found = self.body.get(first);
        let found = match rest {
            "" => found,
            rest => found.and_then(|it| it.pointer(&format!("/{rest}"))),
        };
        found.unwrap_or(&Value::Null)
    }
}

/// The tables that are meant: those of the scope, those that the pattern matches, both where both are
/// given. Where neither is, those that have an adapter.
pub(super) fn select(
    dir: &Path,
    scope: Option<&str>,
    pattern: Option<&str>,
) -> anyhow::Result<BTreeSet<String>> {
    let tables = match scope {
        Some(scope) => of_scope(dir, scope)?,
        None => all(dir)?,
    };
    let meant = |path: &String| match (pattern, scope) {
        (Some(pattern), _) => glob::matches(pattern, path),
        (None, Some(_)) => true,
        (None, None) => adapters::find(path).is_some(),
    };
    let tables: BTreeSet<_> = tables.into_iter().filter(meant).collect();
    ensure!(!tables.is_empty(), "no table is meant by this");
    Ok(tables)
}

fn of_scope(dir: &Path, scope: &str) -> anyhow::Result<BTreeSet<String>> {
    let file = dir.join("SCOPE.tsv");
    let text = fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let rows = text.lines().skip(1).map(|line| line.split('\t').collect::<Vec<_>>());
    let tables: BTreeSet<_> =
        rows.filter(|row| row.len() >= 2 && row[0] == scope).map(|row| row[1].to_owned()).collect();
    ensure!(!tables.is_empty(), "{} has no scope {scope}", file.display());
    Ok(tables)
}

fn all(dir: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut tables = BTreeSet::new();
    for entry in WalkDir::new(dir) {
        let path = entry?.into_path();
        // The name of a table is that of its Go test file and function.
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        if name.contains("__") && name.ends_with(".json") {
            let within = path.strip_prefix(dir).context("walked out of the folder")?;
            tables.insert(within.to_string_lossy().replace('\\', "/"));
        }
    }
    Ok(tables)
}

/// Reads a table by its path within the folder.
pub(super) fn read(dir: &Path, path: &str) -> anyhow::Result<Table> {
    let text = fs::read_to_string(dir.join(path))?;
    let table: Table = serde_json::from_str(&text)?;
    Ok(Table { path: path.to_owned(), ..table })
}
