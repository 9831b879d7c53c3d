//! How ownership of records is written into a zone, byte for byte as ExternalDNS's TXT registry does it
//! (dns.md 5.1). A codec and nothing more: labels to a TXT value and back, a record's name to the name of
//! its TXT record and back.

use std::collections::BTreeMap;

use inroad_words::{controller::DnsSettings, record::RecordType};

/// Stands in an affix for the record type in lower case.
const TYPE: &str = "%{record_type}";

/// Every value begins with it.
const HERITAGE: &str = "heritage=external-dns";

/// What a TXT record says about another record: `owner`, `resource`, and what others may have added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Labels(pub BTreeMap<String, String>);

impl Labels {
    /// The labels of a record that `owner` keeps for `resource` (`ingress/<namespace>/<name>`).
    pub fn new(owner: &str, resource: &str) -> Self {
        let pairs = [("owner", owner), ("resource", resource)];
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect())
    }

    /// Reads a TXT value in presentation form; `None` where it is not of this registry.
    pub fn parse(value: &str) -> Option<Self> {
        let text = value.trim_matches('"');
        let pairs = || text.split(',').filter_map(|token| token.split_once('='));
        if !pairs().any(|(key, value)| key == "heritage" && value == "external-dns") {
            return None;
        }
        let labels = pairs().filter(|(key, _)| key.starts_with("external-dns"));
        let labels = labels
            .map(|(key, value)| (key.strip_prefix("external-dns/").unwrap_or(key), value))
            .map(|(key, value)| (key.to_owned(), value.to_owned()));
        Some(Self(labels.collect()))
    }

    /// The TXT value in presentation form, with its quotes.
    pub fn to_value(&self) -> String {
        let labels = self.0.iter().map(|(key, value)| format!(",external-dns/{key}={value}"));
        format!("\"{HERITAGE}{}\"", labels.collect::<String>())
    }

    /// Whose the record is; `None` where the TXT does not say.
    pub fn owner(&self) -> Option<&str> {
        self.0.get("owner").map(String::as_str)
    }

    /// For which object it is kept; empty where the TXT does not say.
    pub fn resource(&self) -> &str {
        self.0.get("resource").map_or("", String::as_str)
    }
}

/// Names of TXT records, by `--txt-prefix`, `--txt-suffix` and `--txt-wildcard-replacement`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    prefix: String,
    suffix: String,
    wildcard: String,
}

impl Naming {
    /// The naming that the settings ask for. Affixes count in lower case.
    pub fn new(settings: &DnsSettings) -> Self {
        Self {
            prefix: settings.txt_prefix.to_lowercase(),
            suffix: settings.txt_suffix.to_lowercase(),
            wildcard: settings.txt_wildcard_replacement.to_lowercase(),
        }
    }

    /// The name of the TXT record that says whose this record is.
    pub fn to_txt_name(&self, name: &str, record_type: RecordType) -> String {
        self.txt_name(name, &record_type.as_str().to_lowercase())
    }

    /// Where ExternalDNS up to 0.20 marked alias A records: as if they were CNAMEs.
    pub fn to_legacy_alias_name(&self, name: &str) -> String {
        self.to_txt_name(name, RecordType::CNAME)
    }

    fn txt_name(&self, name: &str, kind: &str) -> String {
        let (left, rest) = split(name);
        let left = if left == "*" && !self.wildcard.is_empty() { &self.wildcard } else { left };
        let typed = if self.is_template() { left.to_owned() } else { format!("{kind}-{left}") };
        let (prefix, suffix) = (self.prefix.replace(TYPE, kind), self.suffix.replace(TYPE, kind));
        let rest = rest.map(|rest| format!(".{rest}")).unwrap_or_default();
        format!("{prefix}{typed}{suffix}{rest}")
    }

    /// The record that a TXT record of this name speaks of, and its type; no type where the name is of
    /// the format that spoke of every type at once; `None` where the name lacks the affixes.
    pub fn to_endpoint_name(&self, txt: &str) -> Option<(String, Option<RecordType>)> {
        let txt = txt.to_lowercase();
        if self.is_template() {
            let typed = RecordType::ALL.into_iter().find_map(|record_type| {
                let kind = record_type.as_str().to_lowercase();
                let affixes = (self.prefix.replace(TYPE, &kind), self.suffix.replace(TYPE, &kind));
                strip(&txt, &affixes.0, &affixes.1).map(|name| (name, Some(record_type)))
            });
            if typed.is_some() {
                return typed;
            }
        }
        let (prefix, suffix) = (self.prefix.replace(TYPE, ""), self.suffix.replace(TYPE, ""));
        let name = strip(&txt, &prefix, &suffix)?;
        Some(split_type(&name))
    }

    /// What stands in place of the first label of a wildcard record when its TXT is looked up.
    pub fn looked_up(&self, name: &str) -> String {
        match name.strip_prefix("*.") {
            Some(rest) if !self.wildcard.is_empty() => format!("{}.{rest}", self.wildcard),
            _ => name.to_owned(),
        }
    }

    /// Whether an affix says the record type, so that the name itself does not.
    pub fn is_template(&self) -> bool {
        self.prefix.contains(TYPE) || self.suffix.contains(TYPE)
    }
}

/// The first label of a name that has more than the 63 characters that DNS allows (RFC 1035, 2.3.4): no
/// record can have such a name, an ownership record neither.
pub fn long_label(name: &str) -> Option<&str> {
    name.split('.').find(|label| label.len() > 63)
}

fn split(name: &str) -> (&str, Option<&str>) {
    match name.split_once('.') {
        Some((left, rest)) => (left, Some(rest)),
        None => (name, None),
    }
}

/// Takes the prefix, or else the suffix, off. A suffix stands at the end of the record's first label,
/// and may have dots of its own.
fn strip(txt: &str, prefix: &str, suffix: &str) -> Option<String> {
    if suffix.is_empty() {
        return txt.strip_prefix(prefix).map(str::to_owned);
    }
    if !prefix.is_empty() {
        // The two exclude each other as flags; a zone that was written with both is not read.
        return None;
    }
    let dots = suffix.matches('.').count();
    let end = txt.match_indices('.').nth(dots).map_or(txt.len(), |(at, _)| at);
    let left = txt[..end].strip_suffix(suffix)?;
    Some(format!("{left}{}", &txt[end..]))
}

/// Reads a leading `<type>-`.
fn split_type(name: &str) -> (String, Option<RecordType>) {
    let typed = name.split_once('-').and_then(|(kind, rest)| {
        let known = RecordType::ALL.into_iter().find(|t| t.as_str().to_lowercase() == kind);
        known.map(|record_type| (rest.to_owned(), Some(record_type)))
    });
    typed.unwrap_or_else(|| (name.to_owned(), None))
}

#[cfg(test)]
mod tests;
