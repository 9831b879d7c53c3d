//! Cases with blessed text: what is wanted, after what was there, and the plan as people read it.
//! `INROAD_BLESS=1 cargo test -p inroad-plan` writes the texts anew.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use crate::worlds::{self, Mischief, Wish, key, observed};
use inroad_desired::{Desired, Resource, model};
use inroad_plan::{Op, Plan, diff, render, render::text, simulate};
use inroad_words::{
    Arn, Field, Origin, Origins, ResourceKey, ResourceKind, StackKey, TargetKey, Unit, Value,
    balancer::{DELETION_PROTECTION, Scheme},
    controller::Controller,
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION},
    observed::{Observed, SeenGroup, SeenTargets, TargetHealth},
    targets::Target,
};

pub(crate) fn shop() -> Wish {
    Wish {
        exists: true,
        scheme: Scheme::Internal,
        fixed_name: false,
        subnets: (true, BTreeSet::from([1, 2])),
        dualstack: false,
        groups: BTreeMap::from([(0, (false, 0)), (1, (false, 0))]),
        ports: BTreeMap::from([(80, (false, BTreeSet::new())), (443, (true, [1, 2].into()))]),
        rules: vec![(443, 0, 0), (443, 1, 1)],
        ingress: BTreeSet::from([80, 443]),
        tag: 0,
        foundation_group: false,
    }
}

fn after(history: &[Wish], mischief: &[Mischief], wish: &Wish) -> Plan {
    plan(&wish.desired(), &observed(history, mischief))
}

fn plan(desired: &Desired, observed: &Observed) -> Plan {
    let controller = settings();
    let plan = diff(desired, observed, &controller);
    let mut left = simulate(&plan, observed);
    if plan.succeeds() {
        left = simulate(&diff(desired, &left, &controller), &left);
    }
    let again = diff(desired, &left, &controller);
    assert!(again.is_empty(), "planned again: {:#?}", again.ops);
    plan
}

fn settings() -> Controller {
    let mut controller = Controller::default();
    controller.balancers.cluster_name = "lab".into();
    controller.balancers.external_managed_tags.insert("cost-centre".into());
    controller
}

fn changed(change: impl FnOnce(&mut Wish)) -> Wish {
    let mut wish = shop();
    change(&mut wish);
    wish
}

fn stacks() -> Vec<(&'static str, Plan)> {
    let edited = |change: fn(&mut Wish)| after(&[shop()], &[], &changed(change));
    let nothing = changed(|it| it.exists = false);
    let fixed = changed(|it| it.fixed_name = true);
    let mut fixed_public = fixed.clone();
    fixed_public.scheme = Scheme::InternetFacing;
    vec![
        ("from-nothing", after(&[], &[], &shop())),
        ("settled", after(&[shop()], &[], &shop())),
        ("health-check-path", edited(|it| it.groups.extend([(0, (false, 1))]))),
        ("protocol-of-a-service", edited(|it| it.groups.extend([(0, (true, 0))]))),
        ("rule-in-front", edited(|it| it.rules.insert(0, (443, 2, 1)))),
        ("rule-gone", edited(|it| it.rules.truncate(1))),
        ("rule-changed", edited(|it| it.rules[0].2 = 1)),
        ("certificates", edited(|it| it.ports.get_mut(&443).unwrap().1 = [2, 3].into())),
        ("listener-gone", edited(|it| it.ports.retain(|port, _| *port == 443))),
        ("scheme", edited(|it| it.scheme = Scheme::InternetFacing)),
        ("scheme-under-a-fixed-name", after(&[fixed], &[], &fixed_public)),
        ("subnets-kept", edited(|it| it.subnets.1 = [2, 3].into())),
        ("subnets-explicit", edited(|it| it.subnets = (false, [2, 3].into()))),
        ("dualstack", edited(|it| (it.dualstack, it.subnets) = (true, (false, [3, 4].into())))),
        ("security-group-rules", edited(|it| it.ingress = [443, 8443].into())),
        ("tags", edited(|it| it.tag = 1)),
        ("waits-for-the-foundation", edited(|it| it.foundation_group = true)),
        ("waits-from-the-start", after(&[], &[], &changed(|it| it.foundation_group = true))),
        ("to-nothing", after(&[shop()], &[Mischief::Protect], &nothing)),
        ("used-by-a-stranger", after(&[shop()], &[Mischief::ForeignUser], &nothing)),
        ("twins", after(&[shop()], &[Mischief::TwinTargets, Mischief::TwinGroups], &shop())),
        ("strange-listener", after(&[shop()], &[Mischief::Listener], &shop())),
        ("held-listener", held(key(ResourceKind::Listener, "443"))),
        ("held-rule", held(key(ResourceKind::Rule, "443:1"))),
    ]
}

