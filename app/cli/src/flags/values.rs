//! What holds for each flag: the command line, else the environment, else the file, else the default. In: the
//! command line. Out: every flag's values, all of which their kinds take. Forbidden: what they mean.

use std::{collections::BTreeMap, path::Path, time::Duration};

use anyhow::{Context, bail};

use super::{Fate, Flag, Kind, SettingsArgs, all, config, find, value};

/// Every flag's values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    /// Flags that somebody said, with the values.
    said: BTreeMap<&'static str, Vec<String>>,
}

impl SettingsArgs {
    /// What holds, with this process's environment and the file that `--config` names.
    ///
    /// # Errors
    /// A value that its flag does not take, a file that cannot be read or names an unknown flag, a flag
    /// that must stay at its default today.
    pub(crate) fn values(&self) -> anyhow::Result<Values> {
        Values::of(&self.given, &|name| std::env::var(name).ok())
    }
}

impl Values {
    fn of(
        line: &BTreeMap<&'static str, Vec<String>>,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> anyhow::Result<Self> {
        let mut said = BTreeMap::new();
        if let Some(path) = line.get("config").and_then(|paths| paths.last()) {
            said = config::read(Path::new(path)).with_context(|| format!("--config {path}"))?;
        }
        for (peer, flag) in all() {
            let Some(name) = flag.variable(peer) else { continue };
            // kingpin takes an empty variable for none.
            if let Some(text) = environment(&name).filter(|text| !text.is_empty()) {
                said.insert(flag.name, from_environment(flag, &text).with_context(|| name)?);
            }
        }
        said.extend(line.iter().map(|(name, values)| (*name, values.clone())));
        let values = Self { said };
        values.allowed()?;
        Ok(values)
    }

    /// Refuses what inroad cannot do instead of ignoring it.
    fn allowed(&self) -> anyhow::Result<()> {
        for (name, values) in &self.said {
            let (_, flag) = find(name).expect("only flags of the table are said");
            let Fate::DefaultOnly(why) = flag.fate else { continue };
            let same = match flag.kind {
                Kind::Bool => self.on(name) == (flag.default == "true"),
                Kind::Duration => {
                    value::duration(flag.default).is_ok_and(|default| self.time(name) == default)
                }
                _ => values.iter().all(|it| it.is_empty()) || *values == flag.defaults(),
            };
            if !same {
                bail!("--{name} cannot be served: {why}");
            }
        }
        Ok(())
    }

    /// Whether somebody said it.
    pub(crate) fn is_said(&self, name: &str) -> bool {
        self.said.contains_key(name)
    }

    /// All values; of a flag that takes one, the last is the one that holds.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let (_, flag) = find(name).expect("only flags of the table are asked for");
        let values = self.said.get(flag.name).cloned().unwrap_or_else(|| flag.defaults());
        let parts: Vec<String> = match flag.kind {
            Kind::Commas => values.iter().flat_map(|it| it.split(',')).map(trimmed).collect(),
            _ => values,
        };
        // An empty text is how the peers' charts say "none".
        parts.into_iter().filter(|it| !it.is_empty() || !flag.is_list()).collect()
    }

    /// The text; empty where there is none.
    pub(crate) fn text(&self, name: &str) -> String {
        self.list(name).pop().unwrap_or_default()
    }

    /// The text, where there is one.
    pub(crate) fn some(&self, name: &str) -> Option<String> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// The switch.
    pub(crate) fn on(&self, name: &str) -> bool {
        value::boolean(&self.text(name)).expect("checked when it was said")
    }

    /// The number.
    pub(crate) fn number(&self, name: &str) -> u64 {
        value::number(&self.text(name)).expect("checked when it was said")
    }

    /// The length of time.
    pub(crate) fn time(&self, name: &str) -> Duration {
        value::duration(&self.text(name)).expect("checked when it was said")
    }

    /// The pairs; of a key that comes twice, the last one holds.
    pub(crate) fn pairs(&self, name: &str) -> BTreeMap<String, String> {
        let texts = self.list(name).into_iter();
        texts.flat_map(|it| value::pairs(&it).expect("checked when it was said")).collect()
    }

    /// What somebody said, as text for a log; secrets are masked.
    pub(crate) fn told(&self) -> BTreeMap<&'static str, String> {
        let told = self.said.iter().map(|(name, values)| {
            let (_, flag) = find(name).expect("only flags of the table are said");
            let text = match flag.kind {
                Kind::Secret if !values.concat().is_empty() => "******".into(),
                _ if flag.is_list() => values.join(","),
                _ => values.last().cloned().unwrap_or_default(),
            };
            (*name, text)
        });
        told.collect()
    }
}

