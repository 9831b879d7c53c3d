//! What the members of a stack ask of their load balancer as a whole.

use std::collections::BTreeSet;

use inroad_words::{Diagnostic, Origin, Said, balancer::Scheme};

use super::{
    Desk,
    group::{self, Member},
    listeners,
    merge::{SaidMap, agree, exclusive, fill, spread, unite},
    rules, tags,
};
use crate::{
    codes,
    model::{
        BalancerIntent, Open, OpenBalancer, RouteAction, SecurityIntent, StackIntent, SubnetChoice,
        WebAclChoice,
    },
    settings::{
        CUSTOMER_OWNED_POOL, IP_ADDRESS_TYPE, LOAD_BALANCER_ATTRIBUTES, LOAD_BALANCER_NAME, Layer,
        MANAGE_BACKEND_RULES, SCHEME, SECURITY_GROUPS, SUBNETS, WAFV2_ACL_ARN, WAFV2_ACL_NAME,
        look,
    },
};

/// Fills in the load balancer and its backends. Nothing where there are no members.
pub(super) fn compile(mut desk: Desk<'_, '_>, members: &[Member<'_>], intent: &mut StackIntent) {
    let Some(first) = members.first() else { return };
    let all: Vec<&Member<'_>> = members.iter().collect();
    let desk = &mut desk;
    let mut open = OpenBalancer::default();
    let scheme = scheme(&all, desk, (intent, &mut open));
    let (name, more) = exclusive(&LOAD_BALANCER_NAME, &all, desk.diagnostics);
    open.name = more;
    let (ip_address_type, more) = exclusive(&IP_ADDRESS_TYPE, &all, desk.diagnostics);
    open.ip_address_type = more;
    let ip_address_type = ip_address_type.unwrap_or_else(|| IP_ADDRESS_TYPE.default(desk.settings));
    let types = open.ip_address_type.others.iter().chain([&ip_address_type]);
    desk.has_ipv6 = { types }.any(|said| said.value.has_ipv6());

    let (subnets, more) = agree(&SUBNETS, &all, Some, same_subnets, desk.diagnostics);
    open.subnets = more;
    let (customer_owned_pool, more) = exclusive(&CUSTOMER_OWNED_POOL, &all, desk.diagnostics);
    open.customer_owned_pool = more;
    let own_tags: Vec<SaidMap> = members.iter().map(|member| tags(member, desk)).collect();
    let mut tags = SaidMap::new();
    for own in &own_tags {
        unite(&mut tags, own.clone(), &mut open.tags);
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
        security: security(&all, desk, &mut open),
        attributes: attributes(&all, desk, &mut open),
        customer_owned_pool,
        web_acl: web_acl(&all, desk, &mut open),
        tags,
        listeners,
        open,
    });
    intent.backends = std::mem::take(&mut desk.backends);
    intent.kept.backends = std::mem::take(&mut desk.unsure);
    intent.kept.targets = desk.untold.take();
}

/// A backend that no listener leads to (its port was lost, or is redirected) needs no target group,
/// unless a rule that is kept may lead there.
pub(super) fn drop_unused(intent: &mut StackIntent) {
    let listeners = || intent.balancer.iter().flat_map(|balancer| balancer.listeners.values());
    let said = listeners()
        .flat_map(|it| it.routes.iter().map(|route| &route.action).chain([&it.default.value]));
    let both = listeners().chain(listeners().filter_map(|it| it.open.instead.as_deref()));
    let open = both.clone().flat_map(|it| it.open.default.others.iter().map(|said| &said.value));
    let instead =
        both.flat_map(|it| it.routes.iter().map(|route| &route.action).chain([&it.default.value]));
    let (used, open) = (ids(said), ids(open.chain(instead)));
    let kept = &intent.kept.members;
    intent.backends.retain(|id, backend| {
        used.contains(id) || open.contains(id) || kept.contains(&backend.ingress)
    });
    for (id, backend) in &mut intent.backends {
        backend.standby = !used.contains(id);
    }
}

fn ids<'a>(actions: impl Iterator<Item = &'a RouteAction>) -> BTreeSet<String> {
    actions.flat_map(RouteAction::backends).cloned().collect()
}

/// A scheme that nobody says readably must not become the default: that would replace the load
/// balancer, or show it to the world.
fn scheme(
    all: &[&Member<'_>],
    desk: &mut Desk<'_, '_>,
    (intent, open): (&mut StackIntent, &mut OpenBalancer),
) -> Said<Scheme> {
    let (said, more) = exclusive(&SCHEME, all, desk.diagnostics);
    let unreadable =
        |member: &&Member<'_>| look(&SCHEME, &member.layers(), &mut Vec::new()).is_err();
    if let (Some(origin), true) = (&more.unreadable, all.iter().all(unreadable)) {
        let diagnostic = Diagnostic::error(codes::BAD_VALUE, origin.clone(), "");
        intent.undecided = Some(group::hold(&intent.key, &diagnostic));
    }
    open.scheme = more;
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

fn security(
    all: &[&Member<'_>],
    desk: &mut Desk<'_, '_>,
    open: &mut OpenBalancer,
) -> SecurityIntent {
    let (groups, more) = exclusive(&SECURITY_GROUPS, all, desk.diagnostics);
    open.security_groups = more;
    let Some(groups) = groups.filter(|groups| !groups.value.is_empty()) else {
        return SecurityIntent::Managed;
    };
    let (manage, more) = exclusive(&MANAGE_BACKEND_RULES, all, desk.diagnostics);
    open.manage_backend_rules = more;
    let mut manage = manage.unwrap_or_else(|| MANAGE_BACKEND_RULES.default(desk.settings));
    if manage.value && !desk.settings.switches.backend_security_group {
        let message = "backend rules need the shared backend security group, which is switched off";
        desk.diagnostics.push(
            Diagnostic::error(codes::NO_BACKEND_GROUP, manage.origin.clone(), message)
                .help("see --enable-backend-security-group"),
        );
        manage.value = false;
        open.manage_backend_rules = Open::default();
    }
    SecurityIntent::Given { groups, manage_backend_rules: manage }
}

/// Where somebody says a name, readably or not, no ARN counts.
fn web_acl(
    all: &[&Member<'_>],
    desk: &mut Desk<'_, '_>,
    open: &mut OpenBalancer,
) -> Option<Said<WebAclChoice>> {
    if !desk.settings.switches.wafv2 {
        return None;
    }
    let (mut said, mut more) = exclusive(&WAFV2_ACL_NAME, all, desk.diagnostics);
    if said.is_none() && more.unreadable.is_none() {
        (said, more) = exclusive(&WAFV2_ACL_ARN, all, desk.diagnostics);
    }
    open.web_acl = more;
    said
}

/// What the first member's class says wins key by key; the members' annotations are united under
/// it.
fn attributes(all: &[&Member<'_>], desk: &mut Desk<'_, '_>, open: &mut OpenBalancer) -> SaidMap {
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
        unite(&mut united, own, &mut open.attributes);
    }
    fill(&mut attributes, united);
    attributes
}
