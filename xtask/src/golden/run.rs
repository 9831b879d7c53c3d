//! Runs cases and keeps account.

use std::panic;

use super::{
    adapters,
    exceptions::Exceptions,
    tables::{Case, Table},
};

/// How many cases went which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) listed: usize,
    pub(super) unknown: usize,
}

/// A run over tables.
pub(super) struct Runner {
    exceptions: Exceptions,
    counts: Counts,
    problems: Vec<String>,
    bad: bool,
}

impl Runner {
    pub(super) fn new(exceptions: Exceptions) -> Self {
        Self { exceptions, counts: Counts::default(), problems: Vec::new(), bad: false }
    }

    /// Runs every case of a table.
    pub(super) fn table(&mut self, table: &Table) {
        match adapters::find(&table.path) {
            Some(adapter) => table.cases.iter().for_each(|case| self.case(case, adapter)),
            None => {
                self.counts.unknown += table.cases.len();
                let (path, schema) = (&table.path, &table.schema);
                self.fail(format!("unknown: {} cases of {path} ({schema})", table.cases.len()));
            }
        }
    }

    fn case(&mut self, case: &Case, adapter: adapters::Adapter) {
        let name = &case.name;
        let listed = self.exceptions.listed.contains(name);
        let allowed = self.exceptions.allowed.contains(name);
        // One case that panics must not hide what the others do.
        let result = panic::catch_unwind(|| adapter(case));
        match result.unwrap_or_else(|_| Err("panicked".into())) {
            Ok(()) if listed => {
                self.counts.failed += 1;
                self.fail(format!("failed: {name}\n  it passes: take it out of docs/compat.md"));
            }
            Ok(()) => {
                self.counts.passed += 1;
                if allowed {
                    self.fail(format!("allowed: {name}\n  it passes: it need not be allowed"));
                }
            }
            Err(_) if listed => self.counts.listed += 1,
            Err(why) => {
                self.counts.failed += 1;
                let kind = if allowed { "failed, as allowed" } else { "failed" };
                self.problems.push(format!("{kind}: {name}\n  {}", why.replace('\n', "\n  ")));
                self.bad |= !allowed;
            }
        }
    }

    fn fail(&mut self, problem: String) {
        self.bad = true;
        self.problems.push(problem);
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// What went wrong, in the order of the run.
    pub(super) fn problems(&self) -> &[String] {
        &self.problems
    }

    /// Whether nothing failed but what may.
    pub(super) fn is_good(&self) -> bool {
        !self.bad
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn adapter(case: &Case) -> Result<(), String> {
        match case.at("/want").as_str() {
            Some("panic") => panic!("on purpose"),
            Some(why) => Err(why.to_owned()),
            None => Ok(()),
        }
    }

    fn run(cases: &[(&str, serde_json::Value)], listed: &[&str], allowed: &[&str]) -> Runner {
        let all = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        let mut runner = Runner::new(Exceptions { listed: all(listed), allowed: all(allowed) });
        for (name, want) in cases {
            let body = json!({ "want": want }).as_object().cloned().unwrap_or_default();
            runner.case(&Case { name: name.to_string(), body }, adapter);
        }
        runner
    }

    #[test]
    fn what_is_listed_or_allowed_must_differ() {
        let (ok, bad) = (json!(null), json!("differs"));
        for (want, listed, allowed, counts, good) in [
            (&ok, false, false, (1, 0, 0), true),
            (&bad, false, false, (0, 1, 0), false),
            (&json!("panic"), false, false, (0, 1, 0), false),
            (&bad, true, false, (0, 0, 1), true),
            (&ok, true, false, (0, 1, 0), false),
            (&bad, false, true, (0, 1, 0), true),
            (&ok, false, true, (1, 0, 0), false),
        ] {
            let names = |on: bool| if on { vec!["case"] } else { vec![] };
            let runner = run(&[("case", want.clone())], &names(listed), &names(allowed));
            let Counts { passed, failed, listed, .. } = runner.counts();
            assert_eq!((passed, failed, listed), counts, "{want}");
            assert_eq!(runner.is_good(), good, "{want}");
        }
    }

    #[test]
    fn a_table_without_an_adapter_is_unknown() {
        let case = Case { name: "a".into(), body: serde_json::Map::new() };
        let path = "nobody/knows__It.json".to_owned();
        let mut runner = Runner::new(Exceptions::default());
        runner.table(&Table { path, schema: "trace/v1".into(), cases: vec![case] });
        assert_eq!(runner.counts(), Counts { unknown: 1, ..Counts::default() });
        assert!(!runner.is_good());
    }
}
