//! What has to be asked before a unit can be shaped: the only questions that go out.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::{
    Intent,
    model::{
        BalancerIntent, FoundationIntent, Goal, RouteAction, SecurityIntent, StackIntent,
        TargetsIntent, WebAclChoice,
    },
    split,
};
use inroad_words::{
    controller::Controller,
    facts::{Facts, Need},
    hold::HoldReason,
    quota::Quota,
    targets::TargetType,
};

use crate::{balancer::certificates, records};

/// With no more rules or target groups than this, a load balancer is within the quotas that every account
/// has: they need not be asked.
const LARGE: usize = 50;

/// Why something is not known, where the question about it had no answer.
pub(crate) fn unanswered(facts: &Facts, about: impl Fn(&Need) -> bool) -> Option<HoldReason> {
    let (_, why) = facts.missing.iter().find(|(need, _)| about(need))?;
    Some(HoldReason::MissingFact(why.clone()))
}

/// The questions of one unit. None for a unit of which nothing is wanted.
pub fn needs(intent: &Intent, controller: &Controller) -> BTreeSet<Need> {
    match intent {
        Intent::Stack(stack) => of_stack(stack, controller),
        Intent::Targets(targets) => of_targets(targets),
        Intent::Foundation(foundation) => of_foundation(foundation),
        Intent::Zone(zone) => records::needs(zone, controller),
    }
}

fn of_stack(stack: &StackIntent, controller: &Controller) -> BTreeSet<Need> {
    let mut needs =
        stack.balancer.as_ref().map(|it| of_balancer(it, controller)).unwrap_or_default();
    if stack.balancer.as_ref().is_some_and(|it| is_large(it) || stack.backends.len() > LARGE) {
        needs.insert(Need::Limits);
    }
    needs
}

/// Whether a load balancer comes near what every account may have. A route is as many rules as its
/// conditions take.
fn is_large(balancer: &BalancerIntent) -> bool {
    let routes = balancer.listeners.values().flat_map(|it| &it.routes);
    let rules = routes.map(|it| split(&it.conditions).map_or(0, |rules| rules.len()));
    rules.sum::<usize>() > LARGE || balancer.listeners.len() > Quota::Listeners.default_limit() / 2
}

fn of_balancer(balancer: &BalancerIntent, controller: &Controller) -> BTreeSet<Need> {
    let mut needs = BTreeSet::from([Need::Subnets]);
    let listeners = balancer.listeners.values();
    let all = listeners.flat_map(|it| it.open.instead.as_deref().into_iter().chain([it]));
    let mut trust_stores = BTreeSet::new();
    for listener in all {
        if listener.certificates.as_ref().is_some_and(certificates::discovers) {
            needs.insert(Need::Certificates);
            if !controller.balancers.certificate_authorities.is_empty() {
                needs.insert(Need::CertificateAuthorities);
            }
        }
        let said = listener.clients.said().into_iter().chain(&listener.open.clients.others);
        let stores = said.filter_map(|said| Some(&said.value.verify()?.trust_store));
        trust_stores.extend(stores.filter(|store| !store.starts_with("arn:")).cloned());
    }
    if !trust_stores.is_empty() {
        needs.insert(Need::TrustStores(trust_stores));
    }
    let names = target_groups(balancer);
    if !names.is_empty() {
        needs.insert(Need::TargetGroups(names));
    }
    if let SecurityIntent::Given { groups, .. } = &balancer.security {
        let others = balancer.open.security_groups.others.iter().flat_map(|said| &said.value);
        needs.insert(Need::SecurityGroups(groups.value.iter().chain(others).cloned().collect()));
    }
    needs.extend(web_acls(balancer));
    needs
}

/// Target groups of others that anything leads to by name.
fn target_groups(balancer: &BalancerIntent) -> BTreeSet<String> {
    let listeners = balancer.listeners.values();
    let all = listeners.flat_map(|it| it.open.instead.as_deref().into_iter().chain([it]));
    let actions = all.flat_map(|it| {
        let open = it.open.default.others.iter().map(|said| &said.value);
        it.routes.iter().map(|route| &route.action).chain([&it.default.value]).chain(open)
    });
    let names = actions.flat_map(RouteAction::goals).filter_map(|goal| match goal {
        Goal::Name(name) => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

/// The web ACLs that members call by name.
pub(crate) fn web_acls(balancer: &BalancerIntent) -> Option<Need> {
    let all = balancer.web_acl.iter().chain(&balancer.open.web_acl.others);
    let named = all.filter_map(|said| match &said.value {
        WebAclChoice::Named(name) => Some(name.clone()),
        WebAclChoice::Nothing | WebAclChoice::Arn(_) => None,
    });
    let named: BTreeSet<String> = named.collect();
    (!named.is_empty()).then_some(Need::WebAcls(named))
}

fn of_targets(targets: &TargetsIntent) -> BTreeSet<Need> {
    let asks = targets.service.is_some() && targets.target_type == TargetType::Ip;
    let many = targets.endpoints.len() > Quota::Targets.default_limit() / 2;
    let vpc = asks.then_some(Need::Vpc).into_iter();
    vpc.chain(many.then_some(Need::Limits)).collect()
}

fn of_foundation(foundation: &FoundationIntent) -> BTreeSet<Need> {
    let mut needs = BTreeSet::new();
    if !foundation.named.is_empty() {
        needs.insert(Need::SecurityGroups(foundation.named.keys().cloned().collect()));
    }
    if !foundation.openings.is_empty() {
        needs.insert(interfaces(foundation));
    }
    needs
}

/// Through which interfaces the targets are reached.
pub(crate) fn interfaces(foundation: &FoundationIntent) -> Need {
    let hint = |target: &String| (target.clone(), foundation.instances.get(target).cloned());
    Need::Interfaces(foundation.openings.values().flat_map(BTreeMap::keys).map(hint).collect())
}
