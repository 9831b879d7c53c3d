//! When a rule applies and what it rewrites: the API's `RuleCondition` and `RuleTransform`, checked.

use serde::{Deserialize, Serialize};

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
