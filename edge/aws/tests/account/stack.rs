//! A stack from nothing to everything and back: what is made is seen as it was asked for.

use std::collections::{BTreeMap, BTreeSet};

use inroad_aws::{Inventory, observe_targets};
use inroad_plan::Op;
use inroad_words::balancer::{IpAddressType, ListenerProtocol, Mutual, Rewrite, Transform, Verify};
use inroad_words::network::{Peer, SHARED_RULE_DESCRIPTION};
use inroad_words::observed::{Observed, SeenBalancer, SeenTargetGroup};
use inroad_words::targets::{Matcher, Target};
use inroad_words::{Arn, Field, ResourceKind, StackKey, Unit, Value};
use serde_json::json;

use crate::world::{GROUP_ID, World, connect, forward, key, not_found, stack, targets, tcp};

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
}

fn balancer(seen: &Observed) -> &SeenBalancer {
    let [balancer] = &seen.load_balancers["LoadBalancer"][..] else {
        panic!("one load balancer: {:?}", seen.load_balancers);
    };
    balancer
}

fn target_group(seen: &Observed) -> &SeenTargetGroup {
    &seen.target_groups[GROUP_ID][0]
}

#[tokio::test]
async fn security_groups_come_change_and_go() {
    let world = World::new().await;
    let mut spec = world.group();
    let made =
        Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec: spec.clone() };
    let id = world.op(made).await[&Field::GroupId].clone();
    spec.ingress = BTreeSet::from([
        tcp(80, Peer::Ipv4("0.0.0.0/0".into()), ""),
        tcp(80, Peer::Ipv6("::/0".into()), "open"),
        tcp(443, Peer::Group(Value::Known(id.clone())), ""),
    ]);
    let (group, rules) = (Value::Known(id.clone()), spec.ingress.clone());
    world.op(Op::AuthorizeIngress { group: group.clone(), rules: rules.clone() }).await;
    let seen = world.seen(&stack()).await;
    assert_eq!(seen.security_groups["ManagedLBSecurityGroup"][0].spec, spec);

    // One of two is there: the other is made all the same; and what is gone need not be revoked.
    let more = tcp(8080, Peer::Ipv4("10.0.0.0/8".into()), "");
    spec.ingress.insert(more.clone());
    let rules = rules.into_iter().take(1).chain([more]).collect();
    world.op(Op::AuthorizeIngress { group: group.clone(), rules }).await;
    let gone = tcp(9, Peer::Ipv4("10.0.0.0/8".into()), "");
    let open = tcp(80, Peer::Ipv6("::/0".into()), "open");
    spec.ingress.remove(&open);
    world.op(Op::RevokeIngress { group, rules: BTreeSet::from([gone, open]) }).await;
    let (set, remove) = (pairs(&[("team", "a"), ("stage", "b")]), BTreeSet::new());
    world.op(Op::TagEc2 { id: id.clone(), set, remove }).await;
    let remove = BTreeSet::from(["stage".to_owned()]);
    world.op(Op::TagEc2 { id: id.clone(), set: BTreeMap::new(), remove }).await;
    spec.tags.insert("team".into(), "a".into());
    let seen = world.seen(&stack()).await;
    assert_eq!(seen.security_groups["ManagedLBSecurityGroup"][0].spec, spec);

    world.op(Op::DeleteSecurityGroup { id: id.clone() }).await;
    world.op(Op::DeleteSecurityGroup { id }).await;
    assert_eq!(world.seen(&stack()).await, Observed::default());
}

#[tokio::test]
async fn a_stack_is_seen_as_it_was_asked_for() {
    let world = World::new().await;
    let (arn, listener, group) = world.small_stack().await;
    let rule = world.rule(&listener, 7, &group);
    world.op(Op::CreateRule { key: key(ResourceKind::Rule), spec: rule.clone() }).await;
    let seen = world.seen(&stack()).await;

    let lb = balancer(&seen);
    assert_eq!((&lb.arn, lb.kind.as_str(), lb.state.as_str()), (&arn, "application", "active"));
    assert!(lb.dns_name.ends_with(".elb.amazonaws.com"), "{}", lb.dns_name);
    let groups = &seen.security_groups["ManagedLBSecurityGroup"];
    let mut wanted = world.balancer(&groups[0].id);
    assert_eq!(lb.spec.attributes["deletion_protection.enabled"], "false");
    wanted.attributes = lb.spec.attributes.clone();
    assert_eq!(lb.spec, wanted);

    let mut wanted = world.listener(&arn, 80);
    let seen_listener = &lb.listeners[&80];
    wanted.attributes = seen_listener.spec.attributes.clone();
    assert!(!wanted.attributes.is_empty());
    assert_eq!(seen_listener.spec, wanted);
    assert_eq!(seen_listener.rules.len(), 1);
    assert_eq!(seen_listener.rules[0].spec, rule);

    let seen_group = target_group(&seen);
    assert_eq!(seen_group.load_balancers, BTreeSet::from([arn]));
    let mut wanted = world.target_group();
    wanted.attributes = seen_group.spec.attributes.clone();
    assert_eq!(wanted.attributes["deregistration_delay.timeout_seconds"], "300");
    assert_eq!(seen_group.spec, wanted);
}

