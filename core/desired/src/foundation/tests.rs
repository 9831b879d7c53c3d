use inroad_words::{Kind, ObjectKey, StackKey, Tags};

use super::*;
use crate::testing::{controller, facts, web};

fn asked(openings: &[(&str, &[TargetPort])]) -> FoundationIntent {
    let ingress = ObjectKey::new(Kind::Ingress, "shop", "web");
    let ports = |ports: &[TargetPort]| ports.iter().map(|it| (it.clone(), web("/spec"))).collect();
    let openings = openings.iter().map(|(id, it)| (id.to_string(), ports(it)));
    FoundationIntent {
        needed_by: BTreeMap::from([(StackKey::parse("shop/web"), ingress)]),
        openings: [(Source::Shared, openings.collect())].into(),
        ..FoundationIntent::default()
    }
}

fn interface(groups: &[(&str, bool)]) -> Interface {
    let tags = |ours| match ours {
        true => Tags::from([("kubernetes.io/cluster/prod".into(), "owned".into())]),
        false => Tags::new(),
    };
    let group = |(id, ours): &(&str, bool)| GroupFact {
        id: id.to_string(),
        name: id.to_string(),
        tags: tags(*ours),
    };
    Interface { id: "eni-1".into(), groups: groups.iter().map(group).collect() }
}

fn opened(shaped: &Shaped) -> Vec<String> {
    let rules = |(id, rules): (&String, &BTreeMap<IngressRule, Origin>)| {
        let ports = |it: &IngressRule| (it.from_port.unwrap_or(-1), it.to_port.unwrap_or(-1));
        let ports = rules.keys().map(ports).map(|(from, to)| format!("{id} {from}-{to}"));
        ports.collect::<Vec<_>>()
    };
    shaped.desired.shared_rules.iter().flat_map(rules).collect()
}

#[test]
fn the_shared_group_is_there_while_it_is_needed() {
    let mut facts = facts();
    let needed = shape(&asked(&[]), &facts, &controller()).desired;
    let group = &needed.security_groups[GROUP];
    assert_eq!(group.spec.name, "k8s-traffic-prod-6754af9632");
    assert_eq!(group.spec.vpc, "vpc-1");
    assert_eq!(group.spec.tags["elbv2.k8s.aws/cluster"], "prod");
    assert_eq!(group.spec.tags["elbv2.k8s.aws/resource"], "backend-sg");
    assert_eq!(group.origins.get("vpc"), web(""));

    let mut lent = controller();
    lent.balancers.switches.given_backend_security_group = Some("sg-lent".into());
    facts.interfaces.insert("i-1".into(), interface(&[("sg-node", false)]));
    let given = shape(&asked(&[("i-1", &[TargetPort::Tcp(80)])]), &facts, &lent).desired;
    assert!(given.security_groups.is_empty());
    let rule = given.shared_rules["sg-node"].keys().next().map(|rule| &rule.peer);
    assert_eq!(rule, Some(&Peer::Group(Value::Known("sg-lent".into()))));

    let unneeded = FoundationIntent::default();
    let nothing = Desired::nothing(Unit::Foundation);
    assert_eq!(shape(&unneeded, &facts, &controller()).desired, nothing);
}

#[test]
fn each_group_gets_one_range_of_ports() {
    let mut facts = facts();
    facts.interfaces.insert("i-1".into(), interface(&[("sg-node", false)]));
    facts.interfaces.insert("i-2".into(), interface(&[("sg-node", false)]));
    facts.interfaces.insert("10.0.0.9".into(), interface(&[("sg-x", false), ("sg-pod", true)]));
    let (low, high) = (TargetPort::Tcp(80), TargetPort::Tcp(30080));
    let asked = asked(&[
        ("i-1", std::slice::from_ref(&high)),
        ("i-2", &[low.clone(), high.clone()]),
        ("10.0.0.9", &[low, TargetPort::AllTcp]),
    ]);
    let shaped = shape(&asked, &facts, &controller());
    assert_eq!(opened(&shaped), ["sg-node 80-30080", "sg-pod 0-65535"]);
    assert_eq!(shaped.desired.held.resources, BTreeMap::new());
    let rule = shaped.desired.shared_rules["sg-pod"].keys().next().expect("one range");
    assert_eq!(rule.description, "elbv2.k8s.aws/targetGroupBinding=shared");
}

#[test]
fn a_target_that_cannot_be_placed_costs_no_other_and_revokes_nothing() {
    let ambiguous: &[&[(&str, bool)]] =
        &[&[], &[("sg-a", false), ("sg-b", false)], &[("sg-a", true), ("sg-b", true)]];
    let cases = ambiguous.iter().map(|groups| (Some(interface(groups)), "LB0108"));
    for (other, code) in cases.chain([(None, "LB0107")]) {
        let mut facts = facts();
        facts.interfaces.insert("i-1".into(), interface(&[("sg-node", false)]));
        facts.interfaces.extend(other.map(|it| ("i-2".to_owned(), it)));
        let port = [TargetPort::Tcp(80)];
        let shaped = shape(&asked(&[("i-1", &port), ("i-2", &port)]), &facts, &controller());
        assert_eq!(opened(&shaped), ["sg-node 80-80"]);
        assert_eq!(shaped.diagnostics.iter().map(|it| it.code.0).collect::<Vec<_>>(), [code]);
        let held: Vec<_> = shaped.desired.held.resources.keys().map(|it| &it.id).collect();
        assert_eq!(held, [SHARED_RULES]);
    }
}

