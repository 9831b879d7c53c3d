//! Histories: from any state to any state, strangers in between, and at last to nothing.

use inroad_testkit::{Account, Corridor, Planned, Surroundings, strategies, strategies::Moment};
use inroad_words::{
    Unit, Value,
    observed::Observed,
    record::{Record, RecordData},
};
use proptest::prelude::*;

use crate::{config, look, steps};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn every_state_is_reached_and_left_without_a_trace(history in strategies::history()) {
        let mut account = Account::default();
        for moment in &history {
            pass(moment, &mut account)?;
        }
        let nothing =
            Moment { objects: Vec::new(), surroundings: Surroundings::usual(), mischief: None };
        pass(&nothing, &mut account)?;
        let left = account.ours();
        prop_assert!(left.is_empty(), "left behind: {:#?}", left);
    }
}

fn pass(moment: &Moment, account: &mut Account) -> Result<(), TestCaseError> {
    let (world, controller) = (strategies::world(moment.objects.clone()), strategies::controller());
    let surroundings = &moment.surroundings;
    let corridor = Corridor { world: &world, surroundings, controller: &controller };
    let strangers = account.strangers();
    let mut wrong = Vec::new();
    let plans = corridor.settle(account, &mut |account, step| {
        wrong.extend(steps::dangling(account).map(|it| format!("{it} after {:?}", step.op)));
    });
    prop_assert!(wrong.is_empty(), "{:#?}", wrong);
    for planned in &plans {
        steps::touches_only_its_own(planned)?;
        steps::spares_what_is_held(planned)?;
    }
    prop_assert_eq!(&strangers, &account.strangers());
    for planned in look(&moment.objects, surroundings, account) {
        prop_assert!(planned.plan.is_empty(), "planned again: {:#?}", planned.plan);
        leads_somewhere(&planned, account)?;
    }
    moment.mischief.into_iter().for_each(|it| account.suffer(it));
    Ok(())
}

/// At rest every alias of ours leads to a load balancer that is there, but for names that wait.
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
    for record in planned.observed.records.iter().flat_map(|it| it.values()) {
        let waits = held.names.contains_key(&record.key.name);
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
