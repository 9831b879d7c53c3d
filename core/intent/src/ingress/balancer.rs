//! What the members of a stack ask of their load balancer as a whole.

use std::collections::BTreeSet;

use inroad_words::{Diagnostic, Origin, Said, balancer::Scheme};

use super::{
    Desk,
    group::{self, Member},
    listeners,
    merge::{Agreed, SaidMap, agree, exclusive, fill, spread, unite},
    rules, tags,
};
use crate::{
    codes,
    model::{BalancerIntent, RouteAction, SecurityIntent, StackIntent, SubnetChoice},
    settings::{
        IP_ADDRESS_TYPE, LOAD_BALANCER_ATTRIBUTES, LOAD_BALANCER_NAME, Layer, MANAGE_BACKEND_RULES,
        SCHEME, SECURITY_GROUPS, SUBNETS, look,
    },
};

/// Fills in the load balancer and its backends. Nothing where there are no members.
pub(super) fn compile(mut desk: Desk<'_, '_>, members: &[Member<'_>], intent: &mut StackIntent) {
    let Some(first) = members.first() else { return };
    let all: Vec<&Member<'_>> = members.iter().collect();
    let desk = &mut desk;
    let scheme = scheme(&all, desk, intent);
    let name = exclusive(&LOAD_BALANCER_NAME, &all, desk.diagnostics).said;
    let ip_address_type = exclusive(&IP_ADDRESS_TYPE, &all, desk.diagnostics).said;
    let ip_address_type = ip_address_type.unwrap_or_else(|| IP_ADDRESS_TYPE.default(desk.settings));
    desk.has_ipv6 = ip_address_type.value.has_ipv6();

    let subnets = agree(&SUBNETS, &all, same_subnets, desk.diagnostics).said;
    let own_tags: Vec<SaidMap> = members.iter().map(|member| tags(member, desk)).collect();
    let mut tags = SaidMap::new();
    for own in &own_tags {
        unite(&mut tags, own.clone(), "the tag", desk.diagnostics);
    }
    let routes: Vec<_> = members
        .iter()
        .zip(&own_tags)
        .map(|(member, tags)| rules::routes(member, tags, desk))
        .collect();
    let parts = listeners::Parts { members, tags: &own_tags, routes: &routes };
    let listeners = listeners::compile(&parts, desk, intent);
    intent.balancer = Some(BalancerIntent {
        origin: Origin::field(&first.key, ""),
        name,
        scheme,
        ip_address_type,
        subnets: subnets.unwrap_or_else(|| Said::default_value(SubnetChoice::Discover)),
        security: security(&all, desk),
        attributes: attributes(&all, desk),
        tags,
        listeners,
    });
    intent.backends = std::mem::take(&mut desk.backends);
    if intent.held.is_none() {
        drop_unused(intent);
    }
}

/// A backend that no listener leads to (its port was lost, or is redirected) needs no target group.
fn drop_unused(intent: &mut StackIntent) {
    let listeners = intent.balancer.iter().flat_map(|balancer| balancer.listeners.values());
    let actions = listeners.flat_map(|listener| {
        listener.routes.iter().map(|route| &route.action).chain([&listener.default.value])
    });
    let used: BTreeSet<String> = actions
        .flat_map(|action| match action {
            RouteAction::Forward { backends, .. } => backends.as_slice(),
            _ => &[],
        })
        .map(|(id, _)| id.clone())
        .collect();
    intent.backends.retain(|id, _| used.contains(id));
}

/// A scheme that nobody says readably must not become the default: that would replace the load
/// balancer, or show it to the world.
fn scheme(all: &[&Member<'_>], desk: &mut Desk<'_, '_>, intent: &mut StackIntent) -> Said<Scheme> {
    let Agreed { said, unreadable } = exclusive(&SCHEME, all, desk.diagnostics);
    if let (None, Some(unreadable)) = (&said, unreadable) {
        let diagnostic = Diagnostic::error(codes::BAD_VALUE, unreadable.0, "");
        intent.held = Some(group::hold(&intent.key, &diagnostic));
    }
    said.unwrap_or_else(|| SCHEME.default(desk.settings))
}

/// Named subnets are the same in any order.
fn same_subnets(a: &SubnetChoice, b: &SubnetChoice) -> bool {
    match (a, b) {
        (SubnetChoice::Named(a), SubnetChoice::Named(b)) => {
            let sorted = |names: &[String]| {
                let mut names = names.to_vec();
                names.sort();
                names
            };
            sorted(a) == sorted(b)
        }
        _ => a == b,
    }
}

fn security(all: &[&Member<'_>], desk: &mut Desk<'_, '_>) -> SecurityIntent {
    let groups = exclusive(&SECURITY_GROUPS, all, desk.diagnostics).said;
    let Some(groups) = groups.filter(|groups| !groups.value.is_empty()) else {
        return SecurityIntent::Managed;
    };
    let manage = exclusive(&MANAGE_BACKEND_RULES, all, desk.diagnostics).said;
    let mut manage = manage.unwrap_or_else(|| MANAGE_BACKEND_RULES.default(desk.settings));
    if manage.value && !desk.settings.switches.backend_security_group {
        let message = "backend rules need the shared backend security group, which is switched off";
        desk.diagnostics.push(
            Diagnostic::error(codes::NO_BACKEND_GROUP, manage.origin.clone(), message)
                .help("see --enable-backend-security-group"),
        );
        manage.value = false;
    }
    SecurityIntent::Given { groups, manage_backend_rules: manage }
}

/// What the first member's class says wins key by key; the members' annotations are united under
/// it.
fn attributes(all: &[&Member<'_>], desk: &mut Desk<'_, '_>) -> SaidMap {
    let mut read = |layer: Layer<'_>| {
        let said = look(&LOAD_BALANCER_ATTRIBUTES, &[layer], desk.diagnostics);
        said.unwrap_or_default().map(spread).unwrap_or_default()
    };
    let params = all.first().and_then(|first| first.params.as_ref());
    let mut attributes =
        params.map(|(key, p)| read(Layer::Params(key, &p.spec))).unwrap_or_default();
    let annotated: Vec<SaidMap> = all.iter().map(|member| read(member.annotations())).collect();
    let mut united = SaidMap::new();
    for mut own in annotated {
        own.retain(|key, _| !attributes.contains_key(key));
        unite(&mut united, own, "the attribute", desk.diagnostics);
    }
    fill(&mut attributes, united);
    attributes
}
