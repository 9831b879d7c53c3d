//! The load balancer of a stack with everything that hangs on it.

pub(crate) mod certificates;
pub(crate) mod listener;
pub(crate) mod optimise;
pub(crate) mod rules;
pub(crate) mod security;
pub(crate) mod subnets;
pub(crate) mod web_acl;

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::{BalancerIntent, SecurityIntent, SubnetChoice};
use inroad_words::{
    Origins, Pick, ResourceKind, Said, Severity, Value, balancer::LoadBalancer, facts::Need,
    hold::HoldReason,
};

use crate::{model::Resource, naming, shape::Shaping};

/// Resource id of a stack's load balancer.
pub(crate) const LOAD_BALANCER: &str = "LoadBalancer";

/// Adds the load balancer, its security group, listeners and rules.
pub(crate) fn shape(shaping: &mut Shaping<'_>, balancer: &BalancerIntent) {
    for (port, listener) in &balancer.listeners {
        listener::shape(shaping, *port, listener);
    }
    let groups = security::groups(shaping, balancer);
    let parts = groups.and_then(|groups| {
        Ok((subnets(shaping, balancer)?, groups, web_acl::choose(shaping, balancer)?))
    });
    match parts {
        Ok((subnets, groups, web_acl)) => {
            let mut resource = load_balancer(shaping, balancer, subnets, groups);
            resource.spec.web_acl = web_acl;
            shaping.out.desired.load_balancers.insert(LOAD_BALANCER.into(), resource);
        }
        Err(reason) => {
            shaping.hold(ResourceKind::LoadBalancer, LOAD_BALANCER, reason, &balancer.origin);
        }
    }
}

/// Where no subnets can be told, those of a load balancer that stands are kept, and none is made.
fn subnets(
    shaping: &mut Shaping<'_>,
    balancer: &BalancerIntent,
) -> Result<Pick<String>, HoldReason> {
    if let Some(why) = shaping.facts.missing.get(&Need::Subnets) {
        return Err(HoldReason::MissingFact(why.clone()));
    }
    let settings = &shaping.controller.balancers;
    let (kind, facts) = (shaping.stack.balancer(), shaping.facts);
    let chooser = subnets::Chooser { kind, balancer, facts, settings };
    Ok(chooser.choose().unwrap_or_else(|mut diagnostic| {
        if shaping.stands() && balancer.subnets.value == SubnetChoice::Discover {
            diagnostic.severity = Severity::Warning;
        }
        shaping.report(diagnostic);
        Pick { keep: true, prefer: BTreeSet::new() }
    }))
}

fn load_balancer(
    shaping: &Shaping<'_>,
    balancer: &BalancerIntent,
    subnets: Pick<String>,
    security_groups: Vec<Value<String>>,
) -> Resource<LoadBalancer> {
    let mut origins = Origins::of(balancer.origin.clone())
        .with("scheme", balancer.scheme.origin.clone())
        .with("ipAddressType", balancer.ip_address_type.origin.clone())
        .with("subnetMapping", balancer.subnets.origin.clone());
    if let SecurityIntent::Given { groups, .. } = &balancer.security {
        origins.0.insert("securityGroups".into(), groups.origin.clone());
    }
    if let Some(said) = &balancer.web_acl {
        origins.0.insert("webACL".into(), said.origin.clone());
    }
    let spec = LoadBalancer {
        kind: shaping.stack.balancer(),
        name: name(shaping, balancer, &mut origins),
        scheme: balancer.scheme.value,
        ip_address_type: balancer.ip_address_type.value,
        subnets,
        security_groups,
        attributes: attributes("loadBalancerAttributes", &balancer.attributes, &mut origins),
        customer_owned_pool: balancer.customer_owned_pool.as_ref().map(|said| said.value.clone()),
        web_acl: None,
        tags: shaping.tagger().tags(LOAD_BALANCER, &balancer.tags, &mut origins),
    };
    Resource { spec, origins }
}

fn name(shaping: &Shaping<'_>, balancer: &BalancerIntent, origins: &mut Origins) -> String {
    match &balancer.name {
        Some(name) => {
            origins.0.insert("name".into(), name.origin.clone());
            name.value.clone()
        }
        None => naming::load_balancer(shaping.owner(), balancer.scheme.value),
    }
}

/// Attributes that somebody asked for, each with who did.
pub(crate) fn attributes(
    field: &str,
    asked: &BTreeMap<String, Said<String>>,
    origins: &mut Origins,
) -> BTreeMap<String, String> {
    for (key, said) in asked {
        origins.0.insert(format!("{field}.{key}"), said.origin.clone());
    }
    asked.iter().map(|(key, said)| (key.clone(), said.value.clone())).collect()
}
