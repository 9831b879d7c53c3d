//! What holds for every plan, and after every step of it.

use std::collections::BTreeSet;

use inroad_plan::Op;
use inroad_testkit::{Account, Planned};
use inroad_words::{
    ResourceKind, Value,
    balancer::Action,
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION},
    observed::{Observed, SeenListener},
};
use proptest::prelude::*;

use crate::rest::known;

/// Whatever points at a thing that is not there.
pub(crate) fn dangling(account: &Account) -> impl Iterator<Item = String> {
    let all = || account.observed.values();
    let groups: BTreeSet<&str> = all()
        .flat_map(|it| it.security_groups.values().flatten())
        .map(|it| it.id.as_str())
        .chain(["sg-nodes", "sg-office", "sg-partners"])
        .collect();
    let targets: BTreeSet<&str> = all()
        .flat_map(|it| it.target_groups.values().flatten())
        .map(|it| it.arn.0.as_str())
        .chain(["arn:theirs"])
        .collect();
    let mut found = Vec::new();
    for observed in all() {
        let mut used: Vec<&str> = Vec::new();
        for balancer in observed.load_balancers.values().flatten() {
            used.extend(balancer.spec.security_groups.iter().map(|it| known(it).as_str()));
            for listener in balancer.listeners.values() {
                let forwards = forwards(listener).filter(|it| !targets.contains(it));
                found.extend(forwards.map(|it| format!("{} forwards to {it}", listener.arn)));
            }
        }
        used.extend(rules(observed).filter_map(|rule| match &rule.peer {
            Peer::Group(group) => Some(known(group).as_str()),
            _ => None,
        }));
        let gone = used.into_iter().filter(|it| !groups.contains(it));
        found.extend(gone.map(|it| format!("{it} is used and gone")));
    }
    found.into_iter()
}

fn rules(observed: &Observed) -> impl Iterator<Item = &IngressRule> {
    let ours = observed.security_groups.values().flatten();
    ours.chain(observed.shared_rules.values()).flat_map(|it| &it.spec.ingress)
}

fn forwards(listener: &SeenListener) -> impl Iterator<Item = &str> {
    let rules = listener.rules.iter().map(|it| &it.spec.actions);
    let actions = rules.chain([&listener.spec.default_actions]).flatten();
    let targets = actions.filter_map(|action| match action {
        Action::Forward { targets, .. } => Some(targets),
        _ => None,
    });
    targets.flatten().map(|it| known(&it.group).0.as_str())
}

/// Every ARN and id that a step changes or removes is one that the unit's own marks led to; on groups
/// of others only labelled rules come and go.
pub(crate) fn touches_only_its_own(planned: &Planned) -> Result<(), TestCaseError> {
    let observed = &planned.observed;
    let all = identities(observed);
    for step in planned.plan.ops.values() {
        let touched = match &step.op {
            Op::RevokeIngress { group: Value::Known(id), rules }
            | Op::AuthorizeIngress { group: Value::Known(id), rules } => {
                let ours = rules.iter().all(|it| it.description == SHARED_RULE_DESCRIPTION);
                (!ours).then_some(id.as_str())
            }
            op => touched(op),
        };
        prop_assert!(touched.is_none_or(|it| all.contains(it)), "a stranger: {:?}", step.op);
    }
    Ok(())
}

fn touched(op: &Op) -> Option<&str> {
    match op {
        Op::DeleteTargetGroup { arn }
        | Op::DeleteLoadBalancer { arn }
        | Op::DeleteListener { arn }
        | Op::DeleteRule { arn }
        | Op::TagBalancing { arn, .. }
        | Op::ModifyListener { listener: arn, .. }
        | Op::ModifyRule { rule: arn, .. }
        | Op::SetSubnets { balancer: arn, .. }
        | Op::SetSecurityGroups { balancer: arn, .. }
        | Op::SetIpAddressType { balancer: arn, .. }
        | Op::AddCertificate { listener: Value::Known(arn), .. }
        | Op::RemoveCertificate { listener: arn, .. }
        | Op::ModifyHealthCheck { group: Value::Known(arn), .. }
        | Op::ModifyTargetGroupAttributes { group: Value::Known(arn), .. }
        | Op::RegisterTargets { group: Value::Known(arn), .. }
        | Op::DeregisterTargets { group: Value::Known(arn), .. }
        | Op::Fingerprint { balancer: Value::Known(arn), .. }
        | Op::ModifyLoadBalancerAttributes { balancer: Value::Known(arn), .. } => Some(&arn.0),
        Op::DeleteSecurityGroup { id } | Op::TagEc2 { id, .. } => Some(id),
        _ => None,
    }
}