#[tokio::test]
async fn load_balancers_and_target_groups_change_in_place() {
    let world = World::new().await;
    let (arn, _, group) = world.small_stack().await;
    let (balancer_arn, group_arn) = (Value::Known(arn.clone()), Value::Known(group.clone()));
    let subnets: BTreeSet<_> = world.subnets[1..].iter().cloned().collect();
    let mut health = world.target_group().health_check;
    health.path = Some("/healthz".into());
    health.matcher = Some(Matcher::Http("200-299".into()));
    let second = world.ask(
        "ec2",
        "CreateSecurityGroup",
        json!({"GroupName": "other", "Description": "d", "VpcId": world.own.vpc}),
    );
    let second = crate::world::text(&second["GroupId"]);
    let idle = pairs(&[("idle_timeout.timeout_seconds", "90")]);
    let delay = pairs(&[("deregistration_delay.timeout_seconds", "5")]);
    let groups = vec![Value::Known(second.clone())];
    for op in [
        Op::SetSubnets { balancer: arn.clone(), subnets: subnets.clone() },
        Op::SetSecurityGroups { balancer: arn.clone(), groups: groups.clone() },
        Op::SetIpAddressType { balancer: arn.clone(), ip_address_type: IpAddressType::Ipv4 },
        Op::ModifyLoadBalancerAttributes { balancer: balancer_arn, set: idle },
        Op::ModifyHealthCheck { group: group_arn.clone(), spec: health.clone() },
        Op::ModifyTargetGroupAttributes { group: group_arn, set: delay },
        Op::TagBalancing {
            arn: group,
            set: pairs(&[("team", "a")]),
            remove: BTreeSet::from(["absent".to_owned()]),
        },
    ] {
        world.op(op).await;
    }
    let seen = world.seen(&stack()).await;
    let lb = &balancer(&seen).spec;
    assert_eq!((&lb.subnets.prefer, &lb.security_groups), (&subnets, &groups));
    assert_eq!(lb.attributes["idle_timeout.timeout_seconds"], "90");
    let spec = &target_group(&seen).spec;
    assert_eq!(spec.health_check, health);
    assert_eq!(spec.attributes["deregistration_delay.timeout_seconds"], "5");
    assert_eq!(spec.tags["team"], "a");
}

#[tokio::test]
async fn listeners_and_their_certificates_change_in_place() {
    let world = World::new().await;
    let (arn, _, group) = world.small_stack().await;
    let [first, second, third] =
        ["a", "b", "c"].map(|name| world.certificate(&format!("{name}.example.com"), "RSA_2048"));
    let mut spec = world.listener(&arn, 443);
    spec.protocol = ListenerProtocol::Https;
    spec.certificates = vec![first.clone(), second.clone()];
    spec.ssl_policy = Some("ELBSecurityPolicy-2016-08".into());
    let made = Op::CreateListener { key: key(ResourceKind::Listener), spec: spec.clone() };
    let listener = Arn(world.op(made).await[&Field::Arn].clone());
    let add = |certificate: &Arn| Op::AddCertificate {
        listener: Value::Known(listener.clone()),
        certificate: certificate.clone(),
    };
    world.op(add(&second)).await;
    let seen = world.seen(&stack()).await;
    spec.attributes = balancer(&seen).listeners[&443].spec.attributes.clone();
    assert_eq!(balancer(&seen).listeners[&443].spec, spec, "default first, then the SNI list");

    spec.certificates = vec![third.clone()];
    spec.default_actions = vec![forward(&group)];
    spec.ssl_policy = Some("ELBSecurityPolicy-TLS13-1-2-2021-06".into());
    let server = "routing.http.response.server.enabled";
    let set = pairs(&[(server, "false")]);
    spec.attributes.insert(server.into(), "false".into());
    for op in [
        Op::ModifyListener { listener: listener.clone(), spec: spec.clone() },
        Op::RemoveCertificate { listener: listener.clone(), certificate: second },
        Op::ModifyListenerAttributes { listener: Value::Known(listener.clone()), set },
    ] {
        world.op(op).await;
    }
    world.op(add(&third)).await;
    // A default certificate that is in the SNI list as well is seen twice.
    spec.certificates.push(third);
    let seen = world.seen(&stack()).await;
    assert_eq!(balancer(&seen).listeners[&443].spec, spec);

    let store = world.trust_store("staff");
    let verify = |ignore_expiry, advertise| {
        Mutual::Verify(Verify { trust_store: store.clone(), ignore_expiry, advertise })
    };
    for (asked, told) in [
        (Some(verify(true, Some(true))), Some(verify(true, Some(true)))),
        (Some(verify(false, None)), Some(verify(false, Some(false)))),
        (None, Some(verify(false, Some(false)))),
        (Some(Mutual::Passthrough), Some(Mutual::Passthrough)),
        (Some(Mutual::Off), None),
    ] {
        spec.mutual.clone_from(&asked);
        world.op(Op::ModifyListener { listener: listener.clone(), spec: spec.clone() }).await;
        let seen = world.seen(&stack()).await;
        let mutual = balancer(&seen).listeners[&443].spec.mutual.as_ref();
        assert_eq!(mutual, told.as_ref(), "{asked:?}");
        assert!(asked.is_none_or(|it| it.is_met_by(mutual)));
    }
}

