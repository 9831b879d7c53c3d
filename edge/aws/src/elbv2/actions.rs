//! Actions, conditions and transforms between the SDK's types and ours, both ways. What AWS answers in
//! more words than it was asked with (a forward's configuration, a redirect's defaults) comes back as
//! it was asked.

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_words::Arn;
use inroad_words::Value;
use inroad_words::balancer::{
    Action, Condition, FixedResponse, Patterns, Redirect, Rewrite, Stickiness, Transform, Weighted,
};

use crate::Error;
use crate::value::known;

/// Actions as AWS tells them after they were asked for: what means nothing is not told.
pub(super) fn as_told(actions: &[Action]) -> Vec<Action> {
    let mut told = actions.to_vec();
    for action in &mut told {
        match action {
            Action::Forward { targets, stickiness } => {
                if let [only] = targets.as_mut_slice() {
                    only.weight = None;
                }
                *stickiness = stickiness.filter(|it| it.enabled);
            }
            Action::Redirect(redirect) => *redirect = without_defaults(redirect.clone()),
            Action::FixedResponse(_) | Action::Foreign(_) => {}
        }
    }
    told
}

/// The actions of a rule or listener in the order in which AWS performs them.
pub(super) fn seen_actions(actions: &[sdk::Action]) -> Vec<Action> {
    let mut ordered: Vec<_> = actions.iter().collect();
    ordered.sort_by_key(|action| action.order().unwrap_or_default());
    ordered.into_iter().map(seen_action).collect()
}

fn seen_action(action: &sdk::Action) -> Action {
    let kind = action.r#type().map(|kind| kind.as_str()).unwrap_or_default();
    let known = match kind {
        "forward" => seen_forward(action),
        "redirect" => {
            action.redirect_config().map(|config| Action::Redirect(seen_redirect(config)))
        }
        "fixed-response" => action.fixed_response_config().map(|config| {
            Action::FixedResponse(FixedResponse {
                content_type: config.content_type().map(str::to_owned),
                message_body: config.message_body().map(str::to_owned),
                status_code: config.status_code().unwrap_or_default().to_owned(),
            })
        }),
        _ => None,
    };
    known.unwrap_or_else(|| Action::Foreign(kind.to_owned()))
}

fn seen_forward(action: &sdk::Action) -> Option<Action> {
    let tuples = action.forward_config().map(|config| config.target_groups()).unwrap_or_default();
    let single = tuples.len() <= 1;
    let mut targets: Vec<_> = tuples
        .iter()
        .filter_map(|tuple| {
            let group = Value::Known(Arn(tuple.target_group_arn()?.to_owned()));
            // One group gets everything, whatever its weight says.
            let weight = if single { None } else { tuple.weight().and_then(|w| w.try_into().ok()) };
            Some(Weighted { group, weight })
        })
        .collect();
    if targets.is_empty() {
        let group = Value::Known(Arn(action.target_group_arn()?.to_owned()));
        targets.push(Weighted { group, weight: None });
    }
    let stickiness = action
        .forward_config()
        .and_then(|config| config.target_group_stickiness_config())
        .filter(|stickiness| stickiness.enabled() == Some(true))
        .map(|stickiness| Stickiness {
            enabled: true,
            seconds: stickiness.duration_seconds().and_then(|seconds| seconds.try_into().ok()),
        });
    Some(Action::Forward { targets, stickiness })
}

fn seen_redirect(config: &sdk::RedirectActionConfig) -> Redirect {
    let text = |value: Option<&str>| value.map(str::to_owned);
    without_defaults(Redirect {
        host: text(config.host()),
        path: text(config.path()),
        port: text(config.port()),
        protocol: text(config.protocol()),
        query: text(config.query()),
        status_code: config.status_code().map(|c| c.as_str().to_owned()).unwrap_or_default(),
    })
}

/// AWS spells out what is kept of the request's URL.
fn without_defaults(redirect: Redirect) -> Redirect {
    let unless = |value: Option<String>, default: &str| value.filter(|value| value != default);
    Redirect {
        host: unless(redirect.host, "#{host}"),
        path: unless(redirect.path, "/#{path}"),
        port: unless(redirect.port, "#{port}"),
        protocol: unless(redirect.protocol, "#{protocol}"),
        query: unless(redirect.query, "#{query}"),
        status_code: redirect.status_code,
    }
}

/// Actions as the API takes them, with their order, as AWS Load Balancer Controller says it.
pub(super) fn ask_actions(actions: &[Action]) -> Result<Vec<sdk::Action>, Error> {
    (1..).zip(actions).map(|(order, action)| ask_action(action, order)).collect()
}

