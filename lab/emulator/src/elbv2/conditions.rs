//! When a rule applies and what it rewrites: the API's `RuleCondition` and `RuleTransform`, checked.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::answer::invalid;
use crate::{Fault, Quotas};

/// `RuleCondition` of the API. After a rule is stored, the configuration of its field is always there,
/// also where the caller used the short form with `Values`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Condition {
    /// `host-header`, `path-pattern`, `http-header`, `http-request-method`, `query-string` or `source-ip`.
    pub field: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex_values: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host_header_config: Option<Patterns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_pattern_config: Option<Patterns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_header_config: Option<HeaderPatterns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub query_string_config: Option<QueryPatterns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_request_method_config: Option<Patterns>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source_ip_config: Option<Patterns>,
}

/// Values with wildcards (`*`, `?`), or regular expressions; any one of them is enough.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Patterns {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex_values: Vec<String>,
}

/// `HttpHeaderConditionConfig`: the same for one header, whose name is compared without case.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct HeaderPatterns {
    pub http_header_name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regex_values: Vec<String>,
}

/// `QueryStringConditionConfig`.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct QueryPatterns {
    pub values: Vec<KeyValue>,
}

/// A query parameter; without a key, any parameter with the value.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct KeyValue {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    pub value: String,
}

/// `RuleTransform` of the API.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Transform {
    /// `host-header-rewrite` or `url-rewrite`.
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host_header_rewrite_config: Option<Rewrites>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url_rewrite_config: Option<Rewrites>,
}

/// The rewrites of one transform.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub struct Rewrites {
    pub rewrites: Vec<Rewrite>,
}

/// A regular expression and what takes the place of its match (`$1` for groups).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Rewrite {
    pub regex: String,
    pub replace: String,
}

/// The fields that a rule can test only once (ALB guide, "Rule conditions").
const ONCE: [&str; 4] = ["host-header", "path-pattern", "http-request-method", "source-ip"];
/// Characters of a path pattern besides letters and digits (API `RuleCondition`).
const PATH: &str = "_-.$/~\"'@:+&*?";
/// Characters of a header name besides letters and digits (RFC 9110, token).
const TOKEN: &str = "!#$%&'*+-.^_`|~";

/// The conditions as they are stored: the long form beside the short one.
pub(super) fn check(quotas: &Quotas, given: Vec<Condition>) -> Result<Vec<Condition>, Fault> {
    if given.is_empty() {
        return Err(invalid("A condition must be specified"));
    }
    let mut seen = BTreeSet::new();
    let mut checked = Vec::new();
    for mut condition in given {
        if ONCE.contains(&condition.field.as_str()) && !seen.insert(condition.field.clone()) {
            let message = format!("A rule can have only one '{}' condition", condition.field);
            return Err(invalid(message));
        }
        condition.complete()?;
        condition.check_values()?;
        checked.push(condition);
    }
    let texts: Vec<&str> = checked.iter().flat_map(Condition::texts).collect();
    if texts.len() > quotas.condition_values_per_rule {
        let limit = quotas.condition_values_per_rule;
        return Err(invalid(format!("A rule can only have '{limit}' condition values")));
    }
    let values = checked.iter().flat_map(Condition::values);
    let wildcards = values.flat_map(str::chars).filter(|c| "*?".contains(*c));
    if wildcards.count() > quotas.condition_wildcards_per_rule {
        let limit = quotas.condition_wildcards_per_rule;
        return Err(invalid(format!("A rule can only have '{limit}' condition wildcards")));
    }
    Ok(checked)
}

/// The transforms as they are stored: at most one of each type, each with one rewrite.
pub(super) fn check_transforms(given: Vec<Transform>) -> Result<Vec<Transform>, Fault> {
    let mut seen = BTreeSet::new();
    for transform in &given {
        let rewrites = match transform.kind.as_str() {
            "host-header-rewrite" => &transform.host_header_rewrite_config,
            "url-rewrite" => &transform.url_rewrite_config,
            other => return Err(invalid(format!("'{other}' is not a transform type"))),
        };
        let one = rewrites.as_ref().is_some_and(|config| config.rewrites.len() == 1);
        if !one || !seen.insert(&transform.kind) {
            let message = format!("A rule can have one '{}' with one rewrite", transform.kind);
            return Err(invalid(message));
        }
    }
    Ok(given)
}

