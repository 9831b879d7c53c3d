use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Kind, ObjectKey, Said, StackKey, TargetKey, controller::Controller};

use super::*;
use crate::{
    shape,
    testing::{self, CART, balancer, controller, facts, said, stack},
};
use inroad_intent::Intent;

fn shaped(change: impl FnOnce(&mut Backend), controller: &Controller) -> Desired {
    let Intent::Stack(mut intent) = stack(balancer([])) else { unreachable!("stack makes stacks") };
    change(intent.backends.get_mut(CART).expect("stack has a backend"));
    shape(&Intent::Stack(intent), &facts(), controller).desired
}

fn ports(desired: &Desired) -> Vec<String> {
    let networking = desired.bindings[CART].spec.networking.as_ref();
    let show = |rule: &BindingRule| rule.ports.first().map_or("any".into(), ToString::to_string);
    networking.expect("managed groups have networking").iter().map(show).collect()
}

#[test]
fn a_binding_opens_the_ports_of_traffic_health_and_control() {
    let named = PortRef::Name("web".into());
    assert_eq!(ports(&shaped(|_| (), &controller())), ["30080"]);
    assert_eq!(ports(&shaped(|it| it.target_port = named, &controller())), ["web"]);
    let probed = |it: &mut Backend| it.protocol.health_port = said("9090");
    assert_eq!(ports(&shaped(probed, &controller())), ["30080", "9090"]);
    let told = |it: &mut Backend| it.control_port = Some(said(9901_u16));
    assert_eq!(ports(&shaped(told, &controller())), ["30080", "9901"]);
    let mut open = controller();
    open.balancers.switches.unrestricted_rules = true;
    assert_eq!(ports(&shaped(probed, &open)), ["any"]);
}

#[test]
fn a_target_group_says_who_said_what() {
    let object = testing::web("/metadata/annotations/x");
    let path = Said::new("/up".to_owned(), object.clone());
    let labels = BTreeMap::from([("disk".to_owned(), said("ssd"))]);
    let change = |it: &mut Backend| {
        it.protocol.health_path = Some(path);
        it.attributes.insert("stickiness.enabled".into(), said("true"));
        it.node_labels = labels.clone();
    };
    let desired = shaped(change, &controller());
    let group = &desired.target_groups[CART];
    assert_eq!(group.spec.health_check.path.as_deref(), Some("/up"));
    assert_eq!(group.spec.vpc, "vpc-1");
    assert_eq!(group.spec.attributes["stickiness.enabled"], "true");
    assert_eq!(group.origins.get("healthCheckConfig.path"), object);
    assert_eq!(group.origins.get("healthCheckConfig.port"), Origin::Default);
    assert_eq!(group.origins.get(""), testing::web("/spec/rules/0/http/paths/0"));
    assert_eq!(desired.bindings[CART].spec.name, group.spec.name);
    assert_eq!(desired.bindings[CART].spec.node_labels["disk"], "ssd");

    let pods = |it: &mut Backend| {
        it.target_type = said(TargetType::Ip);
        it.node_labels = labels.clone();
    };
    assert!(shaped(pods, &controller()).bindings[CART].spec.node_labels.is_empty());
}

fn registrations(target_type: TargetType, ids: &[&str]) -> TargetsIntent {
    let endpoint = |id: &&str| EndpointTarget { id: id.to_string(), port: 8080 };
    TargetsIntent {
        key: TargetKey { stack: StackKey::parse("shop/web"), group: CART.into() },
        service: Some(ObjectKey::new(Kind::Service, "shop", "cart")),
        target_type,
        multi_cluster: false,
        standby: false,
        held: None,
        endpoints: ids.iter().map(|id| (endpoint(id), Origin::Default)).collect(),
    }
}

#[test]
fn addresses_outside_the_vpc_are_in_every_zone() {
    let mut facts = facts();
    let vpc = facts.vpc.as_mut().expect("the test's facts have one");
    vpc.cidrs.extend(["100.64.0.0/16".to_owned(), "2600:1f13::/56".to_owned()]);
    let ids = ["10.0.3.4", "100.64.0.1", "2600:1f13::1", "192.168.0.1", "2600:2::1"];
    let zones = |target_type, ids: &[&str]| {
        let shaped = super::shape(&registrations(target_type, ids), &facts);
        let targets = shaped.desired.targets.expect("the VPC is known").targets;
        let outside = targets.into_keys().filter(|it| it.zone.as_deref() == Some("all"));
        outside.map(|it| it.id).collect::<BTreeSet<_>>()
    };
    let want = ["192.168.0.1", "2600:2::1"].map(String::from).into();
    assert_eq!(zones(TargetType::Ip, &ids), want);
    assert_eq!(zones(TargetType::Instance, &["i-1"]), BTreeSet::new());
}

#[test]
fn registrations_wait_for_the_vpc_and_name_the_group_once_it_is_known() {
    let asked = registrations(TargetType::Ip, &["10.0.3.4"]);
    let mut silent = Facts::default();
    silent.missing.insert(Need::Vpc, "throttled".into());
    let waiting = super::shape(&asked, &silent).desired;
    assert_eq!(waiting.targets, None);
    let reason = waiting.held.unit.map(|hold| hold.reason.to_string());
    assert_eq!(reason.as_deref(), Some("waits for an answer: throttled"));

    let mut facts = facts();
    let group = |facts: &Facts| super::shape(&asked, facts).desired.targets.map(|it| it.group);
    let unit = Unit::Stack(StackKey::parse("shop/web"));
    let key = ResourceKey::new(unit, ResourceKind::TargetGroup, CART);
    assert_eq!(group(&facts), Some(key.output(Field::Arn)));
    facts.outputs.0.insert((key, Field::Arn), "arn:cart".into());
    assert_eq!(group(&facts), Some(Value::Known(Arn("arn:cart".into()))));

    let gone = TargetsIntent { service: None, ..asked.clone() };
    let desired = super::shape(&gone, &facts).desired;
    assert_eq!(desired, Desired::nothing(Unit::Targets(asked.key.clone())));
}
