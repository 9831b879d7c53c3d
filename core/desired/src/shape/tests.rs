use std::collections::BTreeSet;

use inroad_intent::model::{
    BalancerIntent, ClientCertificates, ListenerIntent, RouteAction, SecurityIntent,
};
use inroad_words::{
    Arn, Field, Severity, Value,
    balancer::{Action, ListenerProtocol, Mutual, Verify},
    facts::Need,
};
use proptest::{collection::vec, prelude::*, sample::select};

use super::*;
use crate::{
    needs, stack_json,
    testing::{
        balancer, certificate, controller, facts, https, listener, redirect, route, said, stack,
        to_cart, web,
    },
};

fn shaped(balancer: BalancerIntent) -> Shaped {
    let mut facts = facts();
    facts.certificates = [certificate("arn:wild", "*.example.com")].into();
    shape(&stack(balancer), &facts, &controller())
}

fn held(shaped: &Shaped) -> Vec<String> {
    shaped
        .desired
        .held
        .resources
        .values()
        .map(|it| format!("{}: {}", it.subject, it.reason))
        .collect()
}

#[test]
fn a_listener_without_a_certificate_waits_and_the_others_go_on() {
    let routes = vec![route(&["bare.net"], &["/"], to_cart())];
    let plain = listener(ListenerProtocol::Http, routes.clone());
    let shaped = shaped(balancer([(80, plain), (443, https(&[], &["bare.net"], routes))]));
    let codes: Vec<_> = shaped.diagnostics.iter().map(|it| it.code.0).collect();
    assert_eq!(codes, ["LB0104", "LB0105"]);
    let why = "waits until LB0105 is mended";
    assert_eq!(held(&shaped), [format!("listener 443: {why}"), format!("rule 443:1: {why}")]);
    assert_eq!(shaped.desired.listeners.keys().collect::<Vec<_>>(), [&80]);
    assert_eq!(shaped.desired.rules.keys().collect::<Vec<_>>(), [&(80, 1)]);
    assert_eq!(shaped.desired.target_groups.len(), 1);
}

#[test]
fn a_host_without_a_certificate_costs_only_itself() {
    let asked = https(&["arn:own"], &["bare.net", "a.example.com"], vec![]);
    let shaped = shaped(balancer([(443, asked)]));
    assert_eq!(shaped.diagnostics.iter().map(|it| it.code.0).collect::<Vec<_>>(), ["LB0104"]);
    let listener = &shaped.desired.listeners[&443].spec;
    assert_eq!(listener.certificates, ["arn:own", "arn:wild"].map(|arn| Arn(arn.into())));
    assert_eq!(listener.ssl_policy.as_deref(), Some("ELBSecurityPolicy-2016-08"));
}

#[test]
fn certificates_that_nobody_told_of_are_waited_for_only_where_they_are_needed() {
    let listeners = [(443, https(&["arn:own"], &[], vec![])), (444, https(&[], &["a"], vec![]))];
    let mut facts = facts();
    facts.missing.insert(Need::Certificates, "throttled".into());
    let shaped = shape(&stack(balancer(listeners)), &facts, &controller());
    assert_eq!(held(&shaped), ["listener 444: waits for an answer: throttled"]);
    assert!(shaped.desired.listeners.contains_key(&443));
    assert_eq!(shaped.diagnostics, []);
}

#[test]
fn a_listener_is_never_served_without_the_verification_that_is_asked_for() {
    let verify = |store: &str| {
        let verify = Verify { trust_store: store.into(), ignore_expiry: false, advertise: None };
        ClientCertificates::Said(said(Mutual::Verify(verify)))
    };
    let asking = |clients: ClientCertificates| {
        let listener = ListenerIntent { clients, ..https(&["arn:own"], &[], vec![]) };
        stack(balancer([(443, listener)]))
    };
    let names = Need::TrustStores(["staff".to_owned()].into());
    assert!(needs(&asking(verify("staff")), &controller()).contains(&names));
    assert!(!needs(&asking(verify("arn:staff")), &controller()).contains(&names));

    let (mut known, mut silent) = (facts(), facts());
    known.trust_stores.insert("staff".into(), Arn("arn:staff".into()));
    silent.missing.insert(names, "throttled".into());
    let unreadable = ClientCertificates::Unreadable(Origin::Default);
    for (clients, facts, want) in [
        (verify("arn:staff"), &facts(), Ok(Some("arn:staff"))),
        (verify("staff"), &known, Ok(Some("arn:staff"))),
        (verify("staff"), &facts(), Err("listener 443: waits until LB0115 is mended")),
        (verify("staff"), &silent, Err("listener 443: waits for an answer: throttled")),
        (unreadable, &known, Err("listener 443: waits until LB0001 is mended")),
        (ClientCertificates::Unsaid, &known, Ok(None)),
    ] {
        let shaped = shape(&asking(clients), facts, &controller());
        let listener = shaped.desired.listeners.get(&443).map(|it| &it.spec.mutual);
        let trusted = listener.map(|mutual| {
            mutual.as_ref().and_then(|it| it.verify()).map(|it| it.trust_store.0.as_str())
        });
        match want {
            Ok(store) => assert_eq!(trusted, Some(store)),
            Err(why) => assert_eq!((trusted, held(&shaped)), (None, vec![why.to_owned()])),
        }
    }
    let mut strict = controller();
    strict.balancers.enhanced_defaults = true;
    let shaped = shape(&asking(ClientCertificates::Unsaid), &facts(), &strict);
    assert_eq!(shaped.desired.listeners[&443].spec.mutual, Some(Mutual::Off));
}