impl Condition {
    /// The patterns of the field, whichever of the long forms holds them.
    fn patterns(&self) -> Option<(&[String], &[String])> {
        let plain = match self.field.as_str() {
            "host-header" => &self.host_header_config,
            "path-pattern" => &self.path_pattern_config,
            "http-request-method" => &self.http_request_method_config,
            "source-ip" => &self.source_ip_config,
            _ => {
                let header = self.http_header_config.as_ref()?;
                return Some((&header.values, &header.regex_values));
            }
        };
        plain.as_ref().map(|patterns| (&patterns.values[..], &patterns.regex_values[..]))
    }

    /// Every value, regular expressions and query parameters included.
    fn texts(&self) -> Vec<&str> {
        let (_, regexes) = self.patterns().unwrap_or_default();
        self.values().chain(regexes.iter().map(String::as_str)).collect()
    }

    /// The values in which `*` and `?` are wildcards.
    fn values(&self) -> impl Iterator<Item = &str> {
        let (values, _) = self.patterns().unwrap_or_default();
        let pairs = self.query_string_config.iter().flat_map(|config| &config.values);
        values.iter().map(String::as_str).chain(pairs.map(|pair| pair.value.as_str()))
    }

    /// Gives a condition that was stored elsewhere both forms.
    pub(super) fn restore(&mut self) -> Result<(), Fault> {
        let long = self.host_header_config.is_some() || self.path_pattern_config.is_some();
        if long {
            self.values.clear();
            self.regex_values.clear();
        }
        self.complete()
    }

    /// Short form to long form; for hosts and paths the short form stays beside it, as AWS answers.
    fn complete(&mut self) -> Result<(), Fault> {
        let short = Patterns {
            values: std::mem::take(&mut self.values),
            regex_values: std::mem::take(&mut self.regex_values),
        };
        let short = (short != Patterns::default()).then_some(short);
        let config = match self.field.as_str() {
            "host-header" => &mut self.host_header_config,
            "path-pattern" => &mut self.path_pattern_config,
            "http-header" | "http-request-method" | "query-string" | "source-ip" => {
                return match short {
                    Some(_) => Err(invalid(format!("'{}' takes its own config", self.field))),
                    None => Ok(()),
                };
            }
            other => return Err(invalid(format!("Condition field '{other}' is not valid"))),
        };
        if config.is_some() && short.is_some() {
            return Err(invalid("Give condition values in one form only"));
        }
        *config = config.take().or(short);
        self.values = config.as_ref().map(|patterns| patterns.values.clone()).unwrap_or_default();
        Ok(())
    }

    fn check_values(&self) -> Result<(), Fault> {
        let texts = self.texts();
        let long = texts.iter().any(|text| text.len() > 128);
        if texts.is_empty() || long {
            let message = format!("A '{}' condition needs values of 1 to 128", self.field);
            return Err(invalid(message + " characters"));
        }
        if let Some(header) = &self.http_header_config {
            let name = &header.http_header_name;
            let token = name.chars().all(|c| c.is_ascii_alphanumeric() || TOKEN.contains(c));
            if name.is_empty() || name.len() > 40 || !token || name.eq_ignore_ascii_case("host") {
                return Err(invalid(format!("'{name}' is not a header to test")));
            }
        }
        let (values, _) = self.patterns().unwrap_or_default();
        let legal: fn(&str) -> bool = match self.field.as_str() {
            "host-header" => is_host,
            "path-pattern" => {
                |path| path.chars().all(|c| c.is_ascii_alphanumeric() || PATH.contains(c))
            }
            "http-request-method" => |method| {
                method.len() <= 40
                    && method.chars().all(|c| c.is_ascii_uppercase() || "-_".contains(c))
            },
            "source-ip" => |block| block.contains('/') && block.parse::<ipnet::IpNet>().is_ok(),
            _ => |_| true,
        };
        match values.iter().find(|value| !legal(value)) {
            Some(value) => Err(invalid(format!("'{value}' is not a valid {} value", self.field))),
            None => Ok(()),
        }
    }
}

/// Letters, digits, `-`, `.` and wildcards, at least one dot, and only letters after the last one.
fn is_host(host: &str) -> bool {
    let legal = host.chars().all(|c| c.is_ascii_alphanumeric() || "-.*?".contains(c));
    let last = host.rsplit_once('.').map(|(_, last)| last);
    legal && last.is_some_and(|last| last.chars().all(|c| c.is_ascii_alphabetic()))
}
