//! Histories: from any state to any state, strangers in between, and at last to nothing.

use inroad_testkit::{Account, Mischief, Planned, Surroundings, strategies, strategies::Moment};
use inroad_words::{
    Unit, Value,
    observed::Observed,
    record::{Record, RecordData},
};
use inroad_world::{Carrier, Object, manifest};
use proptest::prelude::*;

use crate::{Lab, config, steps};

const KEEPER: &str = "keeper";

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_state_is_reached_and_left_without_a_trace(history in strategies::history()) {
        let mut lab = Lab::default();
        for moment in &history {
            pass(moment, &mut lab)?;
        }
        let nothing =
            Moment { objects: keeper(), surroundings: Surroundings::usual(), mischief: None };
        pass(&nothing, &mut lab)?;
        let waiting = lab.finalizers.carriers();
        let used = history.iter().any(|moment| moment.mischief == Some(Mischief::User));
        let waits = |carrier: &Carrier| used || is_protected(carrier);
        let stays = waiting.iter().any(is_protected);
        prop_assert!(stays || waiting.iter().all(waits), "not released: {:#?}", waiting);
        let mut left = lab.account.ours();
        left.retain(|it| !it.contains(KEEPER));
        prop_assert!(stays || left.is_empty(), "left behind: {:#?}", left);
    }
}

/// Somebody who still has a name in each zone, and nothing else: where nobody has, none of it is emptied.
fn keeper() -> Vec<Object> {
    let manifest = format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n\
         metadata: {{name: {KEEPER}, namespace: z, annotations: {{\
         external-dns.kubernetes.io/hostname: \"{KEEPER}.example.com,{KEEPER}.other.org\", \
         external-dns.kubernetes.io/target: 192.0.2.99, \
         kubernetes.io/ingress.class: other}}}}\nspec: {{}}\n"
    );
    manifest::parse("keeper.yaml", &manifest).objects
}

/// Whether its owner has forbidden that its load balancer goes.
fn is_protected(carrier: &Carrier) -> bool {
    let said = |(key, value): (&String, &String)| {
        key.ends_with("load-balancer-attributes") && value == "deletion_protection.enabled=true"
    };
    carrier.meta().annotations.iter().flatten().any(said)
}

fn pass(moment: &Moment, lab: &mut Lab) -> Result<(), TestCaseError> {
    let surroundings = &moment.surroundings;
    let strangers = lab.account.strangers();
    let mut wrong = Vec::new();
    let plans = lab.settle(&moment.objects, surroundings, &mut |account, step| {
        wrong.extend(steps::dangling(account).map(|it| format!("{it} after {:?}", step.op)));
    });
    prop_assert!(wrong.is_empty(), "{:#?}", wrong);
    for planned in &plans {
        steps::touches_only_its_own(planned)?;
        steps::spares_what_is_held(planned)?;
    }
    prop_assert_eq!(&strangers, &lab.account.strangers());
    for planned in lab.look(&moment.objects, surroundings) {
        prop_assert!(planned.plan.is_empty(), "planned again: {:#?}", planned.plan);
        leads_somewhere(&planned, &lab.account)?;
    }
    moment.mischief.into_iter().for_each(|it| lab.account.suffer(it));
    Ok(())
}

/// At rest every alias of ours leads to a load balancer that is there, but for names that wait, and
/// records that stay as nobody saw go who had them.
fn leads_somewhere(planned: &Planned, account: &Account) -> Result<(), TestCaseError> {
    let held = &planned.shaped.desired.held;
    let Unit::Zone(zone) = &planned.unit else { return Ok(()) };
    if held.unit.is_some() {
        return Ok(());
    }
    let balancers = |it: &Observed| -> Vec<String> {
        it.load_balancers.values().flatten().map(|it| it.dns_name.clone()).collect()
    };
    let all: Vec<String> = account.observed.values().flat_map(balancers).collect();
    let stays = |key: &str| planned.plan.holds.iter().any(|hold| hold.subject == key);
    for record in planned.observed.records.iter().flat_map(|it| it.values()) {
        let waits = held.names.contains_key(&record.key.name) || stays(&record.key.to_string());
        if let (Some(target), false) = (alias(record), waits) {
            prop_assert!(
                all.contains(target),
                "{} in {} leads to {}",
                record.key,
                zone.name,
                target
            );
        }
    }
    Ok(())
}

fn alias(record: &Record) -> Option<&String> {
    match &record.data {
        RecordData::Alias { target, .. } => Some(target),
        RecordData::Values(_) => None,
    }
}

/// A value that an executor has seen.
pub(crate) fn known<T>(value: &Value<T>) -> &T {
    value.known().expect("what is there is known")
}