fn identities(observed: &Observed) -> BTreeSet<&str> {
    let mut all: BTreeSet<&str> =
        observed.security_groups.values().flatten().map(|it| it.id.as_str()).collect();
    all.extend(observed.target_groups.values().flatten().map(|it| it.arn.0.as_str()));
    all.extend(observed.targets.iter().map(|it| it.group.0.as_str()));
    for balancer in observed.load_balancers.values().flatten() {
        all.insert(&balancer.arn.0);
        for listener in balancer.listeners.values() {
            all.insert(&listener.arn.0);
            all.extend(listener.rules.iter().map(|it| it.arn.0.as_str()));
        }
    }
    all
}

/// What is held is there afterwards: no step deletes it, or what is under it.
pub(crate) fn spares_what_is_held(planned: &Planned) -> Result<(), TestCaseError> {
    let held = &planned.shaped.desired.held;
    if held.unit.is_some() {
        prop_assert!(planned.plan.is_empty(), "held, and yet: {:?}", planned.plan);
    }
    let mut spared = BTreeSet::new();
    for key in held.resources.keys() {
        spared.extend(under(&planned.observed, key.kind, &key.id));
    }
    for step in planned.plan.ops.values() {
        match &step.op {
            Op::ChangeRecords { changes, .. } => {
                let waits = |name: &String| held.names.contains_key(name);
                let hit = changes.iter().find(|it| waits(&it.key().name));
                prop_assert!(hit.is_none(), "the name is held: {:?}", hit);
            }
            Op::RevokeIngress { group: Value::Known(id), .. } => {
                prop_assert!(!spared.contains(id.as_str()), "held: {:?}", step.op);
            }
            op => {
                let deletes = matches!(
                    op,
                    Op::DeleteTargetGroup { .. }
                        | Op::DeleteLoadBalancer { .. }
                        | Op::DeleteListener { .. }
                        | Op::DeleteRule { .. }
                        | Op::DeleteSecurityGroup { .. }
                );
                let hit = touched(op).filter(|it| deletes && spared.contains(it));
                prop_assert!(hit.is_none(), "held: {:?}", op);
            }
        }
    }
    Ok(())
}

/// A resource with everything that would go with it.
fn under<'a>(observed: &'a Observed, kind: ResourceKind, id: &str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let port = id.split(':').next().unwrap_or_default();
    match kind {
        ResourceKind::SecurityGroup if id == inroad_desired::model::SHARED_RULES => {
            found.extend(observed.shared_rules.keys().map(String::as_str));
        }
        ResourceKind::SecurityGroup => {
            let groups = observed.security_groups.get(id).into_iter().flatten();
            found.extend(groups.map(|it| it.id.as_str()));
        }
        ResourceKind::TargetGroup => {
            let groups = observed.target_groups.get(id).into_iter().flatten();
            found.extend(groups.map(|it| it.arn.0.as_str()));
        }
        ResourceKind::LoadBalancer => {
            let balancers = observed.load_balancers.get(id).into_iter().flatten();
            found.extend(balancers.map(|it| it.arn.0.as_str()));
        }
        ResourceKind::Listener | ResourceKind::Rule => {
            for balancer in observed.load_balancers.values().flatten() {
                let listeners = balancer.listeners.iter().filter(|(at, _)| at.to_string() == port);
                for (_, listener) in listeners {
                    found.insert(balancer.arn.0.as_str());
                    found.insert(listener.arn.0.as_str());
                    found.extend(listener.rules.iter().map(|it| it.arn.0.as_str()));
                }
            }
        }
    }
    found
}
