//! Rules of a listener: routes get their priorities here.

use std::collections::BTreeMap;

use inroad_intent::model::{ListenerIntent, Route, RouteAction};
use inroad_words::{
    Field, Origins, ResourceKind, Value,
    balancer::{Action, Rule, Weighted},
};

use super::optimise::optimise;
use crate::{model::Resource, shape::Shaping};

/// Rules of a listener by priority, 1 to n in the order of its routes. Forbidden: any other order, and
/// gaps; priorities are part of what adoption compares.
pub(crate) fn place(
    shaping: &Shaping<'_>,
    port: u16,
    listener: &ListenerIntent,
) -> BTreeMap<(u16, u32), Resource<Rule>> {
    let routes = optimise(port, listener.protocol, &listener.routes);
    (1..).zip(routes).map(|(nth, route)| ((port, nth), rule(shaping, port, nth, route))).collect()
}

/// Resource id of a rule.
pub(crate) fn id(port: u16, priority: u32) -> String {
    format!("{port}:{priority}")
}

fn rule(shaping: &Shaping<'_>, port: u16, priority: u32, route: &Route) -> Resource<Rule> {
    let mut origins = Origins::of(route.origin.clone());
    let spec = Rule {
        listener: shaping.key(ResourceKind::Listener, port.to_string()).output(Field::Arn),
        priority,
        conditions: route.conditions.clone(),
        actions: vec![action(shaping, &route.action)],
        transforms: Vec::new(),
        tags: shaping.tagger().rule(&id(port, priority), &route.tags, &mut origins),
    };
    Resource { spec, origins }
}

/// The API's action for what is asked.
pub(crate) fn action(shaping: &Shaping<'_>, asked: &RouteAction) -> Action {
    match asked {
        RouteAction::Redirect(redirect) => Action::Redirect(redirect.clone()),
        RouteAction::FixedResponse(response) => Action::FixedResponse(response.clone()),
        RouteAction::Forward { backends, stickiness } => {
            let weighted = |(id, weight): &(String, Option<u32>)| Weighted {
                group: group(shaping, id),
                weight: *weight,
            };
            let targets = backends.iter().map(weighted).collect();
            Action::Forward { targets, stickiness: *stickiness }
        }
    }
}

fn group(shaping: &Shaping<'_>, id: &str) -> Value<inroad_words::Arn> {
    shaping.key(ResourceKind::TargetGroup, id).output(Field::Arn)
}
