//! Rules and paths of an Ingress to routes in the order in which they are tried (load-balancers.md
//! 4.7).

use inroad_words::{
    Diagnostic, Origin,
    balancer::{Condition, Patterns},
};
use k8s_openapi::api::networking::v1::{HTTPIngressPath, IngressRule};

use super::{Desk, backend, group::Member, merge::SaidMap};
use crate::{
    codes,
    model::Route,
    settings::{REGEX_PATHS, look},
};

/// The routes of one member. A path that is wrong is left out.
pub(super) fn routes(member: &Member<'_>, tags: &SaidMap, desk: &mut Desk<'_, '_>) -> Vec<Route> {
    let regex = look(&REGEX_PATHS, &[member.annotations()], desk.diagnostics);
    let regex = regex.map(|said| said.is_some_and(|said| said.value)).ok();
    let rules = member.ingress.spec.as_ref().and_then(|spec| spec.rules.as_ref());
    let mut routes = Vec::new();
    for (index, rule) in rules.into_iter().flatten().enumerate() {
        let paths = rule.http.as_ref().map(|http| http.paths.as_slice()).unwrap_or_default();
        for (at, path) in in_order(paths) {
            let origin = Origin::field(&member.key, format!("/spec/rules/{index}/http/paths/{at}"));
            let conditions = conditions(rule, path, regex, &origin, desk);
            // Also for a path that is wrong: the rule that it was may still lead to its backend.
            let action = backend::action(member, &path.backend, &origin, desk);
            if let (Some(conditions), Some(action)) = (conditions, action) {
                let (transforms, tags) = (Vec::new(), tags.clone());
                routes.push(Route { origin, conditions, action, transforms, tags });
            }
        }
    }
    routes
}

/// Exact paths, then prefixes with the longest first, then the rest; each as they were written.
fn in_order(paths: &[HTTPIngressPath]) -> Vec<(usize, &HTTPIngressPath)> {
    let mut paths: Vec<_> = paths.iter().enumerate().collect();
    paths.sort_by_key(|(_, path)| match path.path_type.as_str() {
        "Exact" => (0, 0),
        "Prefix" => (1, usize::MAX - path.path.as_deref().unwrap_or_default().len()),
        _ => (2, 0),
    });
    paths
}

/// The conditions of a path; `None`: they cannot be told. `regex`: whether it may be a regular expression,
/// `None` where that cannot be read.
fn conditions(
    rule: &IngressRule,
    path: &HTTPIngressPath,
    regex: Option<bool>,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Option<Vec<Condition>> {
    let host = rule.host.as_ref().filter(|host| !host.is_empty());
    let host = host.map(|host| Condition::HostHeader(Patterns::values([host.clone()])));
    if regex.is_none() && path.path_type == "ImplementationSpecific" {
        return None;
    }
    let path = match patterns(path, regex == Some(true)) {
        Ok(patterns) => patterns.map(Condition::PathPattern),
        Err(message) => {
            let help =
                "pathTypes are Exact, Prefix and ImplementationSpecific, which has wildcards";
            let error = Diagnostic::error(codes::BAD_PATH, origin.clone(), message);
            desk.diagnostics.push(error.help(help));
            return None;
        }
    };
    let conditions: Vec<_> = host.into_iter().chain(path).collect();
    if conditions.is_empty() {
        return Some(vec![Condition::PathPattern(Patterns::values(["/*".into()]))]);
    }
    Some(conditions)
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
