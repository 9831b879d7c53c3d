//! Quotas: the account never has more than it may, or than it had.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, model};
use inroad_plan::{Op, OpId, Plan, diff, simulate::Simulation};
use inroad_words::{
    Arn, Origin, Unit, Value,
    controller::Controller,
    hold::HoldReason,
    network::{IngressRule, Peer},
    observed::{Observed, SeenTargets},
    quota::{Limits, Quota},
    targets::Target,
};
use proptest::test_runner::TestCaseError;

use crate::{plans::shop, worlds::observed};

/// Limits that generated stacks reach.
pub(crate) fn tight(seed: &[u8]) -> BTreeMap<Quota, usize> {
    let pick = |nth: usize| usize::from(seed[nth % seed.len()]);
    BTreeMap::from([
        (Quota::Rules, pick(1) % 8),
        (Quota::Listeners, 1 + pick(2) % 3),
        (Quota::Certificates, pick(3) % 4),
        (Quota::TargetGroupsPerBalancer, 1 + pick(4) % 4),
    ])
}

pub(crate) fn is_one(reason: &HoldReason) -> bool {
    matches!(reason, HoldReason::Quota { .. })
}

/// How much of each quota the fullest load balancer takes.
fn taken(observed: &Observed) -> BTreeMap<Quota, usize> {
    let mut taken = BTreeMap::new();
    for balancer in observed.load_balancers.values().flatten() {
        let listeners = balancer.listeners.values();
        let certificates = listeners.clone().flat_map(|it| it.spec.certificates.iter().skip(1));
        let counts = [
            (Quota::Rules, listeners.clone().map(|it| it.rules.len()).sum()),
            (Quota::Listeners, listeners.len()),
            (Quota::Certificates, certificates.collect::<BTreeSet<_>>().len()),
        ];
        for (quota, count) in counts {
            let most = taken.entry(quota).or_default();
            *most = count.max(*most);
        }
    }
    taken
}

/// After any part of the plan nothing is over its limit that was not before, and then it only shrinks.
pub(crate) fn never_exceeded(
    limits: &Limits,
    plan: &Plan,
    before: &Observed,
    order: &[OpId],
) -> Result<(), TestCaseError> {
    let had = taken(before);
    let mut simulation = Simulation::new(plan, before);
    for id in order {
        simulation.apply(&plan.ops[id].op);
        for (quota, count) in taken(&simulation.observed) {
            let had = had.get(&quota).copied().unwrap_or(0);
            let most = limits.told.get(&quota).map_or(usize::MAX, |limit| had.max(*limit));
            proptest::prop_assert!(count <= most, "{quota:?}: {count} after {:?}", plan.ops[id].op);
        }
    }
    Ok(())
}

fn planned(desired: &Desired, observed: &Observed) -> Plan {
    diff(desired, observed, &Controller::default())
}

fn over(plan: &Plan) -> Vec<(String, Quota, usize, usize)> {
    let all = plan.holds.iter().filter_map(|hold| match &hold.reason {
        HoldReason::Quota { quota, limit, needed } => {
            Some((hold.subject.clone(), *quota, *limit, *needed))
        }
        _ => None,
    });
    all.collect()
}

/// What AWS has refused of late is not asked for again, and what depends on it waits with it.
#[test]
fn a_refusal_is_remembered() {
    for (quota, subject) in [
        (Quota::LoadBalancers, "load-balancer k8s-shop-internal"),
        (Quota::TargetGroups, "target-group shop/web-svc0:80"),
    ] {
        let mut desired = shop().desired();
        desired.limits.refused.insert(quota);
        let plan = planned(&desired, &Observed::default());
        let limit = quota.default_limit();
        assert_eq!(over(&plan)[0], (subject.to_owned(), quota, limit, limit + 1));
        assert!(plan.ops.values().any(|it| matches!(it.op, Op::CreateSecurityGroup { .. })));
        let rules = plan.ops.values().any(|it| matches!(it.op, Op::CreateRule { .. }));
        assert!(!rules, "a rule without what it needs: {:#?}", plan.ops);
        // What stands needs no room.
        let stands = planned(&desired, &observed(&[shop()], &[]));
        assert!(stands.is_empty() && stands.holds.is_empty(), "{stands:#?}");
    }
}

