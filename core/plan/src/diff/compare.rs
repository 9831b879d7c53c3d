//! When two listeners or rules do the same, whatever they look like (load-balancers.md 8.5).

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::balancer::{
    Action, Condition, FixedResponse, Redirect, Rule, Stickiness, Transform, Weighted,
};

/// The entries of `want` that `have` lacks or has otherwise.
pub(super) fn missing(
    want: &BTreeMap<String, String>,
    have: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let differs = |(key, value): &(&String, &String)| have.get(*key) != Some(*value);
    want.iter().filter(differs).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// Whether a rule does what is wanted; its priority and tags are another matter.
pub(super) fn same_content(want: &Rule, have: &Rule) -> bool {
    same_conditions(&want.conditions, &have.conditions)
        && same_actions(&want.actions, &have.actions)
        && same_transforms(&want.transforms, &have.transforms)
}

/// Conditions in any order of fields; the order of a condition's values counts.
pub(super) fn same_conditions(want: &[Condition], have: &[Condition]) -> bool {
    let sorted = |conditions: &[Condition]| {
        let mut all: Vec<Condition> = conditions.iter().map(plain).collect();
        all.sort_by(|a, b| a.field().cmp(b.field()));
        all
    };
    sorted(want) == sorted(have)
}

/// Host names and header names know no case (RFC 9110 4.2.3 and 5.1).
fn plain(condition: &Condition) -> Condition {
    let mut plain = condition.clone();
    match &mut plain {
        Condition::HostHeader(hosts) => {
            hosts.values.iter_mut().for_each(|host| host.make_ascii_lowercase());
        }
        Condition::HttpHeader { name, .. } => name.make_ascii_lowercase(),
        _ => {}
    }
    plain
}

/// Whether actions do what is wanted, in the same order.
pub(super) fn same_actions(want: &[Action], have: &[Action]) -> bool {
    want.len() == have.len() && want.iter().zip(have).all(|(want, have)| same_action(want, have))
}

fn same_action(want: &Action, have: &Action) -> bool {
    match (want, have) {
        (
            Action::Forward { targets, stickiness },
            Action::Forward { targets: have_targets, stickiness: have_stickiness },
        ) => {
            sticks_enough(*stickiness, *have_stickiness)
                && weighed(targets) == weighed(have_targets)
        }
        (Action::Redirect(want), Action::Redirect(have)) => spelled_out(want) == spelled_out(have),
        (Action::FixedResponse(want), Action::FixedResponse(have)) => filled(want) == filled(have),
        _ => want == have,
    }
}

/// Stickiness that nobody asked for is left as it is; the time of one that is off means nothing.
fn sticks_enough(want: Option<Stickiness>, have: Option<Stickiness>) -> bool {
    match (want, have.filter(|it| it.enabled)) {
        (None, _) => true,
        (Some(want), None) => !want.enabled,
        (Some(want), Some(have)) => {
            want.enabled && (want.seconds.is_none() || want.seconds == have.seconds)
        }
    }
}

/// Transforms in any order: there is at most one of each kind.
pub(super) fn same_transforms(want: &[Transform], have: &[Transform]) -> bool {
    let all = |transforms: &[Transform]| transforms.iter().cloned().collect::<BTreeSet<_>>();
    all(want) == all(have)
}

/// Groups by ARN; the weight of an only group means nothing.
fn weighed(targets: &[Weighted]) -> Vec<Weighted> {
    let mut all = targets.to_vec();
    if let [only] = all.as_mut_slice() {
        only.weight = None;
    }
    all.sort();
    all
}

/// The redirect with its defaults written down.
fn spelled_out(redirect: &Redirect) -> Redirect {
    let or = |part: &Option<String>, default: &str| {
        Some(part.clone().unwrap_or_else(|| default.to_owned()))
    };
    Redirect {
        host: or(&redirect.host, "#{host}"),
        path: or(&redirect.path, "/#{path}"),
        port: or(&redirect.port, "#{port}"),
        protocol: or(&redirect.protocol, "#{protocol}"),
        query: or(&redirect.query, "#{query}"),
        status_code: redirect.status_code.clone(),
    }
}

/// Nothing and the empty text are the same body.
fn filled(answer: &FixedResponse) -> FixedResponse {
    let or_empty = |part: &Option<String>| Some(part.clone().unwrap_or_default());
    FixedResponse {
        content_type: or_empty(&answer.content_type),
        message_body: or_empty(&answer.message_body),
        status_code: answer.status_code.clone(),
    }
}