#[test]
fn without_subnets_nothing_is_made_and_nothing_moved() {
    let none = shape(&stack(balancer([])), &Facts::default(), &controller());
    let pick = &none.desired.load_balancers["LoadBalancer"].spec.subnets;
    assert!(pick.keep && pick.prefer.is_empty());
    assert_eq!(none.diagnostics.iter().map(|it| it.code.0).collect::<Vec<_>>(), ["LB0101"]);
    assert_eq!(none.diagnostics[0].severity, Severity::Error);

    let unit = none.desired.unit.clone();
    let key = ResourceKey::new(unit, ResourceKind::LoadBalancer, "LoadBalancer");
    let mut standing = Facts::default();
    standing.outputs.0.insert((key, Field::Arn), "arn".into());
    let stands = shape(&stack(balancer([])), &standing, &controller());
    assert_eq!(stands.desired, none.desired);
    assert_eq!(stands.diagnostics[0].severity, Severity::Warning, "it keeps what it has");

    let mut silent = facts();
    silent.missing.insert(Need::Subnets, "AccessDenied".into());
    let waiting = shape(&stack(balancer([])), &silent, &controller());
    assert_eq!(held(&waiting), ["load-balancer LoadBalancer: waits for an answer: AccessDenied"]);
    let networking =
        |shaped: &Shaped| shaped.desired.bindings.values().all(|it| it.spec.networking.is_some());
    assert!(networking(&waiting), "what the targets let in does not hang on subnets");
}

#[test]
fn names_and_origins_follow_who_said_them() {
    let mut asked = balancer([]);
    let scheme = web("/metadata/annotations/alb.ingress.kubernetes.io~1scheme");
    asked.scheme.origin = scheme.clone();
    let generated = shaped(asked.clone()).desired;
    asked.name = Some(said("mine"));
    let named = shaped(asked).desired;
    let balancer = &generated.load_balancers["LoadBalancer"];
    assert!(balancer.spec.name.starts_with("k8s-shop-web-"));
    assert_eq!(balancer.origins.get("scheme"), scheme);
    assert_eq!(balancer.origins.get("type"), web(""));
    assert_eq!(named.load_balancers["LoadBalancer"].spec.name, "mine");
}

#[test]
fn a_stack_without_members_has_nothing_and_asks_nothing() {
    let Intent::Stack(mut intent) = stack(balancer([])) else { unreachable!("stack makes stacks") };
    intent.balancer = None;
    let intent = Intent::Stack(intent);
    assert_eq!(needs(&intent, &controller()), BTreeSet::new());
    let desired = shape(&intent, &facts(), &controller()).desired;
    assert_eq!(desired, Desired::nothing(desired.unit.clone()));

    let hold = Hold {
        subject: "stack shop/web".into(),
        reason: HoldReason::Policy("protected".into()),
        origin: web(""),
    };
    let Intent::Stack(mut held) = intent else { unreachable!("stack makes stacks") };
    held.held = Some(hold.clone());
    let desired = shape(&Intent::Stack(held), &facts(), &controller()).desired;
    assert_eq!(desired.held.unit, Some(hold), "what is to go must not, while it is held");
}

#[test]
fn questions_are_asked_only_where_answers_are_used() {
    let mut asked = balancer([(443, https(&[], &["a.example.com"], vec![]))]);
    let groups = said(vec!["sg-1".to_owned(), "web".to_owned()]);
    asked.security = SecurityIntent::Given { groups, manage_backend_rules: said(false) };
    let groups = Need::SecurityGroups(["sg-1".to_owned(), "web".to_owned()].into());
    let want = BTreeSet::from([Need::Subnets, Need::Certificates, groups]);
    assert_eq!(needs(&stack(asked), &controller()), want);
    let explicit = balancer([(443, https(&["arn"], &[], vec![]))]);
    let want = BTreeSet::from([Need::Subnets]);
    assert_eq!(needs(&stack(explicit), &controller()), want);
    let routes = vec![route(&["a.example.com"], &[], to_cart()); 51];
    let many = balancer([(80, listener(ListenerProtocol::Http, routes))]);
    let want = BTreeSet::from([Need::Subnets, Need::Limits]);
    assert_eq!(needs(&stack(many), &controller()), want, "near what every account may have");
}

