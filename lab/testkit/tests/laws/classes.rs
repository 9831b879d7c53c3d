//! Which classes of worlds the laws meet: a law over worlds that never conflict says little.

use std::collections::BTreeMap;

use inroad_intent::Intent;
use inroad_plan::{Op, RecordChange};
use inroad_testkit::{Planned, strategies};
use inroad_words::{hold::HoldReason, targets::TargetType};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

use crate::Lab;

const HISTORIES: usize = 200;

/// The share of histories, from a fixed seed, in which each class is met at least once.
#[test]
fn every_class_of_worlds_is_met() {
    let mut runner = TestRunner::deterministic();
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..HISTORIES {
        let tree = strategies::history().new_tree(&mut runner);
        let mut met: BTreeMap<&str, bool> = BTreeMap::new();
        let mut lab = Lab::default();
        for moment in tree.expect("nothing is filtered").current() {
            let mut note = |classes: Vec<(&'static str, bool)>| {
                classes.into_iter().for_each(|(class, is)| *met.entry(class).or_default() |= is);
            };
            note(vec![("strangers' things", !lab.account.strangers().is_empty())]);
            let plans = lab.settle(&moment.objects, &moment.surroundings, &mut |_, _| {});
            note(of_worlds(&plans));
            note(of_plans(&plans));
            moment.mischief.into_iter().for_each(|it| lab.account.suffer(it));
        }
        for (class, met) in met {
            *shares.entry(class).or_default() += usize::from(met);
        }
    }
    for (class, met) in &shares {
        println!("{class:<34}{:>4} %", met * 100 / HISTORIES);
    }
    for (class, met) in shares {
        assert!(met * 100 >= 2 * HISTORIES, "{class}: {met} of {HISTORIES} histories");
    }
}

fn of_worlds(plans: &[Planned]) -> Vec<(&'static str, bool)> {
    let stacks = || {
        plans.iter().filter_map(|planned| match &planned.compiled.intent {
            Intent::Stack(stack) => Some(stack),
            _ => None,
        })
    };
    let told = |code: &str| {
        let all = plans
            .iter()
            .flat_map(|it| it.compiled.diagnostics.iter().chain(&it.shaped.diagnostics));
        { all }.any(|diagnostic| diagnostic.code.0 == code)
    };
    let kinds = |kind: TargetType| {
        stacks().any(|stack| stack.backends.values().any(|it| it.target_type.value == kind))
    };
    vec![
        ("group of three and more", stacks().any(|stack| stack.members.len() >= 3)),
        ("conflicting values", told("LB0002")),
        ("unreadable value", told("LB0001")),
        ("class that cannot be used", told("LB0005")),
        ("missing Service", told("LB0007")),
        ("missing port", told("LB0008")),
        ("no nodePort", told("LB0009")),
        ("both target types", kinds(TargetType::Ip) && kinds(TargetType::Instance)),
        ("subnets that cannot be had", told("LB0101") || told("LB0102") || told("LB0103")),
        ("host without certificate", told("LB0104")),
        ("listener without certificate", told("LB0105")),
        ("unknown security group", told("LB0106")),
        ("target without interface", told("LB0107")),
    ]
}

fn of_plans(plans: &[Planned]) -> Vec<(&'static str, bool)> {
    let has = |test: &dyn Fn(&Op) -> bool| {
        plans.iter().any(|planned| planned.plan.ops.values().any(|step| test(&step.op)))
    };
    let holds = |test: &dyn Fn(&HoldReason) -> bool| {
        plans.iter().any(|planned| planned.plan.holds.iter().any(|hold| test(&hold.reason)))
    };
    let record = |test: &dyn Fn(&RecordChange) -> bool| {
        has(&|op| matches!(op, Op::ChangeRecords { changes, .. } if changes.iter().any(test)))
    };
    vec![
        ("load balancer made", has(&|op| matches!(op, Op::CreateLoadBalancer { .. }))),
        ("load balancer removed", has(&|op| matches!(op, Op::DeleteLoadBalancer { .. }))),
        ("listener removed", has(&|op| matches!(op, Op::DeleteListener { .. }))),
        (
            "rule changed or moved",
            has(&|op| matches!(op, Op::ModifyRule { .. } | Op::SetRulePriorities { .. })),
        ),
        ("rule removed", has(&|op| matches!(op, Op::DeleteRule { .. }))),
        ("target group removed", has(&|op| matches!(op, Op::DeleteTargetGroup { .. }))),
        ("targets registered", has(&|op| matches!(op, Op::RegisterTargets { .. }))),
        ("targets deregistered", has(&|op| matches!(op, Op::DeregisterTargets { .. }))),
        ("nodes opened", has(&|op| matches!(op, Op::AuthorizeIngress { .. }))),
        ("record made", record(&|it| matches!(it, RecordChange::Create { .. }))),
        ("record changed", record(&|it| matches!(it, RecordChange::Upsert { .. }))),
        ("record removed", record(&|it| matches!(it, RecordChange::Delete { .. }))),
        ("held: refused question", holds(&|it| matches!(it, HoldReason::MissingFact(_)))),
        ("held: somebody's mistake", holds(&|it| matches!(it, HoldReason::Diagnostic(_)))),
        ("held: waits for another", holds(&|it| matches!(it, HoldReason::Output { .. }))),
        ("held: somebody else's", holds(&|it| matches!(it, HoldReason::Foreign(_)))),
    ]
}