fn ask_action(action: &Action, order: i32) -> Result<sdk::Action, Error> {
    let builder = sdk::Action::builder().order(order);
    Ok(match action {
        Action::Forward { targets, stickiness } => builder
            .r#type(sdk::ActionTypeEnum::Forward)
            .forward_config(ask_forward(targets, *stickiness)?),
        Action::Redirect(redirect) => {
            builder.r#type(sdk::ActionTypeEnum::Redirect).redirect_config(
                sdk::RedirectActionConfig::builder()
                    .set_host(redirect.host.clone())
                    .set_path(redirect.path.clone())
                    .set_port(redirect.port.clone())
                    .set_protocol(redirect.protocol.clone())
                    .set_query(redirect.query.clone())
                    .status_code(redirect.status_code.as_str().into())
                    .build(),
            )
        }
        Action::FixedResponse(fixed) => {
            builder.r#type(sdk::ActionTypeEnum::FixedResponse).fixed_response_config(
                sdk::FixedResponseActionConfig::builder()
                    .set_content_type(fixed.content_type.clone())
                    .set_message_body(fixed.message_body.clone())
                    .status_code(&fixed.status_code)
                    .build(),
            )
        }
        Action::Foreign(kind) => {
            return Err(Error::Unsayable(format!("a {kind} action, which somebody else made")));
        }
    }
    .build())
}

fn ask_forward(
    targets: &[Weighted],
    stickiness: Option<Stickiness>,
) -> Result<sdk::ForwardActionConfig, Error> {
    let mut config = sdk::ForwardActionConfig::builder();
    for target in targets {
        let arn = known(&target.group)?;
        let weight = target.weight.map(number).transpose()?;
        config = config.target_groups(
            sdk::TargetGroupTuple::builder().target_group_arn(&arn.0).set_weight(weight).build(),
        );
    }
    if let Some(Stickiness { enabled, seconds }) = stickiness {
        config = config.target_group_stickiness_config(
            sdk::TargetGroupStickinessConfig::builder()
                .enabled(enabled)
                .set_duration_seconds(seconds.map(number).transpose()?)
                .build(),
        );
    }
    Ok(config.build())
}

/// A number of ours as the API's `Integer`.
pub(super) fn number(value: u32) -> Result<i32, Error> {
    i32::try_from(value).map_err(|_| Error::Unsayable(format!("the number {value}")))
}

/// A condition as we say it; `Foreign` where we have no word for its field.
pub(super) fn seen_condition(condition: &sdk::RuleCondition) -> Condition {
    let field = condition.field().unwrap_or_default();
    known_condition(field, condition).unwrap_or_else(|| Condition::Foreign(field.to_owned()))
}

fn known_condition(field: &str, condition: &sdk::RuleCondition) -> Option<Condition> {
    Some(match field {
        "host-header" => Condition::HostHeader(match condition.host_header_config() {
            Some(config) => patterns(config.values(), config.regex_values()),
            None => patterns(condition.values(), condition.regex_values()),
        }),
        "path-pattern" => Condition::PathPattern(match condition.path_pattern_config() {
            Some(config) => patterns(config.values(), config.regex_values()),
            None => patterns(condition.values(), condition.regex_values()),
        }),
        "http-header" => {
            let config = condition.http_header_config()?;
            Condition::HttpHeader {
                name: config.http_header_name()?.to_owned(),
                patterns: patterns(config.values(), config.regex_values()),
            }
        }
        "http-request-method" => {
            Condition::HttpRequestMethod(condition.http_request_method_config()?.values().to_vec())
        }
        "query-string" => {
            let values = condition.query_string_config()?.values().iter();
            let pair = |pair: &sdk::QueryStringKeyValuePair| {
                (pair.key().map(str::to_owned), pair.value().unwrap_or_default().to_owned())
            };
            Condition::QueryString(values.map(pair).collect())
        }
        "source-ip" => Condition::SourceIp(condition.source_ip_config()?.values().to_vec()),
        _ => return None,
    })
}

fn patterns(values: &[String], regex_values: &[String]) -> Patterns {
    Patterns { values: values.to_vec(), regex_values: regex_values.to_vec() }
}

/// Values that the API wants absent rather than empty.
fn unless_empty(values: &[String]) -> Option<Vec<String>> {
    (!values.is_empty()).then(|| values.to_vec())
}

