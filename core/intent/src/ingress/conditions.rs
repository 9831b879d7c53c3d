//! When a path's rule applies: its host and path, and what the annotation for its backend adds
//! (load-balancers.md 4.7). In: a path. Out: conditions in the order in which they are sent. Conditions on
//! hosts and on paths become one each, whose alternatives are those of the path and of the annotation.

use inroad_words::{
    Diagnostic, Origin, Said,
    balancer::{Condition, Patterns},
};
use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressRule};

use super::{Desk, group::Member, rules::said_for};
use crate::{codes, settings::CONDITIONS, split::split};

/// A path and what is needed to read it.
pub(super) struct Asked<'a, 'w> {
    pub(super) member: &'a Member<'w>,
    pub(super) rule: &'a IngressRule,
    pub(super) path: &'a HTTPIngressPath,
    /// Whether paths of type ImplementationSpecific are regular expressions; `None`: that cannot be
    /// read.
    pub(super) regex: Option<bool>,
    pub(super) origin: &'a Origin,
}

/// The conditions of a path, never none; `None`: a Diagnostic tells why they cannot be said.
pub(super) fn read(asked: &Asked<'_, '_>, desk: &mut Desk<'_, '_>) -> Option<Vec<Condition>> {
    let Asked { member, rule, path, regex, origin } = asked;
    let more = said_for(&CONDITIONS, member, path, desk).ok()?;
    if regex.is_none() && path.path_type == "ImplementationSpecific" {
        return None;
    }
    let mut hosts = Patterns::values(rule.host.iter().filter(|host| !host.is_empty()).cloned());
    let mut paths = match patterns(path, *regex == Some(true)) {
        Ok(patterns) => patterns.unwrap_or_default(),
        Err(message) => {
            let help =
                "pathTypes are Exact, Prefix and ImplementationSpecific, which has wildcards";
            let error = Diagnostic::error(codes::BAD_PATH, (*origin).clone(), message);
            desk.diagnostics.push(error.help(help));
            return None;
        }
    };
    let others = merge(more, (&mut hosts, &mut paths), desk);
    match together(others, hosts, paths) {
        Ok(conditions) => Some(conditions),
        Err((message, help)) => {
            let error = Diagnostic::error(codes::BAD_CONDITIONS, (*origin).clone(), message);
            desk.diagnostics.push(error.help(help));
            None
        }
    }
}

/// Adds an annotation's alternatives to those of hosts and paths; what comes back are its other
/// conditions. One of a field that nobody knows is passed over, as the peer does.
fn merge(
    said: Option<Said<Vec<Condition>>>,
    (hosts, paths): (&mut Patterns, &mut Patterns),
    desk: &mut Desk<'_, '_>,
) -> Vec<Condition> {
    let Some(Said { value, origin }) = said else { return Vec::new() };
    let mut others = Vec::new();
    let add = |all: &mut Patterns, more: Patterns| {
        all.values.extend(more.values);
        all.regex_values.extend(more.regex_values);
    };
    for condition in value {
        match condition {
            Condition::HostHeader(more) => add(hosts, more),
            Condition::PathPattern(more) => add(paths, more),
            Condition::Foreign(field) => {
                let message = format!("there is no condition {field:?}; it has no effect");
                let warning =
                    Diagnostic::warning(codes::UNKNOWN_CONDITION, origin.clone(), message);
                let known = "host-header, path-pattern, http-header, http-request-method, \
                             query-string and source-ip";
                desk.diagnostics.push(warning.help(format!("there are {known}")));
            }
            other => others.push(other),
        }
    }
    others
}

/// All conditions of a rule; the error is a message and its help.
fn together(
    mut all: Vec<Condition>,
    hosts: Patterns,
    paths: Patterns,
) -> Result<Vec<Condition>, (String, &'static str)> {
    for (what, patterns) in [("host", &hosts), ("path", &paths)] {
        if !patterns.values.is_empty() && !patterns.regex_values.is_empty() {
            let message = format!(
                "its {what} is to match values ({}) and regular expressions ({}) at once",
                patterns.values.join(", "),
                patterns.regex_values.join(", ")
            );
            return Err((message, "write all of them as values, or all as regular expressions"));
        }
    }
    for field in ["http-request-method", "source-ip"] {
        if all.iter().filter(|it| it.field() == field).count() > 1 {
            let message = format!("it has more than one condition {field}");
            return Err((message, "a rule can have one; put the values into it"));
        }
    }
    let some = |it: &Patterns| *it != Patterns::default();
    all.extend(Some(hosts).filter(some).map(Condition::HostHeader));
    all.extend(Some(paths).filter(some).map(Condition::PathPattern));
    if all.is_empty() {
        all.push(Condition::PathPattern(Patterns::values(["/*".into()])));
    }
    if split(&all).is_none() {
        let message = "its conditions have more values or wildcards than rules can hold".to_owned();
        return Err((message, "a rule takes 5 values and 6 wildcards in all its conditions"));
    }
    Ok(all)
}

/// What a path matches; `None`: everything.
fn patterns(path: &HTTPIngressPath, regex: bool) -> Result<Option<Patterns>, String> {
    let text = path.path.as_deref().unwrap_or_default();
    let kind = path.path_type.as_str();
    if !matches!(kind, "Exact" | "Prefix" | "ImplementationSpecific" | "") {
        return Err(format!("there is no pathType {kind}"));
    }
    if text.is_empty() {
        return Ok(None);
    }
    if matches!(kind, "Exact" | "Prefix") && text.contains(['*', '?']) {
        return Err(format!("{kind} paths cannot have wildcards: {text}"));
    }
    Ok(Some(match kind {
        "Prefix" if text == "/" => Patterns::values(["/*".into()]),
        "Prefix" => {
            let stem = text.strip_suffix('/').unwrap_or(text);
            Patterns::values([stem.into(), format!("{stem}/*")])
        }
        "Exact" => Patterns::values([text.into()]),
        _ if regex => Patterns {
            values: Vec::new(),
            regex_values: vec![text.strip_prefix('/').unwrap_or(text).into()],
        },
        _ => Patterns::values([text.into()]),
    }))
}
