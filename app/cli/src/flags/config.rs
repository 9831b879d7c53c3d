//! The file that `--config` names. In: YAML, a mapping whose keys are flags. Out: their values as the command
//! line would give them. Forbidden: keys of its own.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, anyhow, bail};
use saphyr::{LoadableYamlNode, Scalar, Yaml};

use super::{Flag, Kind, all, find, value};

/// Flag -> values.
///
/// # Errors
/// The file cannot be read, is no mapping, or holds a key or a value that there is not.
pub(super) fn read(path: &Path) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    parse(&std::fs::read_to_string(path)?)
}

fn parse(text: &str) -> anyhow::Result<BTreeMap<&'static str, Vec<String>>> {
    let documents = Yaml::load_from_str(text)?;
    let mut said = BTreeMap::new();
    for document in &documents {
        if matches!(document, Yaml::Value(Scalar::Null)) {
            continue;
        }
        let mapping = document.as_mapping().context("it is a mapping of flags to values")?;
        for (key, value) in mapping {
            let key = key.as_str().context("its keys are names of flags")?;
            let flag = flag(key)?;
            let values = values(flag, value).with_context(|| format!("{key}:"))?;
            said.insert(flag.name, values);
        }
    }
    Ok(said)
}

fn flag(key: &str) -> anyhow::Result<&'static Flag> {
    match find(key) {
        Some((_, flag)) if flag.name == "config" => bail!("config: a file cannot name another"),
        Some((_, flag)) => Ok(flag),
        None => {
            let near = |flag: &&Flag| strsim::damerau_levenshtein(flag.name, key);
            let nearest = all().map(|(_, flag)| flag).min_by_key(near);
            let nearest = nearest.map_or("", |flag| flag.name);
            Err(anyhow!("there is no flag {key:?}; the nearest is {nearest:?}"))
        }
    }
}

fn values(flag: &Flag, yaml: &Yaml<'_>) -> anyhow::Result<Vec<String>> {
    let values = match yaml {
        Yaml::Sequence(items) if flag.is_list() => {
            items.iter().map(scalar).collect::<anyhow::Result<Vec<_>>>()?
        }
        Yaml::Mapping(pairs) if flag.kind == Kind::Pairs => {
            let pair = |(key, value)| Ok(format!("{}={}", scalar(key)?, scalar(value)?));
            pairs.iter().map(pair).collect::<anyhow::Result<Vec<_>>>()?
        }
        other => vec![scalar(other)?],
    };
    for text in &values {
        value::check(flag, text).map_err(anyhow::Error::msg).with_context(|| text.clone())?;
    }
    Ok(values)
}

fn scalar(yaml: &Yaml<'_>) -> anyhow::Result<String> {
    match yaml {
        Yaml::Value(Scalar::Null) => Ok(String::new()),
        Yaml::Value(Scalar::Boolean(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::Integer(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::FloatingPoint(value)) => Ok(value.to_string()),
        Yaml::Value(Scalar::String(value)) => Ok(value.to_string()),
        Yaml::Representation(text, ..) => Ok(text.to_string()),
        _ => bail!("it takes one value"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_keys_are_refused_with_the_nearest_name() {
        for (text, told) in [
            ("domain-filters: [a]\n", "domain-filter"),
            ("cluster_name: demo\n", "cluster-name"),
            ("config: other.yaml\n", "cannot name another"),
            ("policy: Sync\n", "sync, upsert-only, create-only"),
            ("interval: [1m]\n", "one value"),
            ("- policy\n", "a mapping"),
            ("policy: {a: b\n", ""),
        ] {
            let error = parse(text).expect_err(text);
            assert!(format!("{error:#}").contains(told), "{text}: {error:#}");
        }
        assert!(parse("# nothing\n").expect("an empty file is one").is_empty());
    }

    #[test]
    fn every_kind_of_value_can_be_written() {
        let text = "enable-waf: false\naws-max-retries: 4\nsync-period: 1h\nsource: [ingress, service]\n\
                    feature-gates: {EnableIPTargetType: true}\nexternal-managed-tags: a,b\npolicy:\n";
        let said = parse(&text.replace("policy:\n", "")).expect("all of it can be read");
        assert_eq!(said["enable-waf"], ["false"]);
        assert_eq!(said["aws-max-retries"], ["4"]);
        assert_eq!(said["source"], ["ingress", "service"]);
        assert_eq!(said["feature-gates"], ["EnableIPTargetType=true"]);
    }
}