#[tokio::test]
async fn a_look_costs_few_calls() {
    let world = World::new().await;
    let calls = || world.aws.calls().values().sum::<u64>();
    world.seen(&stack()).await;
    assert_eq!(calls(), 2, "nothing there: by tag, and the security groups");
    world.small_stack().await;
    let before = calls();
    world.seen(&stack()).await;
    // Those two; load balancers, target groups; attributes of both; listeners; the listener's
    // attributes and rules. All tags are in the listing.
    assert_eq!(calls() - before, 9);
}

#[tokio::test]
async fn rules_move_change_and_go() {
    let world = World::new().await;
    let (arn, listener, group) = world.small_stack().await;
    let mut specs = [1, 2].map(|priority| world.rule(&listener, priority, &group));
    let rewrite = vec![Rewrite { regex: "^/1/".into(), replace: "/".into() }];
    for spec in &mut specs {
        spec.transforms.push(Transform::UrlRewrite(rewrite.clone()));
        spec.transforms.push(Transform::HostHeaderRewrite(rewrite.clone()));
    }
    let mut arns = Vec::new();
    for spec in &specs {
        let made = Op::CreateRule { key: key(ResourceKind::Rule), spec: spec.clone() };
        arns.push(Arn(world.op(made).await[&Field::Arn].clone()));
    }
    // They change places, which no order of single calls could do.
    let priorities = BTreeMap::from([(arns[0].clone(), 2), (arns[1].clone(), 1)]);
    world.op(Op::SetRulePriorities { listener: listener.clone(), priorities }).await;
    (specs[0].priority, specs[1].priority) = (2, 1);
    specs[1].actions = vec![not_found()];
    specs[1].conditions.pop();
    specs[1].transforms.clear();
    world.op(Op::ModifyRule { rule: arns[1].clone(), spec: specs[1].clone() }).await;
    specs[0].transforms.pop();
    world.op(Op::ModifyRule { rule: arns[0].clone(), spec: specs[0].clone() }).await;
    let seen = world.seen(&stack()).await;
    let rules = &balancer(&seen).listeners[&80].rules;
    let rules: Vec<_> = rules.iter().map(|rule| (&rule.arn, &rule.spec)).collect();
    assert_eq!(rules, [(&arns[1], &specs[1]), (&arns[0], &specs[0])]);

    for _ in 0..2 {
        world.op(Op::DeleteRule { arn: arns[0].clone() }).await;
    }
    let seen = world.seen(&stack()).await;
    assert_eq!(balancer(&seen).listeners[&80].rules.len(), 1);
    for op in [
        Op::DeleteListener { arn: listener.clone() },
        Op::DeleteListener { arn: listener },
        Op::DeleteLoadBalancer { arn: arn.clone() },
        Op::DeleteLoadBalancer { arn },
        Op::DeleteTargetGroup { arn: group.clone() },
        Op::DeleteTargetGroup { arn: group },
    ] {
        world.op(op).await;
    }
    let seen = world.seen(&stack()).await;
    assert!(seen.load_balancers.is_empty() && seen.target_groups.is_empty(), "{seen:?}");
}

