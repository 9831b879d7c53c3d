//! What shape could not place is not made, and what stands in its place stays.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, Resource, model::SHARED_RULES};
use inroad_plan::{Op, Plan, diff};
use inroad_words::{
    Arn, Origin, Origins, Pick, ResourceKey, ResourceKind, StackKey, Tags, Unit, Value,
    balancer::{IpAddressType, LoadBalancer, Scheme},
    controller::Controller,
    hold::{Hold, HoldReason},
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION, SecurityGroup},
    observed::{Observed, SeenBalancer, SeenGroup, SeenWebAcl},
};

fn balancer(scheme: Scheme, subnets: &[&str]) -> LoadBalancer {
    LoadBalancer {
        kind: Default::default(),
        name: format!("web-{}", scheme.as_str()),
        scheme,
        ip_address_type: IpAddressType::Ipv4,
        subnets: Pick { keep: true, prefer: subnets.iter().map(ToString::to_string).collect() },
        security_groups: Vec::new(),
        attributes: BTreeMap::new(),
        customer_owned_pool: None,
        web_acl: None,
        tags: Tags::from([("team".into(), subnets.len().to_string())]),
    }
}

fn plan(want: LoadBalancer, seen: Option<LoadBalancer>) -> Plan {
    let mut desired = Desired::nothing(Unit::Stack(StackKey::Group("web".into())));
    let resource = Resource { spec: want, origins: Origins::of(Origin::Default) };
    desired.load_balancers.insert("LoadBalancer".into(), resource);
    let seen = seen.map(|spec| SeenBalancer {
        web_acl: SeenWebAcl::Unasked,
        arn: Arn("arn:web".into()),
        dns_name: "web.example.com".into(),
        state: "active".into(),
        kind: "application".into(),
        spec,
        listeners: BTreeMap::new(),
    });
    let load_balancers = seen.map(|it| ("LoadBalancer".into(), vec![it])).into_iter().collect();
    let observed = Observed { load_balancers, ..Observed::default() };
    diff(&desired, &observed, &Controller::default())
}

fn ops(plan: &Plan) -> Vec<&Op> {
    plan.ops.values().map(|step| &step.op).collect()
}

#[test]
fn a_load_balancer_without_subnets_is_neither_made_nor_replaced() {
    let nowhere = || balancer(Scheme::Internal, &[]);
    for seen in [None, Some(balancer(Scheme::InternetFacing, &["a", "b"]))] {
        let plan = plan(nowhere(), seen);
        assert_eq!(ops(&plan), [] as [&Op; 0]);
        let reasons: Vec<_> = plan.holds.iter().map(|hold| hold.reason.to_string()).collect();
        assert_eq!(reasons, ["waits for an answer: no subnets for it are known"]);
    }
    let plan = plan(nowhere(), Some(balancer(Scheme::Internal, &["a", "b"])));
    assert!(plan.holds.is_empty());
    assert!(
        matches!(ops(&plan)[..], [Op::TagBalancing { .. }, Op::Fingerprint { .. }]),
        "what stands is changed"
    );
}

#[test]
fn rules_towards_targets_are_added_and_not_taken_away_while_they_are_held() {
    let rule = |port| IngressRule {
        protocol: "tcp".into(),
        from_port: Some(port),
        to_port: Some(port),
        peer: Peer::Group(Value::Known("sg-shared".into())),
        description: SHARED_RULE_DESCRIPTION.into(),
    };
    let mut desired = Desired::nothing(Unit::Foundation);
    let wanted = BTreeMap::from([(rule(80), Origin::Default)]);
    desired.shared_rules.insert("sg-node".into(), wanted);
    let spec = SecurityGroup {
        name: String::new(),
        description: String::new(),
        vpc: String::new(),
        ingress: BTreeSet::from([rule(8080)]),
        tags: Tags::new(),
    };
    let seen = |id: &str| (id.to_owned(), SeenGroup { id: id.into(), spec: spec.clone() });
    let shared_rules = BTreeMap::from([seen("sg-node"), seen("sg-other")]);
    let observed = Observed { shared_rules, ..Observed::default() };
    let revoked = |desired: &Desired| {
        let plan = diff(desired, &observed, &Controller::default());
        let is_revoke = |op: &&&Op| matches!(op, Op::RevokeIngress { .. });
        let ops = ops(&plan);
        (ops.len() - ops.iter().filter(is_revoke).count(), ops.iter().filter(is_revoke).count())
    };
    assert_eq!(revoked(&desired), (1, 2));
    let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, SHARED_RULES);
    let reason = HoldReason::Diagnostic("LB0107".into());
    let hold = Hold { subject: "rules".into(), reason, origin: Origin::Default };
    desired.held.resources.insert(key, hold);
    assert_eq!(revoked(&desired), (1, 0));
}
