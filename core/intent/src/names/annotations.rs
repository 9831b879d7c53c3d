//! ExternalDNS's annotations on an object. Its prefix changed with v0.22; users have either. Both are read
//! unless the operator names one, and where an object says a thing twice, the newer prefix counts.

use std::collections::BTreeMap;

use inroad_words::{ObjectKey, Origin, Said, controller::DnsSettings, go};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::records;
use crate::model::ClaimTarget;

/// Known prefixes, the one that counts first.
const PREFIXES: [&str; 2] = ["external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"];

/// What ExternalDNS calls itself in the `controller` annotation.
const CONTROLLER: &str = "dns-controller";

/// An object's annotations.
pub(super) struct Annotations<'a> {
    pub(super) object: &'a ObjectKey,
    all: Option<&'a BTreeMap<String, String>>,
    prefixes: Vec<&'a str>,
}

impl<'a> Annotations<'a> {
    pub(super) fn of(object: &'a ObjectKey, meta: &'a ObjectMeta, dns: &'a DnsSettings) -> Self {
        let prefixes = match &dns.annotation_prefix {
            Some(prefix) => vec![prefix.as_str()],
            None => PREFIXES.to_vec(),
        };
        Self { object, all: meta.annotations.as_ref(), prefixes }
    }

    /// The value of an annotation by what follows the prefix.
    pub(super) fn get(&self, suffix: &str) -> Option<Said<String>> {
        let all = self.all?;
        self.prefixes.iter().find_map(|prefix| {
            let key = format!("{prefix}{suffix}");
            let value = all.get(&key)?;
            Some(Said::new(value.clone(), Origin::annotation(self.object, &key)))
        })
    }

    /// Whether no other controller is meant.
    pub(super) fn is_for_us(&self) -> bool {
        self.get("controller").is_none_or(|said| said.value == CONTROLLER)
    }

    /// Where `target` says that names lead, whatever else the object says.
    pub(super) fn target(&self) -> Option<ClaimTarget> {
        let said = self.get("target").map(|said| list(&said.value))?;
        (!said.is_empty()).then(|| records(said.iter().map(String::as_str)))
    }

    /// Provider-specific properties: `alias` (only `true` says anything) and `aws-X` as `aws/X`.
    pub(super) fn properties(&self) -> BTreeMap<String, String> {
        let mut properties = BTreeMap::new();
        // The prefix that counts comes last, so that it overwrites.
        for prefix in self.prefixes.iter().rev() {
            for (key, value) in self.all.into_iter().flatten() {
                if let Some(name) = key.strip_prefix(prefix).and_then(|it| it.strip_prefix("aws-"))
                {
                    properties.insert(format!("aws/{name}"), value.clone());
                }
            }
        }
        if self.get("alias").is_some_and(|said| said.value == "true") {
            properties.insert("alias".into(), "true".into());
        }
        properties
    }
}

/// A comma list; spaces anywhere in it say nothing.
pub(super) fn list(text: &str) -> Vec<String> {
    let text = text.replace(' ', "");
    text.split(',').filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// Whole seconds of a number or of a duration as Go writes it (`1h30m`, `1.5s`); fractions are cut.
pub(super) fn seconds(text: &str) -> Option<u64> {
    text.parse().ok().or_else(|| go::duration(text).map(|it| it.as_secs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_numbers_or_durations_of_go() {
        let cases = [
            ("60", Some(60)),
            ("1h30m", Some(5400)),
            ("59.9s", Some(59)),
            ("300ms", Some(0)),
            ("-5s", None),
            ("abc", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(seconds(text), expected, "{text:?}");
        }
    }
}
