//! Which Services are ours, and what leaves one alone.

use inroad_world::{Change, World, manifest};

use super::*;
use crate::{Intent, compile, stacks as every_stack};

/// Service `shop/tcp` with these annotations (suffix and value), and with this as its `spec`.
fn service(annotations: &[(&str, &str)], rest: &str) -> World {
    let line =
        |(suffix, value): &(&str, &str)| format!("    {SERVICE_PREFIX}{suffix}: '{value}'\n");
    let annotations: String = annotations.iter().map(line).collect();
    let text = format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  namespace: shop\n  name: tcp\n  annotations:\n    \
         note: x\n{annotations}{rest}\n"
    );
    let parsed = manifest::parse("in.yaml", &text);
    assert_eq!(parsed.diagnostics, [], "the manifest is readable");
    World::default().absorb_all(parsed.objects.into_iter().map(Change::Applied)).0
}

fn compiled(world: &World, controller: &Controller) -> (StackIntent, Vec<(&'static str, String)>) {
    let key = StackKey::Service { namespace: "shop".into(), name: "tcp".into() };
    let compiled = compile(&Lens::new(world), &Unit::Stack(key), controller);
    let said = compiled.diagnostics.iter().map(|it| (it.code.0, it.origin.to_string()));
    let said = said.collect();
    let Intent::Stack(stack) = compiled.intent else { panic!("a stack compiles to a stack") };
    (*stack, said)
}

const CLASS: &str = "loadBalancerClass: service.k8s.aws/nlb";
const PORTS: &str = "ports: [{port: 80, nodePort: 30080}]";

/// Of the peer's table (load-balancers.md 2.1), and what its gates change.
#[test]
fn the_class_decides_and_else_the_old_annotations() {
    let balancer = "type: LoadBalancer";
    let (nlb_ip, external) = ((TYPE, "nlb-ip"), (TYPE, "external"));
    let (ip, instance, odd) = ((TARGET_TYPE, "ip"), (TARGET_TYPE, "instance"), (TARGET_TYPE, "x"));
    let cases: [(&[(&str, &str)], String, [bool; 3]); 10] = [
        (&[], format!("{balancer}, {CLASS}"), [true, true, false]),
        (&[], format!("type: ClusterIP, {CLASS}"), [true, false, false]),
        (&[nlb_ip], format!("{balancer}, loadBalancerClass: x/y"), [false; 3]),
        (&[], balancer.into(), [false; 3]),
        (&[nlb_ip], balancer.into(), [true, true, false]),
        (&[external, ip], balancer.into(), [true, true, false]),
        (&[external, instance], balancer.into(), [true, true, false]),
        (&[external, odd], balancer.into(), [false; 3]),
        (&[external], balancer.into(), [false; 3]),
        (&[external, ip], "type: NodePort".into(), [true, false, false]),
    ];
    let mut only = Controller::default();
    only.services.load_balancers_only = true;
    let mut off = Controller::default();
    off.services.served = false;
    for (annotations, spec, wanted) in cases {
        let world = service(annotations, &format!("spec: {{{spec}, {PORTS}}}"));
        let found = [&Controller::default(), &only, &off]
            .map(|controller| !every_stack(&Lens::new(&world), controller).is_empty());
        assert_eq!(found, wanted, "{annotations:?} {spec}");
    }
}

#[test]
fn what_is_not_served_leaves_the_whole_service_alone() {
    let note = |suffix: &str| format!("service/shop/tcp@{suffix}");
    let field = |path: &str| format!("service/shop/tcp#/spec/{path}");
    let spec = |rest: &str| format!("spec: {{type: LoadBalancer, {CLASS}, {rest}}}");
    let none: &[(&str, &str)] = &[];
    let cert = [("aws-load-balancer-ssl-cert", "arn:1")];
    let group = [("aws-load-balancer-target-group-attributes.80", "a=b")];
    let off = [
        ("aws-load-balancer-disable-nlb-sg", "false"),
        ("aws-load-balancer-backend-protocol", "ssl"),
    ];
    let cases = [
        (none, spec(PORTS), None),
        (&off, spec(PORTS), None),
        (&cert, spec(PORTS), Some(("LB0029", note("aws-load-balancer-ssl-cert")))),
        (
            &group,
            spec(PORTS),
            Some(("LB0029", note("aws-load-balancer-target-group-attributes.80"))),
        ),
        (
            none,
            spec("ports: [{port: 53, protocol: UDP, nodePort: 1}]"),
            Some(("LB0029", field("ports/0/protocol"))),
        ),
        (
            none,
            spec(&format!("externalTrafficPolicy: Local, {PORTS}")),
            Some(("LB0029", field("externalTrafficPolicy"))),
        ),
        (none, spec("ports: [{port: 80}]"), Some(("LB0009", field("ports/0")))),
        (
            none,
            spec(&format!("loadBalancerSourceRanges: [all], {PORTS}")),
            Some(("LB0001", field("loadBalancerSourceRanges"))),
        ),
        (
            none,
            spec(&format!("loadBalancerSourceRanges: ['::/0'], {PORTS}")),
            Some(("LB0001", field("loadBalancerSourceRanges"))),
        ),
    ];
    for (annotations, rest, wrong) in cases {
        let (stack, said) = compiled(&service(annotations, &rest), &Controller::default());
        assert_eq!(said, Vec::from_iter(wrong.clone()), "{rest}");
        assert_eq!(stack.held.is_some(), wrong.is_some(), "{rest}");
        let unserved = wrong.is_some_and(|(code, _)| code == codes::UNSERVED.0);
        assert_eq!(stack.members.is_empty() && stack.balancer.is_none(), unserved, "{rest}");
        assert_eq!(stack.torn, BTreeSet::new(), "nothing was made for it");
    }
}

/// With our finalizer: coming, staying or going, as far as it is served.
#[test]
fn a_service_leaves_with_its_finalizer_alone() {
    let carrying = |annotations: &[(&str, &str)], spec: &str, deleted: bool| {
        let deleted = if deleted { "  deletionTimestamp: 2026-01-01T00:00:00Z\n" } else { "" };
        let rest = format!("{deleted}  finalizers: [service.k8s.aws/resources]\nspec: {{{spec}}}");
        let (stack, said) = compiled(&service(annotations, &rest), &Controller::default());
        let codes: Vec<_> = said.into_iter().map(|(code, _)| code).collect();
        (stack.members.len(), stack.leaving.len(), stack.torn.len(), codes)
    };
    let ours = format!("type: LoadBalancer, {CLASS}, {PORTS}");
    let theirs = format!("type: ClusterIP, {PORTS}");
    let guard = [("aws-load-balancer-attributes", "deletion_protection.enabled=true")];
    let cert = [("aws-load-balancer-ssl-cert", "arn:1")];
    assert_eq!(carrying(&[], &ours, false), (1, 0, 0, vec![]));
    assert_eq!(carrying(&[], &ours, true), (0, 1, 0, vec![]));
    assert_eq!(carrying(&[], &theirs, false), (0, 1, 0, vec![]));
    assert_eq!(carrying(&guard, &ours, true), (0, 0, 1, vec!["LB0017"]));
    assert_eq!(carrying(&cert, &ours, true), (0, 0, 1, vec!["LB0029"]));
    let (stack, said) = compiled(&World::default(), &Controller::default());
    assert!(stack.held.is_some() && stack.leaving.is_empty(), "nobody asks for its end");
    assert_eq!(said[0].0, "LB0030");
}

#[test]
fn nobodys_word_on_the_scheme_leaves_it_to_what_stands() {
    let spec = format!("spec: {{type: LoadBalancer, {CLASS}, {PORTS}}}");
    let open = |annotations: &[(&str, &str)]| {
        let (stack, _) = compiled(&service(annotations, &spec), &Controller::default());
        stack.balancer.expect("it is asked for").open.scheme.unreadable.is_some()
    };
    assert!(open(&[]) && !open(&[("aws-load-balancer-scheme", "internal")]));
}
