//! Requests while a plan is carried out: in each order that it allows, after each step, every request is
//! answered as by the old rules or as by the new ones, and no more rules stand than may.

use std::{cell::RefCell, collections::BTreeMap};

use inroad_desired::Desired;
use inroad_plan::{OpId, Plan, diff, simulate, simulate::Simulation};
use inroad_words::{
    balancer::{Action, Condition, FixedResponse, Patterns, Rule},
    controller::Controller,
    hold::HoldReason,
    observed::Observed,
    quota::{Limits, Quota},
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

use crate::{laws::legal_order, worlds::Wish};

const CASES: u32 = 1000;
const HOSTS: [&str; 3] = ["a.example.com", "b.example.com", "*.example.com"];
const PATHS: [&str; 4] = ["/x", "/y", "/x*", "/*"];
const METHODS: [&str; 2] = ["GET", "POST"];

/// A rule in numbers: host, path and method (one too many: any), and who answers.
type Brief = (usize, usize, usize, u16);

fn brief() -> impl Strategy<Value = Brief> {
    (0..=HOSTS.len(), 0..=PATHS.len(), 1..=METHODS.len(), 200u16..206)
}

fn rules() -> impl Strategy<Value = Vec<Brief>> {
    vec(brief(), 0..7)
}

fn answer(status: u16) -> Vec<Action> {
    let response = FixedResponse { status_code: status.to_string(), ..FixedResponse::default() };
    vec![Action::FixedResponse(response)]
}

fn conditions((host, path, method, _): Brief) -> Vec<Condition> {
    let one = |text: &str| Patterns::values([text.to_owned()]);
    let host = HOSTS.get(host).map(|it| Condition::HostHeader(one(it)));
    let path = PATHS.get(path).map(|it| Condition::PathPattern(one(it)));
    let method = METHODS.get(method).map(|it| Condition::HttpRequestMethod(vec![(*it).into()]));
    let all: Vec<Condition> = host.into_iter().chain(path).chain(method).collect();
    if all.is_empty() { vec![Condition::PathPattern(one("/*"))] } else { all }
}

/// A stack with these rules on each of these ports.
fn wish(ports: &BTreeMap<u16, (u16, Vec<Brief>)>) -> Desired {
    let mut wish = crate::plans::shop();
    wish.ports = ports.keys().map(|port| (*port, (false, Default::default()))).collect();
    wish.rules = ports.iter().flat_map(|(port, it)| it.1.iter().map(|_| (*port, 0, 0))).collect();
    let mut desired = Wish::desired(&wish);
    for (port, (default, rules)) in ports {
        let listener = desired.listeners.get_mut(port).expect("it was wished for");
        listener.spec.default_actions = answer(*default);
        for (priority, brief) in (1..).zip(rules) {
            let rule = desired.rules.get_mut(&(*port, priority)).expect("one for each");
            rule.spec.conditions = conditions(*brief);
            rule.spec.actions = answer(brief.3);
        }
    }
    desired
}

/// Host, path and method of some request.
type Request = (&'static str, &'static str, &'static str);

fn requests() -> impl Iterator<Item = Request> {
    let hosts = ["a.example.com", "b.example.com", "c.example.com", "elsewhere.org"];
    let paths = ["/x", "/y", "/xx", "/z"];
    let all = hosts.into_iter().flat_map(move |host| paths.map(|path| (host, path)));
    all.flat_map(|(host, path)| METHODS.map(|method| (host, path, method)))
}

fn matches(rule: &Rule, (host, path, method): Request) -> bool {
    let like = |pattern: &String, text: &str| match pattern.split_once('*') {
        Some((head, tail)) => text.starts_with(head) && text.ends_with(tail),
        None => pattern == text,
    };
    rule.conditions.iter().all(|condition| match condition {
        Condition::HostHeader(hosts) => hosts.values.iter().any(|it| like(it, host)),
        Condition::PathPattern(paths) => paths.values.iter().any(|it| like(it, path)),
        Condition::HttpRequestMethod(methods) => methods.iter().any(|it| it == method),
        other => panic!("nobody made {other:?}"),
    })
}

type Answers = BTreeMap<(u16, Request), Vec<Action>>;

/// What everything that listens answers.
fn answers(observed: &Observed) -> Answers {
    let mut answers = Answers::new();
    let balancers = observed.load_balancers.values().flatten();
    for (port, listener) in balancers.flat_map(|it| &it.listeners) {
        let mut rules: Vec<&Rule> = listener.rules.iter().map(|it| &it.spec).collect();
        rules.sort_by_key(|it| it.priority);
        for request in requests() {
            let first = rules.iter().find(|it| matches(it, request));
            let actions = first.map_or(&listener.spec.default_actions, |it| &it.actions);
            answers.insert((*port, request), actions.clone());
        }
    }
    answers
}

fn count(observed: &Observed) -> usize {
    let balancers = observed.load_balancers.values().flatten();
    balancers.flat_map(|it| it.listeners.values()).map(|it| it.rules.len()).sum()
}

#[derive(Debug, Clone)]
struct Case {
    old: BTreeMap<u16, (u16, Vec<Brief>)>,
    new: BTreeMap<u16, (u16, Vec<Brief>)>,
    /// Room beside the old rules.
    room: usize,
    orders: Vec<Vec<u8>>,
}

fn ports() -> impl Strategy<Value = BTreeMap<u16, (u16, Vec<Brief>)>> {
    let second = prop::option::weighted(0.3, (Just(404u16), rules()));
    let first = (prop_oneof![4 => Just(404u16), 1 => Just(503)], rules());
    (first, second).prop_map(|(first, second)| {
        let all = [(80, Some(first)), (81, second)].into_iter();
        all.filter_map(|(port, it)| Some((port, it?))).collect()
    })
}

/// New rules are the old ones after some edits, or others.
fn case() -> impl Strategy<Value = Case> {
    let edits = vec((0..4u8, any::<prop::sample::Index>(), brief()), 0..4);
    let room = prop_oneof![Just(0usize), 0..8usize, Just(100)];
    let seeds = vec(vec(any::<u8>(), 1..20), 4);
    (ports(), ports(), prop::option::weighted(0.8, edits), room, seeds).prop_map(
        |(old, mut new, edits, room, orders)| {
            if let Some(edits) = edits {
                let first = old[&80].1.clone();
                new.get_mut(&80).expect("everybody has it").1 = edits.into_iter().fold(first, edit);
            }
            Case { old, new, room, orders }
        },
    )
}

fn edit(mut rules: Vec<Brief>, edit: (u8, prop::sample::Index, Brief)) -> Vec<Brief> {
    let (what, place, brief) = edit;
    match (what, rules.is_empty()) {
        (0, _) | (_, true) => rules.insert(place.index(rules.len() + 1), brief),
        (1, _) => drop(rules.remove(place.index(rules.len()))),
        (2, _) => {
            let nth = place.index(rules.len());
            rules[nth] = brief;
        }
        _ => {
            let moved = rules.remove(place.index(rules.len()));
            rules.insert(usize::from(brief.3) % (rules.len() + 1), moved);
        }
    }
    rules
}

#[test]
fn no_request_goes_astray_on_the_way() {
    let shares = RefCell::new(BTreeMap::<&str, u32>::new());
    let mut runner =
        TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&case(), |case| {
        let before = simulate(
            &diff(&wish(&case.old), &Observed::default(), &Controller::default()),
            &Observed::default(),
        );
        let limit = count(&before) + case.room;
        let mut desired = wish(&case.new);
        let told = BTreeMap::from([(Quota::Rules, limit)]);
        desired.limits = Limits { told, ..Limits::default() };
        let plan = diff(&desired, &before, &Controller::default());
        let again = diff(&desired, &simulate(&plan, &before), &Controller::default());
        prop_assert!(again.is_empty(), "planned again: {:#?}", again.ops);
        // Whoever has room for old and new rules together loses no request.
        let fits = count(&before) + case.new.values().map(|it| it.1.len()).sum::<usize>() <= limit;
        for seed in &case.orders {
            follow(&plan, &before, &legal_order(&plan, seed), limit, fits)?;
        }
        let calls = plan.ops.values().filter(|it| it.subject.kind == "rule").count();
        let mut shares = shares.borrow_mut();
        let classes = [
            ("fits", fits),
            ("does not fit", !fits),
            ("waits for room", !plan.holds.is_empty()),
            ("several steps", calls > 3),
        ];
        for (class, is_one) in classes {
            *shares.entry(class).or_default() += u32::from(is_one);
        }
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    for (class, count) in shares.into_inner() {
        assert!(count * 20 > CASES, "only {count} cases of class {class}");
    }
}

fn follow(
    plan: &Plan,
    before: &Observed,
    order: &[OpId],
    limit: usize,
    fits: bool,
) -> Result<(), TestCaseError> {
    let (old, new) = (answers(before), answers(&simulate(plan, before)));
    let mut simulation = Simulation::new(plan, before);
    for id in order {
        simulation.apply(&plan.ops[id].op);
        let now = &simulation.observed;
        prop_assert!(count(now) <= limit, "{} rules after {id:?}", count(now));
        let served =
            answers(now).into_iter().filter(|(request, _)| fits && old.contains_key(request));
        for (request, answer) in served {
            let legal = [old.get(&request), new.get(&request)];
            prop_assert!(
                legal.contains(&Some(&answer)),
                "{request:?} is answered {answer:?} after {id:?} of {order:?}: {plan:#?}"
            );
        }
    }
    Ok(())
}

/// Where there is room for some only, those that stand stay and the first in group order come.
#[test]
fn who_waits_is_told() {
    let old = BTreeMap::from([(80, (404, vec![(0, 0, 2, 200), (0, 1, 2, 201)]))]);
    let new = BTreeMap::from([(
        80,
        (404, (0..3).map(|n| (n, 0, 2, 210)).chain([(0, 1, 2, 211), (0, 2, 2, 212)]).collect()),
    )]);
    let before = simulate(
        &diff(&wish(&old), &Observed::default(), &Controller::default()),
        &Observed::default(),
    );
    let mut desired = wish(&new);
    desired.limits.told.insert(Quota::Rules, 3);
    let plan = diff(&desired, &before, &Controller::default());
    let after = simulate(&plan, &before);
    assert_eq!(count(&after), 3);
    let [hold] = plan.holds.as_slice() else { panic!("{:#?}", plan.holds) };
    assert_eq!(hold.subject, "rule 80/4 and 1 more");
    assert_eq!(hold.reason, HoldReason::Quota { quota: Quota::Rules, limit: 3, needed: 5 });
    let told = hold.reason.to_string();
    assert!(
        told.contains("\"Rules per Application Load Balancer\" is 3 [PL0010] (help: "),
        "{told}"
    );
}