/// A condition as the API takes it.
pub(super) fn ask_condition(condition: &Condition) -> Result<sdk::RuleCondition, Error> {
    let builder = sdk::RuleCondition::builder().field(condition.field());
    Ok(match condition {
        Condition::HostHeader(patterns) => builder.host_header_config(
            sdk::HostHeaderConditionConfig::builder()
                .set_values(unless_empty(&patterns.values))
                .set_regex_values(unless_empty(&patterns.regex_values))
                .build(),
        ),
        Condition::PathPattern(patterns) => builder.path_pattern_config(
            sdk::PathPatternConditionConfig::builder()
                .set_values(unless_empty(&patterns.values))
                .set_regex_values(unless_empty(&patterns.regex_values))
                .build(),
        ),
        Condition::HttpHeader { name, patterns } => builder.http_header_config(
            sdk::HttpHeaderConditionConfig::builder()
                .http_header_name(name)
                .set_values(unless_empty(&patterns.values))
                .set_regex_values(unless_empty(&patterns.regex_values))
                .build(),
        ),
        Condition::HttpRequestMethod(methods) => builder.http_request_method_config(
            sdk::HttpRequestMethodConditionConfig::builder()
                .set_values(Some(methods.clone()))
                .build(),
        ),
        Condition::QueryString(pairs) => builder.query_string_config(ask_query(pairs)),
        Condition::SourceIp(cidrs) => builder.source_ip_config(
            sdk::SourceIpConditionConfig::builder().set_values(Some(cidrs.clone())).build(),
        ),
        Condition::Foreign(field) => {
            return Err(Error::Unsayable(format!("a {field} condition, which somebody else made")));
        }
    }
    .build())
}

fn ask_query(pairs: &[(Option<String>, String)]) -> sdk::QueryStringConditionConfig {
    let pair = |(key, value): &(Option<String>, String)| {
        sdk::QueryStringKeyValuePair::builder().set_key(key.clone()).value(value).build()
    };
    sdk::QueryStringConditionConfig::builder()
        .set_values(Some(pairs.iter().map(pair).collect()))
        .build()
}

/// A transform as we say it; `Foreign` where we have no word for its type, or it has none of the
/// configuration that goes with it.
pub(super) fn seen_transform(transform: &sdk::RuleTransform) -> Transform {
    let rewrites = |rewrites: &[sdk::RewriteConfig]| {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let one = |it: &sdk::RewriteConfig| Rewrite {
            regex: text(it.regex()),
            replace: text(it.replace()),
        };
        rewrites.iter().map(one).collect()
    };
    let kind = transform.r#type().map(|kind| kind.as_str()).unwrap_or_default();
    let known = match kind {
        "host-header-rewrite" => transform
            .host_header_rewrite_config()
            .map(|config| Transform::HostHeaderRewrite(rewrites(config.rewrites()))),
        "url-rewrite" => transform
            .url_rewrite_config()
            .map(|config| Transform::UrlRewrite(rewrites(config.rewrites()))),
        _ => None,
    };
    known.unwrap_or_else(|| Transform::Foreign(kind.to_owned()))
}

/// Transforms as the API takes them; `None` where there are none.
pub(super) fn ask_transforms(
    transforms: &[Transform],
) -> Result<Option<Vec<sdk::RuleTransform>>, Error> {
    let all: Result<Vec<_>, _> = transforms.iter().map(ask_transform).collect();
    Ok(Some(all?).filter(|all| !all.is_empty()))
}

fn ask_transform(transform: &Transform) -> Result<sdk::RuleTransform, Error> {
    let rewrites = |all: &[Rewrite]| {
        let one = |it: &Rewrite| {
            sdk::RewriteConfig::builder().regex(&it.regex).replace(&it.replace).build()
        };
        Some(all.iter().map(one).collect())
    };
    let builder = sdk::RuleTransform::builder();
    Ok(match transform {
        Transform::HostHeaderRewrite(all) => {
            builder.r#type(sdk::TransformTypeEnum::HostHeaderRewrite).host_header_rewrite_config(
                sdk::HostHeaderRewriteConfig::builder().set_rewrites(rewrites(all)).build(),
            )
        }
        Transform::UrlRewrite(all) => {
            builder.r#type(sdk::TransformTypeEnum::UrlRewrite).url_rewrite_config(
                sdk::UrlRewriteConfig::builder().set_rewrites(rewrites(all)).build(),
            )
        }
        Transform::Foreign(kind) => {
            return Err(Error::Unsayable(format!("a {kind} transform, which somebody else made")));
        }
    }
    .build())
}

#[cfg(test)]
mod tests;