/// The shop with a new scheme, while one thing of it cannot be said.
fn held(key: ResourceKey) -> Plan {
    let mut desired = changed(|it| it.scheme = Scheme::InternetFacing).desired();
    let all: Vec<_> = (0..40).collect();
    let choice =
        all.into_iter().find(|it| worlds::hold(&mut desired.clone(), *it) == Some(key.clone()));
    worlds::hold(&mut desired, choice.expect("the shop has it"));
    plan(&desired, &observed(&[shop()], &[]))
}

fn rule(port: u16, peer: Peer, description: &str) -> IngressRule {
    let port = Some(i32::from(port));
    let description = description.into();
    IngressRule { protocol: "tcp".into(), from_port: port, to_port: port, peer, description }
}

/// The shared group is made and let in; a rule of ours that nobody needs goes, one of others stays.
fn foundation() -> Plan {
    let mut desired = Desired::nothing(Unit::Foundation);
    let backend = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
    let mut group = SeenGroup::empty("").spec;
    group.name = "k8s-traffic-lab".into();
    let spec = Resource { spec: group, origins: Origins::of(Origin::Default) };
    desired.security_groups.insert("backend-sg".into(), spec);
    let peer = Peer::Group(backend.output(Field::GroupId));
    let wanted = rule(8080, peer, SHARED_RULE_DESCRIPTION);
    let rules = BTreeMap::from([(wanted, Origin::Flag("cluster-name".into()))]);
    desired.shared_rules.insert("sg-nodes".into(), rules);
    let mut nodes = SeenGroup::empty("sg-nodes");
    let anywhere = || Peer::Ipv4("10.0.0.0/8".into());
    nodes.spec.ingress.insert(rule(9090, anywhere(), SHARED_RULE_DESCRIPTION));
    nodes.spec.ingress.insert(rule(22, anywhere(), "ssh"));
    let mut observed = Observed::default();
    observed.shared_rules.insert("sg-nodes".into(), nodes);
    plan(&desired, &observed)
}

fn target(last: u16) -> Target {
    Target { id: format!("10.0.{}.{}", last / 250, last % 250), port: 8080, zone: None }
}

/// One of three addresses goes, one is new, one drains and is wanted again.
fn targets(wanted: &[u16], group: Value<Arn>, shared: bool) -> Plan {
    let stack = StackKey::Group("shop".into());
    let unit = Unit::Targets(TargetKey { stack, group: "shop/web-cart:80".into() });
    let mut desired = Desired::nothing(unit);
    let targets = wanted.iter().map(|it| (target(*it), Origin::Default)).collect();
    desired.targets = Some(model::DesiredTargets { group, shared, targets });
    let health = |state: &str| TargetHealth { state: state.into(), ..Default::default() };
    let zoned = Target { zone: Some("eu-west-1a".into()), ..target(1) };
    let there = [
        (zoned, health("healthy")),
        (target(2), health("unhealthy")),
        (target(3), health("draining")),
    ];
    let seen = SeenTargets { group: Arn("tg".into()), targets: there.into() };
    let observed = Observed { targets: Some(seen), ..Default::default() };
    plan(&desired, &observed)
}

