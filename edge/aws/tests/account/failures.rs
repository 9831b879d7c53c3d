//! What goes wrong, and what is made of it.

use std::collections::BTreeSet;

use inroad_aws::Error;
use inroad_emulator::Fault;
use inroad_emulator::faults::{Effect, Script};
use inroad_plan::Op;
use inroad_words::{Arn, Field, ResourceKind, Retry, Unit, Value};

use crate::world::{World, key, stack};

const ELB: &str = "elasticloadbalancing";

#[tokio::test]
async fn a_throttled_call_is_tried_again_and_then_reported() {
    let world = World::new().await;
    let script = |times| Script::new(ELB, "CreateTargetGroup", times, Effect::Throttle);
    let op =
        Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec: world.target_group() };
    world.emulator.script(script(3));
    let error = world.try_op(&op).await.expect_err("three attempts are all");
    assert!(matches!(error, Error::Throttled(_)), "{error}");
    assert_eq!(error.retry(), Retry::Soon);
    assert_eq!(world.aws.calls()["elasticloadbalancing:CreateTargetGroup"], 3);
    world.emulator.script(script(2));
    world.try_op(&op).await.expect("the third attempt is let through");
}

#[tokio::test]
async fn a_creation_whose_answer_was_lost_is_found_and_taken() {
    let world = World::new().await;
    let (balancer, listener, group) = world.small_stack().await;
    let mut sg = world.group();
    sg.name = "second".into();
    let mut lb = world.balancer("");
    lb.security_groups = Vec::new();
    lb.name = "second".into();
    let mut tg = world.target_group();
    tg.name = "second".into();
    let rule = world.rule(&listener, 5, &group);
    for (service, operation, op) in [
        (
            "ec2",
            "CreateSecurityGroup",
            Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec: sg },
        ),
        (
            ELB,
            "CreateLoadBalancer",
            Op::CreateLoadBalancer { key: key(ResourceKind::LoadBalancer), spec: lb },
        ),
        (
            ELB,
            "CreateTargetGroup",
            Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec: tg },
        ),
        (
            ELB,
            "CreateListener",
            Op::CreateListener {
                key: key(ResourceKind::Listener),
                spec: world.listener(&balancer, 81),
            },
        ),
        (ELB, "CreateRule", Op::CreateRule { key: key(ResourceKind::Rule), spec: rule }),
    ] {
        world.emulator.script(Script::new(service, operation, 1, Effect::LoseAnswer));
        let made = world.op(op).await;
        let id = made.get(&Field::Arn).or(made.get(&Field::GroupId)).expect("an id");
        assert!(!id.is_empty(), "{operation}");
    }
    let seen = world.seen(&stack()).await;
    let counts = [
        seen.security_groups["ManagedLBSecurityGroup"].len(),
        seen.load_balancers["LoadBalancer"].len(),
        seen.target_groups.values().map(Vec::len).sum(),
    ];
    assert_eq!(counts, [2, 2, 2], "each was made once");
}

#[tokio::test]
async fn what_is_in_the_way_and_not_ours_is_left_alone() {
    let world = World::new().await;
    let (balancer, listener, group) = world.small_stack().await;
    let rule = world.rule(&listener, 5, &group);
    world.op(Op::CreateRule { key: key(ResourceKind::Rule), spec: rule.clone() }).await;
    let mut sg = world.group();
    sg.tags.insert("ingress.k8s.aws/stack".into(), "other".into());
    let mut tg = world.target_group();
    tg.tags.insert("elbv2.k8s.aws/cluster".into(), "other".into());
    tg.port = 81;
    let mut other_listener = world.listener(&balancer, 80);
    other_listener.default_actions = vec![crate::world::forward(&group)];
    let mut other_rule = rule;
    other_rule.conditions.pop();
    for op in [
        Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec: sg },
        Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec: tg },
        Op::CreateListener { key: key(ResourceKind::Listener), spec: other_listener },
        Op::CreateRule { key: key(ResourceKind::Rule), spec: other_rule },
    ] {
        let error = world.try_op(&op).await.expect_err("it is in the way");
        assert!(matches!(error, Error::Exists(_)), "{op:?}: {error}");
    }
}

#[tokio::test]
async fn a_deletion_waits_for_the_last_user() {
    let world = World::new().await;
    let (.., group) = world.small_stack().await;
    for (service, operation, code, op) in [
        (ELB, "DeleteTargetGroup", "ResourceInUse", Op::DeleteTargetGroup { arn: group }),
        (
            "ec2",
            "DeleteSecurityGroup",
            "DependencyViolation",
            Op::DeleteSecurityGroup { id: "sg-0123456789abcdef0".into() },
        ),
    ] {
        let fault = Fault::new(code, "it is used");
        world.emulator.script(Script::new(service, operation, 1, Effect::Refuse(fault)));
        world.op(op).await;
        assert_eq!(world.aws.calls()[&format!("{service}:{operation}")], 2);
    }
}

#[tokio::test]
async fn a_refusal_names_the_missing_permission() {
    let world = World::new().await;
    let fault = Fault::new("AccessDenied", "User: x is not authorized").status(403);
    world.emulator.script(Script::new(ELB, "DeleteLoadBalancer", 1, Effect::Refuse(fault)));
    let op = Op::DeleteLoadBalancer { arn: Arn("arn:aws:elasticloadbalancing:x".into()) };
    let error = world.try_op(&op).await.expect_err("it is refused");
    let refusal = error.refusal().expect("AWS was asked");
    assert_eq!(refusal.action(), "elasticloadbalancing:DeleteLoadBalancer");
    assert!(refusal.request_id.is_some());
    assert!(matches!(error, Error::Denied(_)), "{error}");
}

#[tokio::test]
async fn a_step_that_refers_to_nothing_known_asks_nothing() {
    let world = World::new().await;
    let group: Value<Arn> = key(ResourceKind::TargetGroup).output(Field::Arn);
    let zone = inroad_words::ZoneKey::default();
    for op in [
        Op::RegisterTargets { group, targets: BTreeSet::new() },
        Op::ChangeRecords { zone, changes: Vec::new() },
    ] {
        let error = world.try_op(&op).await.expect_err("it cannot be said");
        assert_eq!((error.retry(), error.refusal()), (Retry::Never, None), "{error}");
    }
    let zone = Unit::Zone(inroad_words::ZoneKey::default());
    assert!(inroad_aws::observe(&world.aws, &zone, &world.own).await.is_err());
    assert!(world.aws.calls().is_empty(), "{:?}", world.aws.calls());
}
