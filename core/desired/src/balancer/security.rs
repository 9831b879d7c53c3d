//! The security groups that a load balancer wears, and which of them its targets let in.

use std::collections::BTreeSet;

use inroad_intent::model::{BalancerIntent, ListenerIntent, SecurityIntent};
use inroad_words::{
    Diagnostic, Field, Origins, ResourceKind, Said, Value,
    facts::{Facts, Need},
    hold::HoldReason,
    network::{IngressRule, Peer, SecurityGroup},
};

use crate::{codes, foundation, model::Resource, naming, needs::unanswered, shape::Shaping};

/// Resource id of a stack's own security group.
pub(crate) const MANAGED: &str = "ManagedLBSecurityGroup";
const DESCRIPTION: &str = "[k8s] Managed SecurityGroup for LoadBalancer";

/// The group that the load balancer's traffic comes from, as its targets see it; `None`: the targets'
/// groups are not ours to manage.
pub(crate) fn source(shaping: &Shaping<'_>, security: &SecurityIntent) -> Option<Value<String>> {
    match security {
        SecurityIntent::Managed => Some(shared(shaping).unwrap_or_else(|| own(shaping))),
        SecurityIntent::Given { manage_backend_rules, .. } => {
            manage_backend_rules.value.then(|| shared(shaping)).flatten()
        }
    }
}

/// The groups that the load balancer wears, in the order in which they are sent; its own one is added
/// where it has one. `Err`: they cannot be told now.
pub(crate) fn groups(
    shaping: &mut Shaping<'_>,
    balancer: &BalancerIntent,
) -> Result<Vec<Value<String>>, HoldReason> {
    let shared = shared(shaping);
    match &balancer.security {
        SecurityIntent::Managed => {
            let managed = managed(shaping, balancer);
            shaping.out.desired.security_groups.insert(MANAGED.into(), managed);
            Ok([own(shaping)].into_iter().chain(shared).collect())
        }
        SecurityIntent::Given { groups, manage_backend_rules: manage } => {
            let shared = shared.filter(|_| manage.value);
            Ok(given(shaping, groups)?.into_iter().chain(shared).collect())
        }
    }
}

fn shared(shaping: &Shaping<'_>) -> Option<Value<String>> {
    let on = shaping.controller.balancers.switches.backend_security_group;
    on.then(|| foundation::shared_group(shaping.facts, shaping.controller))
}

fn own(shaping: &Shaping<'_>) -> Value<String> {
    shaping.key(ResourceKind::SecurityGroup, MANAGED).output(Field::GroupId)
}

/// Groups by id, then by `Name` tag; a tag that several groups carry stands for all of them.
fn given(
    shaping: &mut Shaping<'_>,
    groups: &Said<Vec<String>>,
) -> Result<Vec<Value<String>>, HoldReason> {
    let asks = |need: &Need| match need {
        Need::SecurityGroups(asked) => groups.value.iter().all(|it| asked.contains(it)),
        _ => false,
    };
    if let Some(reason) = unanswered(shaping.facts, asks) {
        return Err(reason);
    }
    let (ids, names): (Vec<_>, Vec<_>) =
        groups.value.iter().partition(|name| name.starts_with("sg-"));
    let mut found: Vec<String> = Vec::new();
    for name in ids.into_iter().chain(names) {
        let matching = called(shaping.facts, name);
        if matching.is_empty() {
            return Err(shaping.report(
                Diagnostic::error(
                    codes::GROUP_UNKNOWN,
                    groups.origin.clone(),
                    format!("security group {name} does not exist in the VPC"),
                )
                .help("give ids (`sg-…`) or `Name` tags of security groups of the cluster's VPC"),
            ));
        }
        let new: Vec<_> = matching.into_iter().filter(|id| !found.contains(id)).collect();
        found.extend(new);
    }
    Ok(found.into_iter().map(Value::Known).collect())
}

/// The groups of this id or `Name` tag.
pub(crate) fn called(facts: &Facts, name: &str) -> Vec<String> {
    let is_called = |id: &str, tag: Option<&String>| id == name || tag.is_some_and(|it| it == name);
    let groups = facts.security_groups.values();
    groups.filter(|it| is_called(&it.id, it.tags.get("Name"))).map(|it| it.id.clone()).collect()
}

fn managed(shaping: &Shaping<'_>, balancer: &BalancerIntent) -> Resource<SecurityGroup> {
    let mut origins = Origins::of(balancer.origin.clone());
    let mut ingress = BTreeSet::new();
    let ipv6 = balancer.ip_address_type.value.has_ipv6();
    for (port, listener) in &balancer.listeners {
        origins.0.insert(format!("ingress.{port}"), admission(listener).clone());
        ingress.extend(peers(listener, ipv6).map(|peer| tcp(*port, peer)));
    }
    let spec = SecurityGroup {
        name: naming::managed_group(shaping.owner()),
        description: DESCRIPTION.into(),
        vpc: shaping.controller.balancers.vpc_id.clone(),
        ingress,
        tags: shaping.tagger().tags(MANAGED, &balancer.tags, &mut origins),
    };
    Resource { spec, origins }
}

fn admission(listener: &ListenerIntent) -> &inroad_words::Origin {
    if listener.inbound_cidrs.value.is_empty() {
        &listener.prefix_lists.origin
    } else {
        &listener.inbound_cidrs.origin
    }
}

/// Who may come in. An IPv6 block is of no use to a load balancer that has no IPv6 address.
fn peers(listener: &ListenerIntent, ipv6: bool) -> impl Iterator<Item = Peer> {
    let cidrs = listener.inbound_cidrs.value.iter().filter_map(move |cidr| {
        match (cidr.contains(':'), ipv6) {
            (false, _) => Some(Peer::Ipv4(cidr.clone())),
            (true, true) => Some(Peer::Ipv6(cidr.clone())),
            (true, false) => None,
        }
    });
    cidrs.chain(listener.prefix_lists.value.iter().cloned().map(Peer::PrefixList))
}

fn tcp(port: u16, peer: Peer) -> IngressRule {
    IngressRule {
        protocol: "tcp".into(),
        from_port: Some(port.into()),
        to_port: Some(port.into()),
        peer,
        description: String::new(),
    }
}

#[cfg(test)]
mod tests;
