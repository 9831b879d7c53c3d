//! Everything that inroad says of a world, by every door that leads to a reader. In: objects and their
//! surroundings. Out: one text.

use std::{collections::BTreeSet, fmt::Write};

use inroad_intent::Intent;
use inroad_plan::{Outcome, Run, StepError, fingerprint, outputs_of, render, simulate};
use inroad_status as status;
use inroad_testkit::{Account, Corridor, Planned, Surroundings, strategies};
use inroad_words::controller::Controller;
use inroad_world::Object;
use proptest::prelude::*;

/// The same bytes twice, and no panic on the way.
pub(crate) fn holds(
    read: impl Fn() -> Vec<Object>,
    surroundings: &Surroundings,
    account: &Account,
    controller: &Controller,
) -> Result<(), TestCaseError> {
    let tell = || told(&read(), surroundings, account, controller);
    let (once, again) = (tell(), tell());
    prop_assert!(once == again, "{once}\nand then\n{again}");
    Ok(())
}

fn told(
    objects: &[Object],
    surroundings: &Surroundings,
    account: &Account,
    controller: &Controller,
) -> String {
    let world = strategies::world(objects.to_vec());
    let corridor = Corridor { world: &world, surroundings, controller };
    let planned = corridor.look(account);
    let mut text = render::text(&render(planned.iter().map(|it| &it.plan)));
    let units: Vec<_> = planned.iter().map(|it| (&it.compiled, &it.shaped.desired)).collect();
    for object in objects {
        text += &status::explain(&object.key, &units);
    }
    for one in &planned {
        for diagnostic in one.compiled.diagnostics.iter().chain(&one.shaped.diagnostics) {
            let mark = world.mark(&diagnostic.origin);
            writeln!(text, "{diagnostic} {mark:?}").expect("a String takes all");
        }
        text += &of_unit(one);
    }
    text
}

fn of_unit(planned: &Planned) -> String {
    let Planned { unit, shaped, observed, plan, .. } = planned;
    let fingerprint = fingerprint(&shaped.desired);
    let (after, known) = (simulate(plan, observed), outputs_of(observed, unit));
    let reports = [true, false].map(|succeeds| reported(planned, &ran(planned, succeeds)));
    let records = status::records(&shaped.desired);
    format!("{unit} {fingerprint} {known:?} {after:?} {reports:?} {records}\n{plan:?}\n")
}

/// What comes of a plan all of whose steps succeed, or fail.
fn ran(planned: &Planned, succeeds: bool) -> Outcome {
    let mut run = Run::new(planned.plan.clone());
    loop {
        let ready = run.ready();
        if ready.is_empty() {
            return run.finish();
        }
        for (id, _) in ready {
            let error = StepError { message: "no".into(), ..StepError::default() };
            run.settle(id, if succeeds { Ok(Default::default()) } else { Err(error) });
        }
    }
}

fn reported(planned: &Planned, outcome: &Outcome) -> impl std::fmt::Debug + use<> {
    let joined = BTreeSet::new();
    let Planned { compiled, shaped, plan, .. } = planned;
    let before = match &compiled.intent {
        Intent::Stack(stack) => status::before(stack),
        _ => BTreeSet::new(),
    };
    let ran = status::Ran { compiled, shaped, plan, outcome, joined: &joined, settled: false };
    (before, status::report(&ran, None))
}
