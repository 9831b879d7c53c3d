use inroad_words::{
    ResourceKey, Unit,
    balancer::{IpAddressType, ListenerProtocol},
    controller::Controller,
    facts::Facts,
};

use super::*;
use crate::{
    model::Shaped,
    shape,
    testing::{self, balancer, controller, group_fact, listener, said, stack},
};

fn shaped(balancer: BalancerIntent, facts: &Facts, controller: &Controller) -> Shaped {
    shape(&stack(balancer), facts, controller)
}

fn worn(shaped: &Shaped) -> Vec<String> {
    let balancer = &shaped.desired.load_balancers["LoadBalancer"].spec;
    let show = |group: &Value<String>| match group {
        Value::Known(id) => id.clone(),
        Value::Output { of, .. } => of.to_string(),
    };
    balancer.security_groups.iter().map(show).collect()
}

fn source(shaped: &Shaped) -> Option<Value<String>> {
    let binding = &shaped.desired.bindings[testing::CART].spec;
    binding.networking.as_ref().map(|rules| rules[0].source.clone())
}

fn given(names: &[&str], manage: bool) -> SecurityIntent {
    let groups = names.iter().map(ToString::to_string).collect::<Vec<_>>();
    SecurityIntent::Given { groups: said(groups), manage_backend_rules: said(manage) }
}

const OWN: &str = "stack shop/web#security-group:ManagedLBSecurityGroup";

#[test]
fn who_wears_what_and_whom_the_targets_let_in() {
    let mut facts = testing::facts();
    for (id, name) in [("sg-1", "one"), ("sg-2", "web"), ("sg-3", "web")] {
        facts.security_groups.insert(id.into(), group_fact(id, name));
    }
    let mut off = controller();
    off.balancers.switches.backend_security_group = false;
    let mut lent = controller();
    lent.balancers.switches.given_backend_security_group = Some("sg-lent".into());
    let shared = "foundation#security-group:backend-sg";
    let on = controller();
    let cases: [(_, _, &[&str], Option<&str>); 6] = [
        (SecurityIntent::Managed, &on, &[OWN, shared], Some(shared)),
        (SecurityIntent::Managed, &lent, &[OWN, "sg-lent"], Some("sg-lent")),
        (SecurityIntent::Managed, &off, &[OWN], Some(OWN)),
        (given(&["web", "sg-1"], false), &on, &["sg-1", "sg-2", "sg-3"], None),
        (given(&["sg-1"], true), &on, &["sg-1", shared], Some(shared)),
        (given(&["sg-1"], false), &off, &["sg-1"], None),
    ];
    for (security, controller, want, want_source) in cases {
        let mut balancer = balancer([(80, listener(ListenerProtocol::Http, vec![]))]);
        balancer.security = security;
        let shaped = shaped(balancer, &facts, controller);
        assert_eq!(worn(&shaped), want);
        let source = source(&shaped).map(|source| match source {
            Value::Known(id) => id,
            Value::Output { of, .. } => of.to_string(),
        });
        assert_eq!(source.as_deref(), want_source);
    }
}

#[test]
fn a_shared_group_that_is_there_is_named() {
    let mut facts = testing::facts();
    let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, "backend-sg");
    facts.outputs.0.insert((key, Field::GroupId), "sg-shared".into());
    let shaped = shaped(balancer([]), &facts, &controller());
    assert_eq!(worn(&shaped), [OWN, "sg-shared"]);
}

#[test]
fn groups_that_cannot_be_told_hold_the_load_balancer() {
    let need = Need::SecurityGroups(BTreeSet::from(["sg-1".into()]));
    let mut silent = testing::facts();
    silent.missing.insert(need, "AccessDenied".into());
    for (facts, security, want) in [
        (&testing::facts(), given(&["gone"], false), "waits until LB0106 is mended"),
        (&silent, given(&["sg-1"], true), "waits for an answer: AccessDenied"),
    ] {
        let mut balancer = balancer([]);
        balancer.security = security;
        let shaped = shaped(balancer, facts, &controller());
        assert!(shaped.desired.load_balancers.is_empty());
        let held: Vec<_> = shaped.desired.held.resources.values().collect();
        assert_eq!(held.iter().map(|it| it.reason.to_string()).collect::<Vec<_>>(), [want]);
    }
}

#[test]
fn each_listener_lets_in_whom_it_is_told_to() {
    let mut narrow = listener(ListenerProtocol::Http, vec![]);
    narrow.inbound_cidrs = said(Vec::new());
    narrow.prefix_lists = said(vec!["pl-1".to_owned()]);
    let listeners = [(80, listener(ListenerProtocol::Http, vec![])), (81, narrow)];
    let rules = |ip_address_type| {
        let mut balancer = balancer(listeners.clone());
        balancer.ip_address_type = said(ip_address_type);
        let shaped = shaped(balancer, &testing::facts(), &controller());
        let group = &shaped.desired.security_groups[MANAGED];
        let show = |rule: &IngressRule| format!("{:?} {:?}", rule.from_port, rule.peer);
        group.spec.ingress.iter().map(show).collect::<Vec<_>>()
    };
    let v4 = r#"Some(80) Ipv4("0.0.0.0/0")"#;
    let (v6, list) = (r#"Some(80) Ipv6("::/0")"#, r#"Some(81) PrefixList("pl-1")"#);
    assert_eq!(rules(IpAddressType::Ipv4), [v4, list]);
    assert_eq!(rules(IpAddressType::DualstackWithoutPublicIpv4), [v4, v6, list]);
}
