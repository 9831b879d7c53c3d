//! Takes out routes that can never matter because of a redirect. In and out: routes of one listener, in
//! order. The classic redirect of everything to HTTPS on a group with both listeners lives from this.

use std::collections::BTreeSet;

use inroad_intent::model::{Route, RouteAction};
use inroad_words::balancer::{Condition, ListenerProtocol, Patterns, Redirect};

/// The path pattern that every request matches.
const ANY_PATH: &str = "/*";

/// Routes without redirects that lead back to themselves, and without what an earlier redirect shadows.
pub(crate) fn optimise(port: u16, protocol: ListenerProtocol, routes: &[Route]) -> Vec<&Route> {
    let mut kept: Vec<&Route> = Vec::new();
    for route in routes {
        if !loops(port, protocol, route) && !kept.iter().any(|earlier| shadows(earlier, route)) {
            kept.push(route);
        }
    }
    kept
}

/// Whether a redirect asks for the URL that it answers. Rules with regular expressions for a path are
/// left alone: what they match cannot be compared.
fn loops(port: u16, protocol: ListenerProtocol, route: &Route) -> bool {
    let RouteAction::Redirect(redirect) = &route.action else { return false };
    let Redirect { host, path, port: to_port, protocol: to_protocol, query, .. } = redirect;
    let (hosts, paths) = (Matched::hosts(&route.conditions), Matched::paths(&route.conditions));
    let keeps = |part: &Option<String>, whole: &str, own: &dyn Fn(&str) -> bool| {
        part.as_deref().is_none_or(|part| part == whole || own(part))
    };
    !paths.has_regex()
        && keeps(host, "#{host}", &|it| hosts.has_value(it))
        && keeps(path, "/#{path}", &|it| paths.has_value(it))
        && keeps(to_port, "#{port}", &|it| it == port.to_string())
        && keeps(to_protocol, "#{protocol}", &|it| it == protocol.as_str())
        && keeps(query, "#{query}", &|_| false)
}

/// Whether every request of the later route is answered by the earlier one, a redirect.
fn shadows(earlier: &Route, later: &Route) -> bool {
    let comparable = earlier
        .conditions
        .iter()
        .all(|it| matches!(it, Condition::HostHeader(_) | Condition::PathPattern(_)));
    comparable
        && matches!(earlier.action, RouteAction::Redirect(_))
        && Matched::hosts(&earlier.conditions).covers(&Matched::hosts(&later.conditions))
        && Matched::paths(&earlier.conditions).covers(&Matched::paths(&later.conditions))
}

/// What a rule asks of one part of the request. Nothing at all: whatever it is.
struct Matched<'a>(BTreeSet<Pattern<'a>>);

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Pattern<'a> {
    Value(&'a str),
    Regex(&'a str),
}

impl<'a> Matched<'a> {
    fn hosts(conditions: &'a [Condition]) -> Self {
        Self::of(conditions.iter().filter_map(|condition| match condition {
            Condition::HostHeader(patterns) => Some(patterns),
            _ => None,
        }))
    }

    fn paths(conditions: &'a [Condition]) -> Self {
        Self::of(conditions.iter().filter_map(|condition| match condition {
            Condition::PathPattern(patterns) => Some(patterns),
            _ => None,
        }))
    }

    fn of(patterns: impl Iterator<Item = &'a Patterns>) -> Self {
        let values = |patterns: &'a Patterns| {
            let regexes = patterns.regex_values.iter().map(|it| Pattern::Regex(it));
            patterns.values.iter().map(|it| Pattern::Value(it)).chain(regexes)
        };
        Self(patterns.flat_map(values).collect())
    }

    fn has_value(&self, value: &str) -> bool {
        self.0.contains(&Pattern::Value(value))
    }

    fn has_regex(&self) -> bool {
        self.0.iter().any(|pattern| matches!(pattern, Pattern::Regex(_)))
    }

    /// Compared as written: a wildcard covers only itself, but for the path that covers all.
    fn covers(&self, other: &Self) -> bool {
        self.0.is_empty()
            || self.has_value(ANY_PATH)
            || (!other.0.is_empty() && other.0.is_subset(&self.0))
    }
}

#[cfg(test)]
mod tests;
