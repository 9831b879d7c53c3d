//! What `conditions.<name>` and `transforms.<name>` say (load-balancers.md 1.5). In: their JSON. Out:
//! conditions and transforms in the order in which they are written.

use inroad_words::balancer::{Condition, Patterns, Rewrite, Transform};
use ipnet::IpNet;
use serde::Deserialize;

use super::{Fallback, Merge, Row, Scope, Setting, json, no_params};

pub(crate) static CONDITIONS: Setting<Vec<Condition>> = Setting {
    row: Row {
        id: "rule.conditions",
        ingress: "conditions.",
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Rule,
        merge: Merge::PerMember,
        doc: "What a request to the backend <name> must be, as a JSON list: http-header, \
              http-request-method, query-string, source-ip; further host-header and path-pattern.",
    },
    parse: conditions,
    fallback: Fallback::Text("[]"),
    params: no_params,
};

pub(crate) static TRANSFORMS: Setting<Vec<Transform>> = Setting {
    row: Row {
        id: "rule.transforms",
        ingress: "transforms.",
        service: None,
        gateway: None,
        params: None,
        scope: Scope::Rule,
        merge: Merge::PerMember,
        doc: "What is rewritten in a request to the backend <name>, as a JSON list: one \
              host-header-rewrite, one url-rewrite, each with one regex and its replacement.",
    },
    parse: transforms,
    fallback: Fallback::Text("[]"),
    params: no_params,
};

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledCondition {
    field: Option<String>,
    #[serde(rename = "hostheaderconfig")]
    host: Option<SpelledPatterns>,
    #[serde(rename = "pathpatternconfig")]
    path: Option<SpelledPatterns>,
    #[serde(rename = "httpheaderconfig")]
    header: Option<SpelledPatterns>,
    #[serde(rename = "httprequestmethodconfig")]
    method: Option<SpelledPatterns>,
    #[serde(rename = "querystringconfig")]
    query: Option<SpelledQuery>,
    #[serde(rename = "sourceipconfig")]
    source: Option<SpelledPatterns>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledPatterns {
    #[serde(rename = "httpheadername")]
    header: Option<String>,
    values: Option<Vec<String>>,
    #[serde(rename = "regexvalues")]
    regexes: Option<Vec<String>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledQuery {
    values: Option<Vec<SpelledPair>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledPair {
    key: Option<String>,
    value: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledTransform {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(rename = "hostheaderrewriteconfig")]
    host: Option<SpelledRewrites>,
    #[serde(rename = "urlrewriteconfig")]
    url: Option<SpelledRewrites>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledRewrites {
    rewrites: Option<Vec<SpelledRewrite>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct SpelledRewrite {
    regex: Option<String>,
    replace: Option<String>,
}

fn conditions(text: &str) -> Result<Vec<Condition>, String> {
    let said: Option<Vec<SpelledCondition>> = json::read(text)?;
    let said = said.unwrap_or_default().into_iter().enumerate();
    said.map(|(nth, one)| condition(one).map_err(|why| format!("condition {nth}: {why}"))).collect()
}

/// A condition of a field that nobody knows is `Foreign`.
fn condition(said: SpelledCondition) -> Result<Condition, String> {
    let field = said.field.unwrap_or_default();
    let needs = |config: &str| format!("{field} needs {config}");
    Ok(match field.as_str() {
        "host-header" => {
            Condition::HostHeader(patterns(said.host.ok_or_else(|| needs("hostHeaderConfig"))?)?)
        }
        "path-pattern" => {
            Condition::PathPattern(patterns(said.path.ok_or_else(|| needs("pathPatternConfig"))?)?)
        }
        "http-header" => {
            let mut config = said.header.ok_or_else(|| needs("httpHeaderConfig"))?;
            let name = config.header.take().filter(|name| !name.is_empty());
            let name = name.ok_or_else(|| needs("an httpHeaderName"))?;
            Condition::HttpHeader { name, patterns: patterns(config)? }
        }
        "http-request-method" => {
            let config = said.method.ok_or_else(|| needs("httpRequestMethodConfig"))?;
            Condition::HttpRequestMethod(values(config)?)
        }
        "query-string" => {
            query(said.query.ok_or_else(|| needs("queryStringConfig"))?.values.unwrap_or_default())?
        }
        "source-ip" => {
            let blocks = values(said.source.ok_or_else(|| needs("sourceIPConfig"))?)?;
            match blocks.iter().find(|block| block.parse::<IpNet>().is_err()) {
                Some(block) => return Err(format!("{block} is not a CIDR")),
                None => Condition::SourceIp(blocks),
            }
        }
        _ => Condition::Foreign(field),
    })
}

fn patterns(said: SpelledPatterns) -> Result<Patterns, String> {
    let (values, regex_values) =
        (said.values.unwrap_or_default(), said.regexes.unwrap_or_default());
    if values.is_empty() == regex_values.is_empty() {
        return Err("give values or regexValues, one of the two".into());
    }
    Ok(Patterns { values, regex_values })
}

fn values(said: SpelledPatterns) -> Result<Vec<String>, String> {
    let values = said.values.filter(|values| !values.is_empty());
    values.ok_or_else(|| "values are missing".into())
}

fn query(said: Vec<SpelledPair>) -> Result<Condition, String> {
    let pair = |pair: SpelledPair| {
        let value = pair.value.ok_or("each of queryStringConfig's values needs a value")?;
        Ok((pair.key, value))
    };
    let pairs: Vec<_> = said.into_iter().map(pair).collect::<Result<_, String>>()?;
    if pairs.is_empty() {
        Err("values are missing".into())
    } else {
        Ok(Condition::QueryString(pairs))
    }
}

/// AWS takes one transform of each kind, with one rewrite.
fn transforms(text: &str) -> Result<Vec<Transform>, String> {
    let said: Option<Vec<SpelledTransform>> = json::read(text)?;
    let (mut all, mut kinds) = (Vec::new(), Vec::new());
    for one in said.unwrap_or_default() {
        let kind = one.kind.unwrap_or_default();
        let (config, known): (_, fn(_) -> Transform) = match kind.as_str() {
            "host-header-rewrite" => (one.host, Transform::HostHeaderRewrite),
            "url-rewrite" => (one.url, Transform::UrlRewrite),
            other => return Err(format!("there is no transform {other:?}")),
        };
        let config = config.ok_or_else(|| format!("{kind} needs its {}Config", camel(&kind)))?;
        all.push(known(rewrites(config)?));
        if kinds.contains(&kind) {
            return Err(format!("there can be one {kind}"));
        }
        kinds.push(kind);
    }
    Ok(all)
}

fn rewrites(said: SpelledRewrites) -> Result<Vec<Rewrite>, String> {
    let said = said.rewrites.unwrap_or_default();
    if said.len() != 1 {
        return Err(format!("expected one of rewrites, found {}", said.len()));
    }
    let one = |it: SpelledRewrite| {
        let regex = it.regex.filter(|regex| !regex.is_empty()).ok_or("a rewrite needs a regex")?;
        Ok(Rewrite { regex, replace: it.replace.unwrap_or_default() })
    };
    said.into_iter().map(one).collect()
}

/// `url-rewrite` as the API's members begin: `urlRewrite`.
fn camel(kind: &str) -> String {
    let mut words = kind.split('-');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |all, word| all + &word[..1].to_ascii_uppercase() + &word[1..])
}

#[cfg(test)]
mod tests;
