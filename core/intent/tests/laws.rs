//! Laws of compilation over generated worlds: order does not matter, a broken member costs the
//! others nothing, and what was not read does not matter.

#[allow(dead_code)] // the cases use the rest
mod support;

use std::collections::BTreeMap;

use inroad_intent::{Compiled, Intent, compile, model::Route};
use inroad_words::{ObjectKey, controller::Controller, targets::TargetType};
use inroad_world::{Change, Lens, Object, World};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};

/// What an annotation may say, right and wrong.
const ANNOTATIONS: &[(&str, &[&str])] = &[
    ("group.name", &["edge", "edge", "edge", "edge", "inner", "BAD_"]),
    ("group.order", &["-1", "1", "x"]),
    ("scheme", &["internal", "internal", "internet-facing", "public"]),
    ("target-type", &["ip", "ip", "instance", "lambda"]),
    (
        "listen-ports",
        &["[{\"HTTP\": 80}]", "[{\"HTTPS\": 443}, {\"HTTP\": 80}]", "[{\"HTTPS\": 80}]", "80"],
    ),
    ("inbound-cidrs", &["10.0.0.0/8", "::/0", "all"]),
    ("tags", &["a=1", "a=2,b=1", "a"]),
    ("ssl-redirect", &["443", "80"]),
    ("healthcheck-port", &["http", "9000", "none"]),
    ("certificate-arn", &["arn:1", "arn:2,arn:1"]),
];

fn annotations() -> impl Strategy<Value = String> {
    let one = |(name, values): &(&'static str, &'static [&'static str])| {
        let name = *name;
        let likely = if name == "group.name" { 0.8 } else { 0.3 };
        prop::option::weighted(likely, prop::sample::select(*values)).prop_map(move |value| {
            value.map(|v| format!("alb.ingress.kubernetes.io/{name}: '{v}'"))
        })
    };
    ANNOTATIONS.iter().map(one).collect::<Vec<_>>().prop_map(|all| {
        all.into_iter()
            .flatten()
            .chain(["kubernetes.io/ingress.class: alb".into()])
            .collect::<Vec<_>>()
            .join(", ")
    })
}

/// An Ingress with up to three paths to Services that may not exist or lack the port.
fn ingress() -> impl Strategy<Value = String> {
    let path = (0..5u8, prop::sample::select(vec!["{number: 80}", "{name: http}", "{number: 81}"]));
    (0..6u8, annotations(), prop::collection::vec(path, 0..4)).prop_map(|(name, annotations, paths)| {
        let path = |(at, (service, port)): (usize, &(u8, &str))| {
            format!("{{path: /p{at}, pathType: Prefix, backend: {{service: {{name: s{service}, port: {port}}}}}}}")
        };
        let paths: Vec<String> = paths.iter().enumerate().map(path).collect();
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i{name}, annotations: {{{annotations}}}}}\n\
             spec: {{rules: [{{http: {{paths: [{}]}}}}]}}\n",
            paths.join(", ")
        )
    })
}

fn service() -> impl Strategy<Value = String> {
    (0..4u8, prop::option::weighted(0.8, 30000..30003u16)).prop_map(|(name, node_port)| {
        let node_port = node_port.map(|port| format!(", nodePort: {port}")).unwrap_or_default();
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{name}}}\nspec: {{ports: [{{name: http, port: 80{node_port}}}]}}\n"
        )
    })
}

fn slice() -> impl Strategy<Value = String> {
    (0..4u8, 0..4u8, any::<bool>()).prop_map(|(name, service, ready)| {
        format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: e{name}, labels: {{kubernetes.io/service-name: s{service}}}}}\n\
             addressType: IPv4\nports: [{{name: http, port: 8080}}]\nendpoints: [{{addresses: [10.0.{service}.{name}], conditions: {{ready: {ready}}}}}]\n"
        )
    })
}

fn node() -> impl Strategy<Value = String> {
    (0..3u8, prop::sample::select(vec!["True", "False", "Unknown"])).prop_map(|(name, ready)| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n{name}}}\nspec: {{providerID: aws:///a/i-{name}}}\n\
             status: {{conditions: [{{type: Ready, status: '{ready}'}}]}}\n"
        )
    })
}

fn object() -> impl Strategy<Value = Object> {
    let text = prop_oneof![4 => ingress(), 2 => service(), 2 => slice(), 1 => node()];
    text.prop_map(|text| support::objects(&text).remove(0))
}

/// Objects of distinct keys.
fn population() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(object(), 0..28).prop_map(|objects| {
        let distinct: BTreeMap<ObjectKey, Object> =
            objects.into_iter().map(|object| (object.key.clone(), object)).collect();
        distinct.into_values().collect()
    })
}