#[test]
fn a_rule_that_can_never_be_waits_alone() {
    let mut desired = shop().desired();
    let rule = desired.rules.get_mut(&(443, 1)).expect("the shop has it");
    let methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].map(str::to_owned);
    let condition = inroad_words::balancer::Condition::HttpRequestMethod(methods.into());
    rule.spec.conditions = vec![condition];
    let plan = planned(&desired, &Observed::default());
    assert_eq!(over(&plan), [("rule 443/1".to_owned(), Quota::ConditionValues, 5, 6)]);
    let made = plan.ops.values().filter(|it| matches!(it.op, Op::CreateRule { .. }));
    assert_eq!(made.count(), 1, "the other one is made");
}

/// IPv4 and IPv6 are counted apart; nothing waits before AWS has refused.
#[test]
fn openings_wait_once_aws_has_refused() {
    let mut desired = shop().desired();
    let group = desired.security_groups.get_mut("ManagedLBSecurityGroup").expect("it has one");
    let rule = |peer: Peer| IngressRule {
        protocol: "tcp".into(),
        from_port: Some(80),
        to_port: Some(80),
        peer,
        description: String::new(),
    };
    let four = (0..62).map(|n| rule(Peer::Ipv4(format!("10.0.{n}.0/24"))));
    let six = (0..30).map(|n| rule(Peer::Ipv6(format!("2001:db8:{n}::/48"))));
    group.spec.ingress = four.chain(six).collect();
    let before = observed(&[shop()], &[]);
    assert!(over(&planned(&desired, &before)).is_empty());
    desired.limits.refused.insert(Quota::GroupRules);
    for before in [Observed::default(), before] {
        let plan = planned(&desired, &before);
        let held = ("security-group k8s-shop".to_owned(), Quota::GroupRules, 60, 62);
        assert_eq!(over(&plan), [held]);
        let added = plan.ops.values().find_map(|it| match &it.op {
            Op::AuthorizeIngress { rules, .. } => Some(rules.len()),
            _ => None,
        });
        assert_eq!(added, Some(90));
    }
}

#[test]
fn targets_leave_first_where_there_is_no_room_for_both() {
    let target = |n: u8| Target { id: format!("10.0.0.{n}"), port: 80, zone: None };
    let stack = inroad_words::StackKey::Group("shop".into());
    let key = inroad_words::TargetKey { stack, group: "shop/web-cart:80".into() };
    let group = Arn("tg".into());
    let mut desired = Desired::nothing(Unit::Targets(key));
    let targets = (3..=8).map(|n| (target(n), Origin::Default)).collect();
    desired.targets =
        Some(model::DesiredTargets { group: Value::Known(group.clone()), targets, shared: false });
    desired.limits.told.insert(Quota::Targets, 4);
    let health = inroad_words::observed::TargetHealth::default;
    let there = (1..=4).map(|n| (target(n), health())).collect();
    let seen = SeenTargets { group, targets: there };
    let plan = planned(&desired, &Observed { targets: Some(seen), ..Observed::default() });
    let counts: Vec<(bool, usize)> = plan
        .ops
        .values()
        .map(|it| match &it.op {
            Op::RegisterTargets { targets, .. } => (true, targets.len()),
            Op::DeregisterTargets { targets, .. } => (false, targets.len()),
            op => panic!("{op:?}"),
        })
        .collect();
    assert_eq!(counts, [(false, 2), (true, 2)]);
    assert_eq!(over(&plan), [("targets shop/web-cart:80".to_owned(), Quota::Targets, 4, 6)]);
}

/// Security groups that are named are all or none: AWS takes no part of them.
#[test]
fn security_groups_of_an_interface() {
    let mut desired = shop().desired();
    let balancer = desired.load_balancers.get_mut("LoadBalancer").expect("it has one");
    balancer.spec.security_groups = (0..6).map(|n| Value::Known(format!("sg-{n}"))).collect();
    desired.limits.refused.insert(Quota::GroupsPerInterface);
    let made = over(&planned(&desired, &Observed::default()));
    assert_eq!(made[0].1, Quota::GroupsPerInterface);
    let plan = planned(&desired, &observed(&[shop()], &[]));
    assert_eq!(over(&plan).len(), 1);
    assert!(!plan.ops.values().any(|it| matches!(it.op, Op::SetSecurityGroups { .. })));
}