/// Another scheme, once the new load balancer stands: `healthy` of its targets are.
fn scheme_served(healthy: Option<usize>) -> Plan {
    let wish = changed(|it| it.scheme = Scheme::InternetFacing);
    let before = observed(&[shop()], &[]);
    let mut observed = simulate(&after(&[shop()], &[], &wish), &before);
    let is_new = |arn: &Arn| {
        let mut all = before.target_groups.values().flatten();
        all.all(|it| it.arn != *arn)
    };
    for group in observed.target_groups.values_mut().flatten() {
        group.healthy = if is_new(&group.arn) { healthy } else { Some(1) };
    }
    diff(&wish.desired(), &observed, &settings())
}

fn others() -> Vec<(&'static str, Plan)> {
    let known = || Value::Known(Arn("tg".into()));
    let cart = key(ResourceKind::TargetGroup, "shop/web-cart:80");
    let many: Vec<u16> = (1..=450).collect();
    vec![
        ("foundation", foundation()),
        ("targets", targets(&[1, 3, 4], known(), false)),
        ("scheme-served", scheme_served(Some(2))),
        ("scheme-unhealthy", scheme_served(Some(0))),
        ("targets-shared", targets(&[1, 3, 4], known(), true)),
        ("targets-many", targets(&many, known(), false)),
        ("targets-wait", targets(&[1], cart.output(Field::Arn), false)),
    ]
}

#[test]
fn plans_read_as_blessed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/plans");
    let mut wrong = Vec::new();
    for (name, plan) in stacks().into_iter().chain(others()) {
        let text = text(&render([&plan]));
        let file = folder.join(format!("{name}.txt"));
        if std::env::var_os("INROAD_BLESS").is_some() {
            std::fs::write(&file, &text).expect("the folder of blessed texts is there");
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            wrong.push(format!("{name}:\n{text}"));
        }
    }
    assert!(wrong.is_empty(), "not as blessed:\n{}", wrong.join("\n"));
}

/// Where old and new rules do not fit together, the old ones go first; else last.
#[test]
fn a_full_load_balancer_makes_room_first() {
    for (count, deletes_first) in [(40u8, false), (60, true)] {
        let many = |offset: u8| {
            changed(|it| it.rules = (0..count).map(|n| (443, n + offset, 0)).collect())
        };
        // Shorter by one where it is not full, so that something is left over in both.
        let observed = observed(&[many(0)], &[]);
        let mut wish = many(0);
        wish.ports.insert(80, (false, BTreeSet::new()));
        wish.rules = (0..count).map(|n| (80, n, 0)).chain([(443, 0, 0)]).collect();
        let plan = plan(&wish.desired(), &observed);
        let place = |test: fn(&Op) -> bool| {
            plan.ops.iter().find(|(_, step)| test(&step.op)).map(|(id, _)| *id)
        };
        let first_create = place(|op| matches!(op, Op::CreateRule { .. }));
        let first_delete = place(|op| matches!(op, Op::DeleteRule { .. }));
        assert_eq!(first_delete < first_create, deletes_first, "{count} rules");
    }
}

/// Tags of others, of the past and of our own bookkeeping are no reason to write.
#[test]
fn tags_that_are_not_ours_to_keep() {
    let cases = [
        ("aws:cloudformation:stack-name", false),
        ("cost-centre", false),
        ("kubernetes.io/cluster/lab", false),
        ("kubernetes.io/cluster/other", true),
        ("kubernetes.io/ingress-name", false),
        ("inroad/fingerprint", false),
        ("team", true),
    ];
    for (tag, goes) in cases {
        let mut observed = observed(&[shop()], &[]);
        let balancer = observed.load_balancers.values_mut().flatten().next().unwrap();
        balancer.spec.tags.insert(tag.into(), "x".into());
        balancer.spec.attributes.insert(DELETION_PROTECTION.into(), "true".into());
        let plan = plan(&shop().desired(), &observed);
        let removed: BTreeSet<String> = plan
            .ops
            .values()
            .flat_map(|step| match &step.op {
                Op::TagBalancing { remove, set, .. } => {
                    assert!(set.is_empty(), "{tag} makes us write {set:?}");
                    remove.clone()
                }
                op => panic!("{tag} makes us do {op:?}"),
            })
            .collect();
        assert_eq!(removed.contains(tag), goes, "{tag}");
    }
}