#[test]
fn rules_wait_for_the_interfaces() {
    let mut facts = facts();
    let need = Need::Interfaces(BTreeMap::from([("i-1".into(), None)]));
    facts.missing.insert(need, "throttled".into());
    let shaped = shape(&asked(&[("i-1", &[TargetPort::Tcp(80)])]), &facts, &controller());
    assert_eq!(opened(&shaped), Vec::<String>::new());
    assert_eq!(shaped.desired.held.resources.len(), 1);
    assert!(shaped.desired.security_groups.contains_key(GROUP));
}

/// A stack that is left as it is may still wear the shared group: neither it nor the rules that let it
/// in go, though nobody asks for them.
#[test]
fn what_a_held_stack_relies_on_stays() {
    let reason = || HoldReason::Diagnostic(codes::GROUP_UNKNOWN.to_string());
    let hold = Hold { subject: "stack edge".into(), reason: reason(), origin: Origin::Default };
    let named = BTreeMap::from([("sg-9".to_owned(), web("/spec"))]);
    let held = FoundationIntent { held: Some(hold), ..FoundationIntent::default() };
    let unknown = FoundationIntent { named, ..FoundationIntent::default() };
    for asked in [held, unknown.clone()] {
        let out = shape(&asked, &Facts::default(), &Controller::default()).desired;
        let held: Vec<_> = out.held.resources.iter().map(|(k, it)| (&*k.id, &it.reason)).collect();
        assert_eq!(held, [(GROUP, &reason()), (SHARED_RULES, &reason())]);
    }
    let mut facts = Facts::default();
    let found = GroupFact { id: "sg-9".into(), name: "x".into(), tags: Tags::new() };
    facts.security_groups.insert(found.id.clone(), found);
    let out = shape(&unknown, &facts, &Controller::default()).desired;
    assert_eq!(out, Desired::nothing(Unit::Foundation), "the new group is worn");
}

#[test]
fn without_the_shared_group_each_load_balancer_is_let_in_by_its_own() {
    let ports = |port| BTreeMap::from([(TargetPort::Tcp(port), web("/spec"))]);
    let of = |stack: &str, port| {
        let openings = BTreeMap::from([("i-1".to_owned(), ports(port))]);
        (Source::Stack(StackKey::parse(stack)), openings)
    };
    let asked = FoundationIntent {
        openings: [of("shop/web", 80), of("edge", 8080)].into(),
        ..FoundationIntent::default()
    };
    let mut facts = facts();
    facts.interfaces.insert("i-1".into(), interface(&[("sg-1", false)]));
    let unit = Unit::Stack(StackKey::parse("edge"));
    let own = ResourceKey::new(unit, ResourceKind::SecurityGroup, "ManagedLBSecurityGroup");
    facts.outputs.0.insert((own, Field::GroupId), "sg-edge".into());
    let mut controller = controller();
    controller.balancers.switches.backend_security_group = false;
    let shaped = shape(&asked, &facts, &controller);
    assert!(shaped.desired.security_groups.is_empty() && shaped.diagnostics.is_empty());
    let rules = shaped.desired.shared_rules["sg-1"].keys();
    let peers: BTreeMap<_, _> = rules.map(|rule| (rule.from_port, rule.peer.clone())).collect();
    assert_eq!(peers[&Some(8080)], Peer::Group(Value::Known("sg-edge".into())));
    let Peer::Group(Value::Output { of, .. }) = &peers[&Some(80)] else { panic!("{peers:?}") };
    assert_eq!(of.to_string(), "stack shop/web#security-group:ManagedLBSecurityGroup");
}

#[test]
fn further_tags_tell_which_group_of_a_target_is_opened() {
    let asked = asked(&[("i-1", &[TargetPort::Tcp(80)])]);
    let mut two = interface(&[("sg-1", true), ("sg-2", true)]);
    two.groups[1].tags.insert("use".into(), "pods".into());
    let mut facts = facts();
    facts.interfaces.insert("i-1".into(), two);
    let mut controller = controller();
    assert_eq!(shape(&asked, &facts, &controller).diagnostics[0].code, codes::GROUP_AMBIGUOUS);
    controller.balancers.target_group_tags = [("use".to_owned(), "pods".to_owned())].into();
    let shaped = shape(&asked, &facts, &controller);
    assert_eq!(shaped.desired.shared_rules.keys().collect::<Vec<_>>(), ["sg-2"]);
}
