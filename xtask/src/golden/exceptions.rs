//! Cases that are not as recorded: on purpose (docs/compat.md), or not yet (the file of allowed ones).

use std::{collections::BTreeSet, fs, io, path::Path};

use anyhow::Context;

/// What may differ.
#[derive(Debug, Default)]
pub(super) struct Exceptions {
    /// Cases that differ on purpose.
    pub(super) listed: BTreeSet<String>,
    /// Cases that may fail today.
    pub(super) allowed: BTreeSet<String>,
}

impl Exceptions {
    /// Reads both files; there need not be a compat.md.
    pub(super) fn read(compat: &Path, allow: Option<&Path>) -> anyhow::Result<Self> {
        let listed = match fs::read_to_string(compat) {
            Ok(text) => listed(&text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeSet::new(),
            Err(error) => return Err(error).with_context(|| compat.display().to_string()),
        };
        let allowed = match allow {
            Some(file) => {
                let text = fs::read_to_string(file);
                lines(&text.with_context(|| file.display().to_string())?)
            }
            None => BTreeSet::new(),
        };
        Ok(Self { listed, allowed })
    }
}

/// First cells of Markdown tables that hold a case's name as code, with a reason in the second.
fn listed(text: &str) -> BTreeSet<String> {
    let rows = text.lines().filter_map(|line| line.trim().strip_prefix("| `"));
    let cells = rows.filter_map(|row| row.split_once("` |"));
    let reasoned = cells.filter(|(_, rest)| rest.chars().any(char::is_alphanumeric));
    reasoned.map(|(name, _)| name.replace("\\|", "|")).collect()
}

fn lines(text: &str) -> BTreeSet<String> {
    let lines = text.lines().map(str::trim);
    lines.filter(|line| !line.is_empty() && !line.starts_with('#')).map(String::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_with_a_reason_list_a_case() {
        let text =
            "# Why\n| Case | Reason |\n|---|---|\n| `A/b_\\|_c` | safer |\n| `D` |  |\ntext `E`\n";
        assert_eq!(listed(text), BTreeSet::from(["A/b_|_c".into()]));
        assert_eq!(lines("# why\nA/b\n\n  C  \n"), BTreeSet::from(["A/b".into(), "C".into()]));
    }
}