#[tokio::test]
async fn targets_are_seen_until_they_drain() {
    let world = World::new().await;
    assert_eq!(world.seen(&targets()).await.targets, None);
    let (_, listener, group) = world.small_stack().await;
    let spec = world.rule(&listener, 1, &group);
    world.op(Op::CreateRule { key: key(ResourceKind::Rule), spec }).await;
    let target = |id: &str, zone: Option<&str>| Target {
        id: id.into(),
        port: 8080,
        zone: zone.map(str::to_owned),
    };
    let (near, far) = (target("10.0.0.9", None), target("192.168.0.9", Some("all")));
    let both = BTreeSet::from([near.clone(), far.clone()]);
    let arn = Value::Known(group.clone());
    world.op(Op::RegisterTargets { group: arn.clone(), targets: both.clone() }).await;
    let seen = world.seen(&targets()).await.targets.expect("the group is there");
    assert_eq!(seen.group, group);
    assert_eq!(seen.targets.keys().cloned().collect::<BTreeSet<_>>(), both);
    assert!(seen.targets.values().all(|health| health.state == "healthy"), "{seen:?}");

    world.op(Op::DeregisterTargets { group: arn, targets: BTreeSet::from([far]) }).await;
    let seen = observe_targets(&world.aws, &group).await.expect("the group is there");
    assert_eq!(seen.targets.into_keys().collect::<Vec<_>>(), [near]);
}

#[tokio::test]
async fn the_foundation_is_our_group_and_our_rules_on_others() {
    let mut world = World::new().await;
    let mut spec = world.group();
    spec.tags = pairs(&[("elbv2.k8s.aws/cluster", "c"), ("elbv2.k8s.aws/resource", "backend-sg")]);
    let made =
        Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec: spec.clone() };
    let backend = world.op(made).await[&Field::GroupId].clone();
    let mut nodes = Vec::new();
    for (name, tag) in [("tagged", "kubernetes.io/cluster/c"), ("told", "team"), ("foreign", "t")] {
        let mut spec = world.group();
        (spec.name, spec.tags) = (name.into(), pairs(&[(tag, "owned")]));
        let made = Op::CreateSecurityGroup { key: key(ResourceKind::SecurityGroup), spec };
        let id = world.op(made).await[&Field::GroupId].clone();
        let peer = || Peer::Group(Value::Known(backend.clone()));
        let says = format!("{SHARED_RULE_DESCRIPTION},a=b");
        let rules = BTreeSet::from([tcp(80, peer(), &says), tcp(22, peer(), "not ours")]);
        world.op(Op::AuthorizeIngress { group: Value::Known(id.clone()), rules }).await;
        nodes.push(id);
    }
    // Told of it or not: whoever lets our group in is found.
    let told: BTreeSet<String> = nodes[1..2].iter().cloned().collect();
    world.own.shared_groups = told;
    let seen = world.seen(&Unit::Foundation).await;
    assert_eq!(seen.security_groups["backend-sg"][0].spec, spec);
    assert_eq!(seen.shared_rules.keys().collect::<BTreeSet<_>>(), nodes.iter().collect());
    let rules = &seen.shared_rules[&nodes[0]].spec.ingress;
    assert_eq!(rules.iter().map(|rule| rule.from_port).collect::<Vec<_>>(), [Some(80)]);
}

#[tokio::test]
async fn an_inventory_holds_our_stacks_alone_and_sees_them_alike() {
    let mut world = World::new().await;
    let (arn, ..) = world.small_stack().await;
    // Below our load balancer all is ours, tagged or not; another cluster's is not.
    let untagged = json!({"LoadBalancerArn": arn.0, "Port": 8080, "Protocol": "HTTP",
        "DefaultActions": [{"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}]});
    world.ask("elasticloadbalancing", "CreateListener", untagged);
    let mut foreign = world.target_group();
    foreign.name = "another".into();
    foreign.tags.insert("elbv2.k8s.aws/cluster".into(), "d".into());
    let made = Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec: foreign };
    world.op(made).await;

    let alone = world.seen(&stack()).await;
    assert_eq!(balancer(&alone).listeners.keys().collect::<Vec<_>>(), [&80, &8080]);
    assert_eq!(alone.target_groups[GROUP_ID].len(), 1);
    for by_tags in [true, false] {
        if !by_tags {
            // Whoever lacks tag:GetResources sees the same.
            let fault = inroad_emulator::Fault::new("AccessDeniedException", "no").status(400);
            let effect = inroad_emulator::faults::Effect::Refuse(fault);
            let script = inroad_emulator::faults::Script::new("tagging", "GetResources", 9, effect);
            world.emulator.script(script);
            world.aws = connect(&world.emulator).await;
        }
        let inventory = Inventory::list(&world.aws, &world.own).await.expect("it answers");
        let shop = StackKey::Group("shop".into());
        assert_eq!(inventory.stacks(&world.own), BTreeSet::from([shop]));
        let seen = inventory.observe(&world.aws, &stack(), &world.own).await;
        assert_eq!(seen.expect("it answers"), alone, "by tags: {by_tags}");
        assert_eq!(world.seen(&stack()).await, alone, "by tags: {by_tags}");
    }
    assert_eq!(world.aws.calls()["tag:GetResources"], 1, "once refused, never asked again");
}
