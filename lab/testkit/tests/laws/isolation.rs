//! One member's mistake: what is deployed for it stays, the others lose nothing by it, and may go.

use std::collections::BTreeMap;

use inroad_desired::ORIGIN_TAG;
use inroad_testkit::{Account, Planned, Surroundings, strategies};
use inroad_words::{
    Kind, ObjectKey, ResourceKind, Unit,
    balancer::{Action, Condition},
};
use inroad_world::{Object, ObjectData};
use proptest::{prelude::*, sample::Index};
use serde_json::{Value, json};

use crate::{Lab, config};

const ALB: &str = "alb.ingress.kubernetes.io/";

/// Ways to get an Ingress wrong.
#[derive(Debug, Clone, Copy)]
enum Mistake {
    Annotation(&'static str, &'static str),
    PathTypes,
    Ports,
    Class,
}

const MISTAKES: [Mistake; 15] = [
    Mistake::Annotation("scheme", "public"),
    Mistake::Annotation("ip-address-type", "ipv5"),
    Mistake::Annotation("inbound-cidrs", "all"),
    Mistake::Annotation("listen-ports", "80"),
    Mistake::Annotation("ssl-redirect", "none"),
    Mistake::Annotation("target-type", "lambda"),
    Mistake::Annotation("backend-protocol", "HTTP/3"),
    Mistake::Annotation("tags", "nothing"),
    Mistake::Annotation("group.order", "first"),
    Mistake::Annotation("healthcheck-interval-seconds", "soon"),
    Mistake::Annotation("use-regex-path-match", "perhaps"),
    Mistake::Annotation("load-balancer-attributes", "none"),
    Mistake::PathTypes,
    Mistake::Ports,
    Mistake::Class,
];

pub(crate) fn edited(object: &Object, edit: impl FnOnce(&mut Value)) -> Object {
    let mut ingress = manifest(object).expect("only Ingresses are edited");
    ingress["apiVersion"] = json!("networking.k8s.io/v1");
    ingress["kind"] = json!("Ingress");
    edit(&mut ingress);
    strategies::objects(&ingress.to_string()).remove(0)
}

pub(crate) fn manifest(object: &Object) -> Option<Value> {
    match &object.data {
        ObjectData::Ingress(ingress) => Some(json!(**ingress)),
        _ => None,
    }
}

fn make(mistake: Mistake, ingress: &mut Value) {
    match mistake {
        Mistake::Annotation(name, value) => {
            ingress["metadata"]["annotations"][format!("{ALB}{name}")] = json!(value);
        }
        Mistake::PathTypes => each_path(ingress, |path| path["pathType"] = json!("prefix")),
        Mistake::Ports => {
            each_path(ingress, |path| {
                let port = &mut path["backend"]["service"]["port"];
                // An action has no port: to leave it for a Service is no mistake.
                if port["name"] != "use-annotation" {
                    *port = json!({ "number": 9 });
                }
            });
        }
        Mistake::Class => {
            if let Some(annotations) = ingress["metadata"]["annotations"].as_object_mut() {
                annotations.remove("kubernetes.io/ingress.class");
            }
            ingress["spec"]["ingressClassName"] = json!("gone");
        }
    }
}

fn each_path(ingress: &mut Value, edit: impl Fn(&mut Value)) {
    let rules = ingress["spec"]["rules"].as_array_mut();
    for rule in rules.into_iter().flatten() {
        let paths = rule["http"]["paths"].as_array_mut();
        paths.into_iter().flatten().for_each(&edit);
    }
}

type Said = (u16, Vec<Condition>, Vec<Action>);

/// What every stack's rules say, by whose they are, in order.
fn rules(account: &Account) -> BTreeMap<Unit, BTreeMap<String, Vec<Said>>> {
    let mut all: BTreeMap<Unit, BTreeMap<String, Vec<Said>>> = BTreeMap::new();
    for (unit, observed) in &account.observed {
        for balancer in observed.load_balancers.values().flatten() {
            for (port, listener) in &balancer.listeners {
                let mut rules: Vec<_> = listener.rules.iter().map(|rule| &rule.spec).collect();
                rules.sort_by_key(|rule| rule.priority);
                for rule in rules {
                    let of = rule.tags.get(ORIGIN_TAG).cloned().unwrap_or_default();
                    let said = (*port, rule.conditions.clone(), rule.actions.clone());
                    all.entry(unit.clone()).or_default().entry(of).or_default().push(said);
                }
            }
        }
    }
    all
}

/// A group in which the mistakes that are made can be told from others: every Ingress by class `alb`.
fn crowd() -> impl Strategy<Value = Vec<Object>> {
    strategies::population().prop_map(|objects| {
        let grouped = |object: Object| match object.key.kind {
            Kind::Ingress => edited(&object, |ingress| {
                let group = &mut ingress["metadata"]["annotations"][format!("{ALB}group.name")];
                if group.is_null() || *group == "BAD_" {
                    *group = json!("edge");
                }
            }),
            _ => object,
        };
        objects.into_iter().map(grouped).collect()
    })
}