fn routes_of<'c>(compiled: &'c Compiled, of: &ObjectKey) -> Vec<(u16, &'c Route)> {
    let Intent::Stack(stack) = &compiled.intent else { return Vec::new() };
    let listeners = stack.balancer.iter().flat_map(|balancer| &balancer.listeners);
    let routes =
        listeners.flat_map(|(port, listener)| listener.routes.iter().map(move |r| (*port, r)));
    routes.filter(|(_, route)| route.origin.object() == Some(of)).collect()
}

/// The classes of worlds that the laws must meet, with whether a world is of the class.
fn classes(all: &BTreeMap<String, Compiled>) -> Vec<(&'static str, bool)> {
    let stacks = || {
        all.values().filter_map(|compiled| match &compiled.intent {
            Intent::Stack(stack) => Some(stack),
            _ => None,
        })
    };
    let told = |code: &str| all.values().any(|c| c.diagnostics.iter().any(|d| d.code.0 == code));
    let kinds = |kind: TargetType| {
        stacks().any(|stack| stack.backends.values().any(|b| b.target_type.value == kind))
    };
    vec![
        ("group of three and more", stacks().any(|stack| stack.members.len() >= 3)),
        ("conflict", told("LB0002")),
        ("unreadable value", told("LB0001")),
        ("missing Service", told("LB0007")),
        ("missing port", told("LB0008")),
        ("both target types", kinds(TargetType::Ip) && kinds(TargetType::Instance)),
        ("held stack", stacks().any(|stack| stack.held.is_some())),
        ("endpoints", all.values().any(|compiled| {
            matches!(&compiled.intent, Intent::Targets(targets) if !targets.endpoints.is_empty())
        })),
    ]
}

#[test]
fn every_class_of_worlds_is_met() {
    let mut runner = TestRunner::deterministic();
    let mut shares: BTreeMap<&str, usize> = BTreeMap::new();
    let worlds = 400;
    for _ in 0..worlds {
        let objects = population().new_tree(&mut runner).expect("nothing is filtered").current();
        let all = support::compile_all(&support::world(objects), &Controller::default());
        for (class, met) in classes(&all) {
            *shares.entry(class).or_default() += usize::from(met);
        }
    }
    for (class, met) in &shares {
        println!("{class}: {} %", met * 100 / worlds);
        assert!(met * 100 >= 2 * worlds, "{class}: {met} of {worlds} worlds");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_objects_does_not_matter(
        (objects, shuffled) in population().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let controller = Controller::default();
        let one = support::compile_all(&support::world(objects), &controller);
        let other = support::compile_all(&support::world(shuffled), &controller);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_broken_member_costs_the_others_nothing(objects in population()) {
        let broken = support::objects(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: zz, annotations: {\
             kubernetes.io/ingress.class: alb, alb.ingress.kubernetes.io/group.name: edge, \
             alb.ingress.kubernetes.io/group.order: '1000', alb.ingress.kubernetes.io/scheme: public, \
             alb.ingress.kubernetes.io/inbound-cidrs: all, alb.ingress.kubernetes.io/tags: nothing, \
             alb.ingress.kubernetes.io/listen-ports: '80', alb.ingress.kubernetes.io/ssl-redirect: none}}\n\
             spec: {rules: [{http: {paths: [{path: '/*', pathType: Prefix, backend: {service: {name: gone}}}]}}]}\n",
        );
        let controller = Controller::default();
        let before = support::compile_all(&support::world(objects.clone()), &controller);
        let members: Vec<ObjectKey> = objects.iter().map(|object| object.key.clone()).collect();
        let after = support::compile_all(&support::world(objects.into_iter().chain(broken)), &controller);
        let mut compared = 0;
        for (unit, compiled) in &before {
            let later = &after[unit];
            for member in &members {
                let routes = routes_of(compiled, member);
                compared += routes.len();
                prop_assert_eq!(routes, routes_of(later, member), "{} {}", unit, member);
            }
            if let (Intent::Stack(then), Intent::Stack(now)) = (&compiled.intent, &later.intent)
                && !then.members.is_empty()
            {
                prop_assert_eq!(&then.balancer.as_ref().map(|b| (&b.scheme, &b.tags, &b.security)),
                    &now.balancer.as_ref().map(|b| (&b.scheme, &b.tags, &b.security)));
            }
        }
        // Worlds without any route prove nothing here; most have some.
        prop_assume!(compared > 0);
    }

    #[test]
    fn what_was_not_read_does_not_matter(objects in population(), change in object(), removed in any::<bool>()) {
        let controller = Controller::default();
        let world: World = support::world(objects);
        let change = if removed { Change::Removed(change.key) } else { Change::Applied(change) };
        let (next, touched) = world.absorb(change);
        for unit in inroad_intent::roots(&world, &controller) {
            let before = compile(&Lens::new(&world), &unit, &controller);
            let after = compile(&Lens::new(&next), &unit, &controller);
            if !before.reads.touched_by(&touched) {
                prop_assert_eq!(before, after, "{}", unit);
            }
        }
    }
}
