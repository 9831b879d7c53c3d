//! The laws of the corridor over whole worlds. A case that fails comes minimal, with its objects; what
//! is generated depends on proptest's seed alone, which `PROPTEST_RNG_SEED` sets.

mod classes;
mod clients;
mod isolation;
mod rest;
mod steps;
mod zones;

use std::collections::BTreeMap;

use inroad_intent::{Compiled, Intent, compile, model::Route};
use inroad_plan::plan::Step;
use inroad_testkit::{Account, Corridor, Planned, Surroundings, sign, strategies};
use inroad_words::{ObjectKey, Unit, controller::Controller};
use inroad_world::{Change, Finalizers, Lens, Object};
use proptest::prelude::*;

/// Cases of each law: what fits into a minute unoptimised.
const CASES: u32 = 160;

fn config() -> ProptestConfig {
    ProptestConfig { cases: CASES, failure_persistence: None, ..ProptestConfig::default() }
}

/// A cluster and the account that it has.
#[derive(Debug, Default, PartialEq)]
struct Lab {
    account: Account,
    finalizers: Finalizers,
}

impl Lab {
    /// Settles objects, with a look at the account after each step.
    fn settle(
        &mut self,
        objects: &[Object],
        surroundings: &Surroundings,
        look: &mut dyn FnMut(&Account, &Step),
    ) -> Vec<Planned> {
        let controller = strategies::controller();
        let mut plans = Vec::new();
        // Who is released is gone afterwards, and whoever waited for its names has another turn.
        loop {
            let world = strategies::carrying(&mut self.finalizers, objects.to_vec());
            let corridor = Corridor { world: &world, surroundings, controller: &controller };
            let settled = corridor.settle(&mut self.account, look);
            sign(&mut self.finalizers, &settled);
            plans.extend(settled);
            if strategies::carrying(&mut self.finalizers, objects.to_vec()) == world {
                return plans;
            }
        }
    }

    /// Everything planned against what is there.
    fn look(&mut self, objects: &[Object], surroundings: &Surroundings) -> Vec<Planned> {
        let world = strategies::carrying(&mut self.finalizers, objects.to_vec());
        let controller = strategies::controller();
        Corridor { world: &world, surroundings, controller: &controller }.look(&self.account)
    }
}

fn compile_all(objects: &[Object], controller: &Controller) -> BTreeMap<Unit, Compiled> {
    let world = strategies::world(objects.to_vec());
    let one = |unit| compile(&Lens::new(&world), unit, controller);
    inroad_intent::roots(&world, controller).iter().map(|it| (it.clone(), one(it))).collect()
}

fn routes_of<'c>(compiled: &'c Compiled, of: &ObjectKey) -> Vec<(u16, &'c Route)> {
    let Intent::Stack(stack) = &compiled.intent else { return Vec::new() };
    let listeners = stack.balancer.iter().flat_map(|balancer| &balancer.listeners);
    let routes =
        listeners.flat_map(|(port, listener)| listener.routes.iter().map(move |r| (*port, r)));
    routes.filter(|(_, route)| route.origin.object() == Some(of)).collect()
}

/// A member that has nothing right but its group, at the group's end.
const BROKEN: &str = r#"
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: zz
  namespace: b
  annotations:
    kubernetes.io/ingress.class: alb
    alb.ingress.kubernetes.io/group.name: edge
    alb.ingress.kubernetes.io/group.order: "1000"
    alb.ingress.kubernetes.io/scheme: public
    alb.ingress.kubernetes.io/inbound-cidrs: all
    alb.ingress.kubernetes.io/tags: nothing
    alb.ingress.kubernetes.io/listen-ports: "80"
    alb.ingress.kubernetes.io/ssl-redirect: none
    external-dns.alpha.kubernetes.io/ttl: soon
spec:
  rules: [{http: {paths: [{path: "/*", pathType: Prefix, backend: {service: {name: gone}}}]}}]
"#;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_order_of_objects_does_not_matter(
        (objects, shuffled) in strategies::population()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        surroundings in strategies::surroundings(),
    ) {
        let (mut one, mut other) = (Lab::default(), Lab::default());
        let plans = one.settle(&objects, &surroundings, &mut |_, _| {});
        prop_assert_eq!(plans, other.settle(&shuffled, &surroundings, &mut |_, _| {}));
        prop_assert_eq!(one, other);
    }

    #[test]
    fn a_broken_member_costs_the_others_nothing(objects in strategies::population()) {
        let controller = strategies::controller();
        let with: Vec<Object> =
            objects.iter().cloned().chain(strategies::objects(BROKEN)).collect();
        let (before, after) = (compile_all(&objects, &controller), compile_all(&with, &controller));
        for (unit, compiled) in &before {
            let later = &after[unit];
            for member in objects.iter().map(|object| &object.key) {
                let (then, now) = (routes_of(compiled, member), routes_of(later, member));
                prop_assert_eq!(then, now, "{} {}", unit, member);
            }
            match (&compiled.intent, &later.intent) {
                (Intent::Stack(then), Intent::Stack(now)) if !then.members.is_empty() => {
                    // Where nobody says the scheme, who says it unreadably holds the stack: the
                    // default might replace the load balancer (LB0001).
                    let said = then.balancer.as_ref().is_some_and(|it| it.scheme.origin.object().is_some());
                    if said {
                        prop_assert_eq!(then.held.is_some(), now.held.is_some());
                        prop_assert_eq!(&then.backends, &now.backends);
                    }
                    prop_assert_eq!(
                        then.balancer.as_ref().map(|b| (&b.scheme, &b.tags, &b.security)),
                        now.balancer.as_ref().map(|b| (&b.scheme, &b.tags, &b.security))
                    );
                }
                (Intent::Targets(then), Intent::Targets(now)) => prop_assert_eq!(then, now),
                _ => {}
            }
        }
    }

    #[test]
    fn what_was_not_read_does_not_matter(
        objects in strategies::population(),
        change in strategies::object(),
        removed in any::<bool>(),
    ) {
        let controller = strategies::controller();
        let world = strategies::world(objects);
        let change = if removed { Change::Removed(change.key) } else { Change::Applied(change) };
        let (next, touched) = world.absorb(change);
        let mut units = inroad_intent::roots(&world, &controller);
        let zones = Surroundings::usual().facts.zones;
        units.extend(zones.into_iter().map(|zone| Unit::Zone(zone.key)));
        for unit in units {
            let before = compile(&Lens::new(&world), &unit, &controller);
            let after = compile(&Lens::new(&next), &unit, &controller);
            if !before.reads.touched_by(&touched) {
                prop_assert_eq!(before, after, "{}", unit);
            }
        }
    }
}