fn a_listener() -> impl Strategy<Value = ListenerIntent> {
    let hosts = select(vec![vec![], vec!["a.example.com"], vec!["bare.net"]]);
    let paths = select(vec![vec!["/"], vec!["/*"], vec!["/x", "/x/*"]]);
    let to: fn(u8) -> RouteAction = |nth| match nth {
        0 => redirect(|it| it.protocol = Some("HTTPS".into())),
        1 => RouteAction::not_found(),
        _ => to_cart(),
    };
    let routes = vec((hosts, paths, 0..3_u8), 0..6)
        .prop_map(move |it| it.iter().map(|(h, p, nth)| route(h, p, to(*nth))).collect());
    let certificates = select(vec![vec![], vec!["arn:own"]]);
    (any::<bool>(), certificates, routes).prop_map(|(tls, explicit, routes)| match tls {
        true => https(&explicit, &["a.example.com", "bare.net"], routes),
        false => listener(ListenerProtocol::Http, routes),
    })
}

fn a_balancer() -> impl Strategy<Value = BalancerIntent> {
    let groups = SecurityIntent::Given {
        groups: said(vec!["gone".to_owned()]),
        manage_backend_rules: said(true),
    };
    let security = select(vec![SecurityIntent::Managed, groups]);
    (vec((1..90_u16, a_listener()), 0..4), security)
        .prop_map(|(listeners, security)| BalancerIntent { security, ..balancer(listeners) })
}

/// Every reference of a stack: balancer, groups, listeners and target groups.
fn references(desired: &Desired) -> Vec<ResourceKey> {
    let awaited = |value: &Value<Arn>| value.awaits().map(|(key, _)| key.clone());
    let balancers = desired.load_balancers.values().flat_map(|it| &it.spec.security_groups);
    let sources = desired.bindings.values().flat_map(|it| it.spec.networking.iter().flatten());
    let groups = balancers.chain(sources.map(|rule| &rule.source));
    let actions = desired.listeners.values().flat_map(|it| &it.spec.default_actions);
    let actions = actions.chain(desired.rules.values().flat_map(|it| &it.spec.actions));
    let forwards = actions.flat_map(|action| match action {
        Action::Forward { targets, .. } => targets.as_slice(),
        _ => &[],
    });
    let arns = desired.listeners.values().map(|it| &it.spec.load_balancer);
    let arns = arns.chain(desired.rules.values().map(|it| &it.spec.listener));
    let arns = arns.chain(desired.bindings.values().map(|it| &it.spec.group));
    let arns = arns.chain(forwards.map(|it| &it.group)).filter_map(awaited);
    arns.chain(groups.filter_map(|it| it.awaits().map(|(key, _)| key.clone()))).collect()
}

fn is_there(desired: &Desired, key: &ResourceKey) -> bool {
    let port = || key.id.parse::<u16>().ok();
    desired.held.resources.contains_key(key)
        || match key.kind {
            ResourceKind::SecurityGroup => desired.security_groups.contains_key(&key.id),
            ResourceKind::TargetGroup => desired.target_groups.contains_key(&key.id),
            ResourceKind::LoadBalancer => desired.load_balancers.contains_key(&key.id),
            ResourceKind::Listener => port().is_some_and(|it| desired.listeners.contains_key(&it)),
            ResourceKind::Rule => false,
        }
}

proptest! {
    #[test]
    fn shape_is_a_function(balancer in a_balancer()) {
        let (one, other) = (shaped(balancer.clone()), shaped(balancer));
        prop_assert_eq!(format!("{one:?}"), format!("{other:?}"));
        prop_assert_eq!(stack_json(&one.desired).to_string(), stack_json(&other.desired).to_string());
    }

    #[test]
    fn whatever_is_referred_to_is_there_or_held(balancer in a_balancer()) {
        let desired = shaped(balancer).desired;
        for key in references(&desired) {
            prop_assert!(key.unit == Unit::Foundation || is_there(&desired, &key), "{key}");
        }
    }

    #[test]
    fn priorities_have_no_gaps_and_every_listener_is_there_or_held(balancer in a_balancer()) {
        let desired = shaped(balancer.clone()).desired;
        for port in balancer.listeners.keys() {
            let key = ResourceKey::new(desired.unit.clone(), ResourceKind::Listener, port.to_string());
            let is_held = desired.held.resources.contains_key(&key);
            prop_assert_ne!(is_held, desired.listeners.contains_key(port));
            let priorities = desired.rules.keys().filter(|(it, _)| it == port).map(|(_, nth)| *nth);
            let priorities: Vec<_> = priorities.collect();
            prop_assert!(priorities.iter().copied().eq(1..=priorities.len() as u32));
            prop_assert!(!is_held || priorities.is_empty());
        }
    }
}