fn settled(lab: &mut Lab, objects: &[Object]) -> Result<(), TestCaseError> {
    let usual = Surroundings::usual();
    lab.settle(objects, &usual, &mut |_, _| {});
    for planned in lab.look(objects, &usual) {
        prop_assert!(planned.plan.is_empty(), "planned again: {:#?}", planned.plan);
    }
    Ok(())
}

fn manifests(objects: &[Object]) -> Vec<String> {
    objects.iter().filter_map(manifest).map(|it| it.to_string()).collect()
}

/// Whether all these rules are still there, in their order.
fn loses_nothing(then: &[Said], now: &[Said]) -> bool {
    let mut left = now.iter();
    then.iter().all(|rule| left.any(|it| it == rule))
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_member_in_error_keeps_its_rules_and_costs_the_others_nothing(
        objects in crowd(),
        (whom, other) in any::<(Index, Index)>(),
        mistake in proptest::sample::select(&MISTAKES[..]),
    ) {
        let mut lab = Lab::default();
        settled(&mut lab, &objects)?;
        let before = rules(&lab.account);
        let served: Vec<(&Unit, &String)> =
            before.iter().flat_map(|(unit, all)| all.keys().map(move |of| (unit, of))).collect();
        prop_assume!(!served.is_empty());
        let (unit, of) = served[whom.index(served.len())];

        let broken: Vec<Object> = objects.iter().map(|object| {
            let is = object.key.kind == Kind::Ingress && object.key.short() == *of;
            if is { edited(object, |it| make(mistake, it)) } else { object.clone() }
        }).collect();
        let targets = |account: &Account| -> BTreeMap<Unit, _> {
            let all = account.observed.iter().filter(|(unit, _)| matches!(unit, Unit::Targets(_)));
            all.filter_map(|(unit, it)| Some((unit.clone(), it.targets.clone()?))).collect()
        };
        let registered = targets(&lab.account);
        settled(&mut lab, &broken)?;
        let after = rules(&lab.account);
        for (unit, all) in &before {
            for (of, then) in all {
                let now = after.get(unit).and_then(|all| all.get(of)).cloned().unwrap_or_default();
                // Who was in error before may be served now; nobody loses anything.
                let kept = loses_nothing(then, &now);
                prop_assert!(
                    kept, "{:?}: {} has {:#?}, had {:#?} in {:#?}",
                    mistake, of, now, then, manifests(&broken)
                );
            }
        }
        let now = targets(&lab.account);
        for (unit, then) in &registered {
            prop_assert_eq!(
                Some(then), now.get(unit),
                "{:?} of {}: {:#?}", mistake, of, manifests(&broken)
            );
        }

        // Somebody else goes: exactly its rules go.
        let others: Vec<&String> = after[unit].keys().filter(|it| *it != of).collect();
        if others.is_empty() {
            return Ok(());
        }
        let gone = others[other.index(others.len())].clone();
        let is_gone = |key: &ObjectKey| key.kind == Kind::Ingress && key.short() == gone;
        let left: Vec<Object> =
            broken.iter().filter(|it| !is_gone(&it.key)).cloned().collect();
        settled(&mut lab, &left)?;
        // Where whoever is left cannot have the listener, it waits with all its rules.
        let listens = |it: &Planned| {
            let mut held = it.shaped.desired.held.resources.keys();
            it.unit != *unit || !held.any(|key| key.kind == ResourceKind::Listener)
        };
        let looks = lab.look(&left, &Surroundings::usual());
        if !looks.iter().all(listens) {
            return Ok(());
        }
        // A rule that another one says as well may be what serves that one from now on.
        let wanted = looks.iter().filter(|it| it.unit == *unit).flat_map(|it| {
            let rules = it.shaped.desired.rules.iter();
            rules.map(|((port, _), rule)| (*port, rule.spec.conditions.clone()))
        });
        let wanted: Vec<(u16, Vec<Condition>)> = wanted.collect();
        let last = rules(&lab.account);
        let mut of_gone = last[unit].get(&gone).into_iter().flatten();
        prop_assert!(
            of_gone.all(|(port, conditions, _)| wanted.contains(&(*port, conditions.clone()))),
            "{} is gone, {:?} of {}: {:#?}", gone, mistake, of, manifests(&broken)
        );
        let waits = lab.finalizers.carriers().into_iter().any(|it| {
            Some(gone.as_str()) == it.meta().namespace.as_ref().zip(it.meta().name.as_ref())
                .map(|(namespace, name)| format!("{namespace}/{name}")).as_deref()
        });
        prop_assert!(!waits, "{} is not released: {:?} of {}", gone, mistake, of);
        // Whoever has gone may have redirected a port, or had it otherwise: nothing is lost.
        prop_assert!(
            loses_nothing(&after[unit][of], &last[unit][of]),
            "{:?} of {}: {:#?} became {:#?}", mistake, of, after[unit][of], last[unit][of]
        );
    }
}