fn trimmed(text: &str) -> String {
    text.trim().to_owned()
}

/// A variable that holds a list holds a value a line, as kingpin reads it; one newline at its end is none.
fn from_environment(flag: &Flag, text: &str) -> anyhow::Result<Vec<String>> {
    let values: Vec<String> = match flag.is_list() {
        true => {
            let text = text.strip_suffix('\n').unwrap_or(text);
            text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect()
        }
        false => vec![text.to_owned()],
    };
    for text in &values {
        value::check(flag, text).map_err(anyhow::Error::msg).with_context(|| text.clone())?;
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(
        line: &[(&'static str, &str)],
        environment: &[(&str, &str)],
    ) -> anyhow::Result<Values> {
        let mut given = BTreeMap::<_, Vec<String>>::new();
        for (name, value) in line {
            given.entry(*name).or_default().push((*value).to_owned());
        }
        let variable = |name: &str| {
            environment.iter().find(|(it, _)| *it == name).map(|(_, text)| (*text).to_owned())
        };
        Values::of(&given, &variable)
    }

    #[test]
    fn the_line_goes_before_the_environment_before_the_file_before_the_default() {
        let file = tempfile::NamedTempFile::new().expect("a file");
        let text = "txt-owner-id: file\ninterval: 2m\ndomain-filter: [a.example, b.example]\n\
                    dry-run: true\ndefault-tags: {team: edge, stage: dev}\n";
        std::fs::write(file.path(), text).expect("it is written");
        let file = file.path().to_str().expect("a path of ours");
        let variables = [
            ("EXTERNAL_DNS_TXT_OWNER_ID", "variable"),
            ("EXTERNAL_DNS_INTERVAL", "3m"),
            ("EXTERNAL_DNS_SOURCE", "ingress\r\nservice\n"),
            ("EXTERNAL_DNS_ONCE", "1"),
        ];
        let values = values(&[("config", file), ("txt-owner-id", "line")], &variables);
        let values = values.expect("all of it can be read");
        assert_eq!(values.text("txt-owner-id"), "line");
        assert_eq!(values.time("interval"), Duration::from_secs(180));
        assert_eq!(values.list("source"), ["ingress", "service"]);
        assert_eq!(values.list("domain-filter"), ["a.example", "b.example"]);
        assert!(values.on("dry-run") && values.on("once") && values.on("enable-waf"));
        assert_eq!(values.pairs("default-tags").len(), 2);
        assert_eq!(values.text("default-target-type"), "instance");
        assert_eq!(values.list("managed-record-types"), ["A", "AAAA", "CNAME"]);
    }

    #[test]
    fn commas_part_the_lists_of_one_peer_only() {
        let values = values(
            &[
                ("external-managed-tags", "a, b"),
                ("external-managed-tags", "c"),
                ("domain-filter", "a,b"),
                ("managed-record-types", "TXT"),
            ],
            &[],
        );
        let values = values.expect("all of it can be read");
        assert_eq!(values.list("external-managed-tags"), ["a", "b", "c"]);
        assert_eq!(values.list("domain-filter"), ["a,b"]);
        assert_eq!(values.list("managed-record-types"), ["TXT"], "a default is replaced whole");
    }

    #[test]
    fn what_cannot_be_served_is_refused_and_its_default_is_not() {
        for (name, value, refused) in [
            ("disable-ingress-class-annotation", "0", false),
            ("disable-ingress-class-annotation", "true", true),
            ("min-ttl", "0", false),
            ("min-ttl", "1m", true),
            ("regex-domain-filter", "", false),
            ("regex-domain-filter", "x", true),
            ("pdns-api-key", "k", false),
        ] {
            assert_eq!(values(&[(name, value)], &[]).is_err(), refused, "--{name}={value}");
        }
        let wrong = values(&[], &[("EXTERNAL_DNS_EVENTS", "yes")]).expect_err("no boolean");
        assert!(format!("{wrong:#}").contains("EXTERNAL_DNS_EVENTS"), "{wrong:#}");
    }

    #[test]
    fn secrets_are_not_told() {
        let values = values(&[("pdns-api-key", "hush"), ("policy", "sync")], &[]).expect("it");
        let told = values.told();
        assert_eq!(told["pdns-api-key"], "******");
        assert_eq!(told["policy"], "sync");
    }
}
