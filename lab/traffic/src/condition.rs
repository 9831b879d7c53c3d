//! The conditions of listener rules: in comes a request as the listener sees it, out goes whether a rule
//! applies. Conditions of a rule are ANDed, the values of one condition are ORed (ELBv2 API reference,
//! `RuleCondition`).

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, Method};
use inroad_emulator::elbv2;
use ipnet::IpNet;

use crate::pattern::{Case, Pattern};

/// What conditions look at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Seen<'a> {
    /// Host header or `:authority`, without the port.
    pub(crate) host: &'a str,
    /// As sent, percent-encoding included.
    pub(crate) path: &'a str,
    /// Without the question mark.
    pub(crate) query: &'a str,
    pub(crate) method: &'a Method,
    pub(crate) headers: &'a HeaderMap,
    /// The address that connected; X-Forwarded-For does not count.
    pub(crate) source: IpAddr,
}

/// One compiled condition.
#[derive(Debug, Clone)]
pub(crate) enum Condition {
    Host(Vec<Pattern>),
    Path(Vec<Pattern>),
    Header(Option<HeaderName>, Vec<Pattern>),
    Method(Vec<String>),
    Query(Vec<(Option<Pattern>, Pattern)>),
    Source(Vec<IpNet>),
    /// A field that we do not know: it never applies.
    Unknown,
}

impl Condition {
    /// Compiles a `RuleCondition`; `Unknown` also where the field's own configuration is missing.
    pub(crate) fn compile(condition: &elbv2::Condition) -> Self {
        let compiled = match condition.field.as_str() {
            "host-header" => condition
                .host_header_config
                .as_ref()
                .map(|config| Self::Host(patterns(config, Case::Insensitive))),
            "path-pattern" => condition
                .path_pattern_config
                .as_ref()
                .map(|config| Self::Path(patterns(config, Case::Sensitive))),
            "http-header" => condition.http_header_config.as_ref().map(header),
            "http-request-method" => condition
                .http_request_method_config
                .as_ref()
                .map(|config| Self::Method(config.values.clone())),
            "query-string" => condition.query_string_config.as_ref().map(query),
            "source-ip" => condition.source_ip_config.as_ref().map(|config| {
                Self::Source(config.values.iter().filter_map(|net| net.parse().ok()).collect())
            }),
            _ => None,
        };
        compiled.unwrap_or(Self::Unknown)
    }

    pub(crate) fn applies(&self, seen: &Seen<'_>) -> bool {
        let any = |patterns: &[Pattern], text: &str| patterns.iter().any(|p| p.matches(text));
        match self {
            Self::Host(patterns) => any(patterns, seen.host),
            Self::Path(patterns) => any(patterns, seen.path),
            Self::Header(Some(name), patterns) => seen
                .headers
                .get_all(name)
                .iter()
                .any(|value| any(patterns, &String::from_utf8_lossy(value.as_bytes()))),
            Self::Header(None, _) | Self::Unknown => false,
            Self::Method(methods) => methods.iter().any(|method| method == seen.method.as_str()),
            Self::Query(wanted) => wanted.iter().any(|pair| holds(pair, seen.query)),
            Self::Source(nets) => nets.iter().any(|net| net.contains(&seen.source)),
        }
    }
}

fn header(config: &elbv2::HeaderPatterns) -> Condition {
    let values = config.values.iter().map(|v| Pattern::wildcard(v, Case::Insensitive));
    // A regular expression says itself what it thinks of case.
    let regexes = config.regex_values.iter().map(|v| Pattern::regex(v, Case::Sensitive));
    Condition::Header(config.http_header_name.parse().ok(), values.chain(regexes).collect())
}

fn patterns(config: &elbv2::Patterns, case: Case) -> Vec<Pattern> {
    let wildcards = config.values.iter().map(|value| Pattern::wildcard(value, case));
    let regexes = config.regex_values.iter().map(|value| Pattern::regex(value, case));
    wildcards.chain(regexes).collect()
}

fn query(config: &elbv2::QueryPatterns) -> Condition {
    let compile = |text: &String| Pattern::escaped_wildcard(text, Case::Insensitive);
    let pair = |pair: &elbv2::KeyValue| (pair.key.as_ref().map(compile), compile(&pair.value));
    Condition::Query(config.values.iter().map(pair).collect())
}

