//! Rules of a listener: routes get their priorities here.

use std::collections::BTreeMap;

use inroad_intent::{
    model::{Goal, ListenerIntent, Route, RouteAction},
    split,
};
use inroad_words::{
    Arn, Diagnostic, Field, Origin, Origins, ResourceKind, Value,
    balancer::{Action, Condition, Rule, Weighted},
    facts::Need,
    hold::HoldReason,
};

use super::optimise::optimise;
use crate::{codes, model::Resource, needs::unanswered, shape::Shaping};

/// Why it cannot be told what an action is.
pub(crate) enum Unsaid {
    /// A question has no answer: what is there waits.
    Waits(HoldReason),
    /// A mistake, which is reported: what is deployed for its object stays.
    Mistake,
}

/// Rules of a listener by priority, 1 to n in the order of its routes. What waits is held and keeps its
/// priority. Forbidden: any other order, and gaps; priorities are part of what adoption compares.
pub(crate) fn place(
    shaping: &mut Shaping<'_>,
    port: u16,
    listener: &ListenerIntent,
) -> BTreeMap<(u16, u32), Resource<Rule>> {
    let mut rules = BTreeMap::new();
    let mut nth = 0;
    for route in optimise(port, listener.protocol, &listener.routes) {
        let action = match action(shaping, &route.action, &route.origin) {
            Ok(action) => Ok(action),
            Err(Unsaid::Waits(reason)) => Err(reason),
            Err(Unsaid::Mistake) => continue,
        };
        // What does not fit into any rules was a mistake already.
        for conditions in split(&route.conditions).unwrap_or_default() {
            nth += 1;
            match &action {
                Ok(action) => {
                    let rule = rule(shaping, (port, nth), route, (conditions, action.clone()));
                    rules.insert((port, nth), rule);
                }
                Err(reason) => {
                    let (id, reason) = (id(port, nth), reason.clone());
                    shaping.hold(ResourceKind::Rule, &id, reason, &route.origin);
                }
            }
        }
    }
    rules
}

/// Resource id of a rule.
pub(crate) fn id(port: u16, priority: u32) -> String {
    format!("{port}:{priority}")
}

fn rule(
    shaping: &Shaping<'_>,
    (port, priority): (u16, u32),
    route: &Route,
    (conditions, action): (Vec<Condition>, Action),
) -> Resource<Rule> {
    let mut origins = Origins::of(route.origin.clone());
    let spec = Rule {
        listener: shaping.key(ResourceKind::Listener, port.to_string()).output(Field::Arn),
        priority,
        conditions,
        actions: vec![action],
        transforms: route.transforms.clone(),
        tags: shaping.tagger().rule(&id(port, priority), &route.tags, &mut origins),
    };
    Resource { spec, origins }
}

/// The API's action for what is asked at `origin`.
pub(crate) fn action(
    shaping: &mut Shaping<'_>,
    asked: &RouteAction,
    origin: &Origin,
) -> Result<Action, Unsaid> {
    Ok(match asked {
        RouteAction::Redirect(redirect) => Action::Redirect(redirect.clone()),
        RouteAction::FixedResponse(response) => Action::FixedResponse(response.clone()),
        RouteAction::Forward { targets, stickiness } => {
            let mut weighted = Vec::new();
            for (goal, weight) in targets {
                let group = group(shaping, goal, origin)?;
                weighted.push(Weighted { group, weight: *weight });
            }
            Action::Forward { targets: weighted, stickiness: *stickiness }
        }
    })
}

fn group(shaping: &mut Shaping<'_>, goal: &Goal, origin: &Origin) -> Result<Value<Arn>, Unsaid> {
    let name = match goal {
        Goal::Backend(id) => {
            return Ok(shaping.key(ResourceKind::TargetGroup, id).output(Field::Arn));
        }
        Goal::Arn(arn) => return Ok(Value::Known(Arn(arn.clone()))),
        Goal::Name(name) => name,
    };
    if let Some(arn) = shaping.facts.target_groups.get(name) {
        return Ok(Value::Known(Arn(arn.clone())));
    }
    let about = |need: &Need| matches!(need, Need::TargetGroups(asked) if asked.contains(name));
    if let Some(reason) = unanswered(shaping.facts, about) {
        return Err(Unsaid::Waits(reason));
    }
    let message = format!("there is no target group {name}");
    let unknown = Diagnostic::error(codes::TARGET_GROUP_UNKNOWN, origin.clone(), message);
    shaping.blame(unknown.help("name one of the load balancer's account and region"));
    Err(Unsaid::Mistake)
}
