//! Actions and conditions in the peer's spelling.

use inroad_words::balancer::{
    Action, Condition, FixedResponse, Patterns, Redirect, Rewrite, Stickiness, Transform, Weighted,
};
use serde_json::{Value as Json, json};

use super::{arn, object};

/// Actions of a rule or of a listener.
pub(super) fn actions(actions: &[Action]) -> Json {
    actions.iter().map(action).collect()
}

/// Conditions of a rule.
pub(super) fn conditions(conditions: &[Condition]) -> Json {
    conditions.iter().map(condition).collect()
}

fn action(action: &Action) -> Json {
    match action {
        Action::Forward { targets, stickiness } => {
            json!({ "type": "forward", "forwardConfig": forward(targets, stickiness.as_ref()) })
        }
        Action::Redirect(config) => {
            json!({ "type": "redirect", "redirectConfig": redirect(config) })
        }
        Action::FixedResponse(config) => {
            json!({ "type": "fixed-response", "fixedResponseConfig": fixed_response(config) })
        }
        Action::Foreign(kind) => json!({ "type": kind }),
    }
}

fn forward(targets: &[Weighted], stickiness: Option<&Stickiness>) -> Json {
    let tuple =
        |it: &Weighted| object([("targetGroupARN", arn(&it.group)), ("weight", json!(it.weight))]);
    let sticky = |it: &Stickiness| {
        object([("enabled", json!(it.enabled)), ("durationSeconds", json!(it.seconds))])
    };
    object([
        ("targetGroups", targets.iter().map(tuple).collect()),
        ("targetGroupStickinessConfig", stickiness.map_or(Json::Null, sticky)),
    ])
}

fn redirect(redirect: &Redirect) -> Json {
    object([
        ("host", json!(redirect.host)),
        ("path", json!(redirect.path)),
        ("port", json!(redirect.port)),
        ("protocol", json!(redirect.protocol)),
        ("query", json!(redirect.query)),
        ("statusCode", json!(redirect.status_code)),
    ])
}

fn fixed_response(response: &FixedResponse) -> Json {
    object([
        ("contentType", json!(response.content_type)),
        ("messageBody", json!(response.message_body)),
        ("statusCode", json!(response.status_code)),
    ])
}

/// Transforms of a rule.
pub(super) fn transforms(transforms: &[Transform]) -> Json {
    transforms.iter().map(transform).collect()
}

fn transform(transform: &Transform) -> Json {
    let one = |it: &Rewrite| json!({ "regex": it.regex, "replace": it.replace });
    let config = |all: &[Rewrite]| json!({ "rewrites": all.iter().map(one).collect::<Json>() });
    match transform {
        Transform::HostHeaderRewrite(all) => {
            json!({ "type": "host-header-rewrite", "hostHeaderRewriteConfig": config(all) })
        }
        Transform::UrlRewrite(all) => {
            json!({ "type": "url-rewrite", "urlRewriteConfig": config(all) })
        }
        Transform::Foreign(kind) => json!({ "type": kind }),
    }
}

fn condition(condition: &Condition) -> Json {
    let (member, config) = match condition {
        Condition::HostHeader(it) => ("hostHeaderConfig", patterns(None, it)),
        Condition::PathPattern(it) => ("pathPatternConfig", patterns(None, it)),
        Condition::HttpHeader { name, patterns: it } => {
            ("httpHeaderConfig", patterns(Some(name), it))
        }
        Condition::HttpRequestMethod(values) => {
            ("httpRequestMethodConfig", json!({ "values": values }))
        }
        Condition::SourceIp(values) => ("sourceIPConfig", json!({ "values": values })),
        Condition::QueryString(values) => {
            let pair = |(key, value): &(Option<String>, String)| {
                object([("key", json!(key)), ("value", json!(value))])
            };
            ("queryStringConfig", json!({ "values": values.iter().map(pair).collect::<Json>() }))
        }
        Condition::Foreign(_) => ("config", Json::Null),
    };
    object([("field", json!(condition.field())), (member, config)])
}

fn patterns(header: Option<&str>, patterns: &Patterns) -> Json {
    object([
        ("httpHeaderName", json!(header)),
        ("values", json!(patterns.values)),
        ("regexValues", json!(patterns.regex_values)),
    ])
}