/// Without a key, the value may stand anywhere: as a value or as a bare word (`?debug`).
fn holds((key, value): &(Option<Pattern>, Pattern), query: &str) -> bool {
    query.split('&').filter(|part| !part.is_empty()).any(|part| {
        let (name, text) = part.split_once('=').unwrap_or((part, ""));
        match key {
            Some(key) => key.matches(name) && value.matches(text),
            None => value.matches(text) || (!part.contains('=') && value.matches(part)),
        }
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn request<'a>(headers: &'a HeaderMap, method: &'a Method, url: &'a str) -> Seen<'a> {
        let (host, target) = url.split_at(url.find('/').expect("the table writes host/path"));
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Seen { host, path, query, method, headers, source: [10, 1, 2, 3].into() }
    }

    #[test]
    fn conditions_apply_as_the_api_reference_says() {
        let mut headers = HeaderMap::new();
        headers.append("x-team", "Blue".parse().expect("a header value"));
        headers.append("x-team", "Red/7".parse().expect("a header value"));
        let url = "Shop.example.com/Img/a%20b.png?version=V1&flag&star=a*b";
        let seen = request(&headers, &Method::POST, url);
        let table = [
            (host_is(json!({"Values": ["shop.EXAMPLE.com"]})), true),
            (host_is(json!({"Values": ["*.example.com"]})), true),
            (host_is(json!({"Values": ["example.com"]})), false),
            (host_is(json!({"Values": ["a.b", "s?op.*"]})), true),
            (host_is(json!({"RegexValues": ["^sh.p\\."]})), true),
            (host_is(json!({"Values": ["sh.p.example.com"]})), false),
            (path_is(json!({"Values": ["/Img/*"]})), true),
            (path_is(json!({"Values": ["/img/*"]})), false),
            (path_is(json!({"Values": ["/Img"]})), false),
            (path_is(json!({"Values": ["/Img/a%20b.pn?"]})), true),
            (path_is(json!({"Values": ["*version*"]})), false),
            (path_is(json!({"RegexValues": ["^/[A-Z]mg/"]})), true),
            (path_is(json!({"RegexValues": ["^/(img"]})), false),
            (header_is("X-TEAM", json!(["blue"])), true),
            (header_is("x-team", json!(["green", "red/?"])), true),
            (header_is("x-team", json!(["red"])), false),
            (header_is("x-other", json!(["*"])), false),
            (
                json!({"Field": "http-header", "HttpHeaderConfig":
                {"HttpHeaderName": "x-team", "RegexValues": ["^blue"]}}),
                false,
            ),
            (
                json!({"Field": "http-header", "HttpHeaderConfig":
                {"HttpHeaderName": "x-team", "RegexValues": ["^Red/[0-9]$"]}}),
                true,
            ),
            (method_is(json!({"Values": ["GET", "POST"]})), true),
            (method_is(json!({"Values": ["post"]})), false),
            (query_has(json!({"Key": "VERSION", "Value": "v?"})), true),
            (query_has(json!({"Key": "version", "Value": "v2"})), false),
            (query_has(json!({"Value": "v1"})), true),
            (query_has(json!({"Value": "flag"})), true),
            (query_has(json!({"Value": "version"})), false),
            (query_has(json!({"Key": "star", "Value": "a\\*b"})), true),
            (query_has(json!({"Key": "star", "Value": "\\?*"})), false),
            (source_is(json!({"Values": ["10.0.0.0/16", "10.1.0.0/16"]})), true),
            (source_is(json!({"Values": ["10.2.0.0/16", "::/0"]})), false),
            (json!({"Field": "moon-phase", "Values": ["*"]}), false),
        ];
        for (condition, applies) in table {
            let parsed = serde_json::from_value(condition.clone()).expect("a RuleCondition");
            assert_eq!(Condition::compile(&parsed).applies(&seen), applies, "{condition}");
        }
    }

    fn host_is(config: Value) -> Value {
        json!({"Field": "host-header", "HostHeaderConfig": config})
    }

    fn path_is(config: Value) -> Value {
        json!({"Field": "path-pattern", "PathPatternConfig": config})
    }

    fn method_is(config: Value) -> Value {
        json!({"Field": "http-request-method", "HttpRequestMethodConfig": config})
    }

    fn source_is(config: Value) -> Value {
        json!({"Field": "source-ip", "SourceIpConfig": config})
    }

    fn header_is(name: &str, values: Value) -> Value {
        json!({"Field": "http-header", "HttpHeaderConfig": {"HttpHeaderName": name, "Values": values}})
    }

    fn query_has(pair: Value) -> Value {
        json!({"Field": "query-string", "QueryStringConfig": {"Values": [pair]}})
    }
}
