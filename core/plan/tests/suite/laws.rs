//! The laws of design section 7, over generated stacks with a history.

use std::{cell::RefCell, collections::BTreeMap, collections::BTreeSet};

use crate::{
    quotas,
    worlds::{self, Mischief, Wish, everything, groups, mischief, wish},
};
use inroad_desired::Desired;
use inroad_plan::{
    FINGERPRINT_TAG, Op, OpId, Plan, Run, StepError, diff, settled, simulate, simulate::Simulation,
};
use inroad_words::{
    Field, ResourceKey, ResourceKind, Value,
    controller::Controller,
    hold::{Hold, HoldReason},
    observed::Observed,
};
use proptest::{
    collection::vec,
    prelude::*,
    test_runner::{Config, TestRunner},
};

const CASES: u32 = 1000;

/// A case: what is wanted, what is there, what of it is held, and a seed for the order of execution.
#[derive(Debug, Clone)]
struct Case {
    desired: Desired,
    observed: Observed,
    held: Option<ResourceKey>,
    order: Vec<u8>,
}

type Seed = (Vec<Wish>, Wish, Vec<Mischief>, Option<usize>, Vec<u8>);

fn seeds() -> impl Strategy<Value = Seed> {
    let held = prop::option::weighted(0.3, 0usize..40);
    (vec(wish(), 0..3), wish(), mischief(), held, vec(any::<u8>(), 1..20))
}

fn case((mut history, mut wish, mischief, held, order): Seed) -> Case {
    // Every third has a name of its own, which another scheme has to take over.
    if order[0] % 3 == 1 {
        history.iter_mut().chain([&mut wish]).for_each(|it| it.fixed_name = true);
    }
    let observed = worlds::observed(&history, &mischief);
    // Every third wish is the last one with its rules in another order: what an edit looks like.
    if let (Some(last), 0) = (history.last(), order[0] % 3) {
        let new = std::mem::replace(&mut wish, last.clone());
        wish.rules.rotate_left(usize::from(order[0] / 3) % last.rules.len().max(1));
        wish.rules.extend(new.rules.first());
        for (port, (_, certificates)) in &mut wish.ports {
            if let Some((_, new)) = new.ports.get(port) {
                certificates.clone_from(new);
            }
        }
    }
    let mut desired = wish.desired();
    let held = held.and_then(|choice| worlds::hold(&mut desired, choice));
    if order[0] % 4 == 1 {
        desired.limits.told = quotas::tight(&order);
    }
    Case { desired, observed, held, order }
}

#[test]
fn plans_keep_their_laws() {
    let shares = RefCell::new(BTreeMap::<&str, u32>::new());
    let mut runner =
        TestRunner::new(Config { cases: CASES, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&seeds(), |seed| {
        let case = case(seed);
        let plan = diff(&case.desired, &case.observed, &Controller::default());
        prop_assert_eq!(&plan, &diff(&case.desired, &case.observed, &Controller::default()));
        classify(&case, &plan, &mut shares.borrow_mut());
        settles(&case, &plan)?;
        touches_only_what_is_there(&case, &plan)?;
        spares_what_is_held(&case, &plan)?;
        let order = legal_order(&plan, &case.order);
        never_dangles(&case, &plan, &order)?;
        quotas::never_exceeded(&case.desired.limits, &plan, &case.observed, &order)?;
        somebody_serves(&case, &plan, &order)?;
        is_never_called_settled_too_early(&case, &plan, &order)?;
        what_nobody_waits_for_can_come_later(&case, &plan)?;
        runs(&plan, &case.order)
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
    for (class, count) in shares.into_inner() {
        let share = f64::from(count) * 100.0 / f64::from(CASES);
        println!("{class}: {share:.1}%");
        assert!(share >= 2.0, "only {share:.1}% of the cases are of class {class}");
    }
}

fn classify(case: &Case, plan: &Plan, shares: &mut BTreeMap<&'static str, u32>) {
    let has = |test: &dyn Fn(&Op) -> bool| plan.ops.values().any(|step| test(&step.op));
    let deletes_balancer = has(&|op| matches!(op, Op::DeleteLoadBalancer { .. }));
    let makes_balancer = has(&|op| matches!(op, Op::CreateLoadBalancer { .. }));
    let classes = [
        ("from nothing", case.observed == Observed::default() && !plan.is_empty()),
        ("to nothing", case.desired.load_balancers.is_empty() && deletes_balancer),
        ("load balancer replaced", deletes_balancer && makes_balancer),
        ("load balancer made beside another", plan.succeeds()),
        ("target group removed", has(&|op| matches!(op, Op::DeleteTargetGroup { .. }))),
        ("security group removed", has(&|op| matches!(op, Op::DeleteSecurityGroup { .. }))),
        ("rules moved", has(&|op| matches!(op, Op::SetRulePriorities { .. }))),
        ("rule changed", has(&|op| matches!(op, Op::ModifyRule { .. }))),
        ("rule removed", has(&|op| matches!(op, Op::DeleteRule { .. }))),
        ("listener changed", has(&|op| matches!(op, Op::ModifyListener { .. }))),
        ("listener removed", has(&|op| matches!(op, Op::DeleteListener { .. }))),
        ("certificate removed", has(&|op| matches!(op, Op::RemoveCertificate { .. }))),
        ("tags that can wait", plan.clone().urgent().1),
        ("tags", has(&|op| matches!(op, Op::TagBalancing { .. }))),
        ("fingerprint taken away", has(&|op| matches!(op, Op::Fingerprint { value: None, .. }))),
        ("waits for room", plan.holds.iter().any(|it| quotas::is_one(&it.reason))),
        ("held by itself", case.held.is_some()),
        ("held by another", plan.holds.len() > case.desired.held.resources.len()),
    ];
    for (class, is_one) in classes {
        *shares.entry(class).or_default() += u32::from(is_one);
    }
}

/// What a plan leaves behind needs no further plan.
fn settles(case: &Case, plan: &Plan) -> Result<(), TestCaseError> {
    let mut after = simulate(plan, &case.observed);
    let mut again = diff(&case.desired, &after, &Controller::default());
    if plan.succeeds() {
        // What was replaced goes once the other stands.
        after = simulate(&again, &after);
        again = diff(&case.desired, &after, &Controller::default());
    }
    prop_assert!(again.is_empty(), "planned again: {:#?}", again.ops);
    Ok(())
}

/// Every ARN and id that a step changes or removes is there.
fn touches_only_what_is_there(case: &Case, plan: &Plan) -> Result<(), TestCaseError> {
    let all = everything(&case.observed);
    for step in plan.ops.values() {
        let touched: Option<&str> = match &step.op {
            Op::DeleteTargetGroup { arn }
            | Op::DeleteLoadBalancer { arn }
            | Op::DeleteListener { arn }
            | Op::DeleteRule { arn }
            | Op::TagBalancing { arn, .. }
            | Op::ModifyListener { listener: arn, .. }
            | Op::ModifyRule { rule: arn, .. }
            | Op::SetSubnets { balancer: arn, .. }
            | Op::SetSecurityGroups { balancer: arn, .. }
            | Op::SetIpAddressType { balancer: arn, .. }
            | Op::RemoveCertificate { listener: arn, .. }
            | Op::ModifyHealthCheck { group: Value::Known(arn), .. }
            | Op::ModifyTargetGroupAttributes { group: Value::Known(arn), .. }
            | Op::Fingerprint { balancer: Value::Known(arn), .. }
            | Op::ModifyLoadBalancerAttributes { balancer: Value::Known(arn), .. } => Some(&arn.0),
            Op::DeleteSecurityGroup { id } | Op::TagEc2 { id, .. } => Some(id),
            Op::RevokeIngress { group: Value::Known(id), .. }
            | Op::AuthorizeIngress { group: Value::Known(id), .. } => Some(id),
            _ => None,
        };
        prop_assert!(touched.is_none_or(|it| all.contains(it)), "a stranger: {:?}", step.op);
    }
    Ok(())
}

/// What is held is there afterwards as it was before; of a rule only the number may change.
fn spares_what_is_held(case: &Case, plan: &Plan) -> Result<(), TestCaseError> {
    let Some(held) = &case.held else { return Ok(()) };
    prop_assert!(!plan.holds.is_empty());
    let (before, after) = (&case.observed, &simulate(plan, &case.observed));
    match held.kind {
        ResourceKind::SecurityGroup => prop_assert_eq!(
            before.security_groups.get(&held.id),
            after.security_groups.get(&held.id)
        ),
        ResourceKind::TargetGroup => {
            let specs = |it: &Observed| {
                let all = it.target_groups.get(&held.id).into_iter().flatten();
                all.map(|it| (it.arn.clone(), it.spec.clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(specs(before), specs(after));
        }
        ResourceKind::LoadBalancer => {
            let specs = |it: &Observed| {
                let all = it.load_balancers.get(&held.id).into_iter().flatten();
                all.map(|it| (it.arn.clone(), it.spec.clone())).collect::<Vec<_>>()
            };
            prop_assert_eq!(specs(before), specs(after));
        }
        ResourceKind::Listener => {
            let specs = |it: &Observed| listeners(it, &held.id).collect::<Vec<_>>();
            prop_assert_eq!(specs(before), specs(after));
        }
        ResourceKind::Rule => {
            let port = held.id.split(':').next().expect("a rule's id names its port");
            prop_assert!(listeners(before, port).count() <= listeners(after, port).count());
            let deletes = plan.ops.values().any(|step| match &step.op {
                Op::DeleteRule { arn } => plan.names[&arn.0].starts_with(&format!("{port}/")),
                _ => false,
            });
            prop_assert!(!deletes, "a rule next to a held one is deleted");
        }
    }
    Ok(())
}

fn listeners<'a>(
    observed: &'a Observed,
    port: &'a str,
) -> impl Iterator<Item = (String, inroad_words::balancer::Listener)> + 'a {
    let all = observed.load_balancers.values().flatten().flat_map(|it| &it.listeners);
    let here = all.filter(move |(at, _)| at.to_string() == *port);
    here.map(|(_, it)| (it.arn.0.clone(), it.spec.clone()))
}

/// Some order that the plan allows.
pub(crate) fn legal_order(plan: &Plan, seed: &[u8]) -> Vec<OpId> {
    let mut done = Vec::new();
    let mut left: BTreeSet<OpId> = plan.ops.keys().copied().collect();
    while !left.is_empty() {
        let free: Vec<OpId> = left
            .iter()
            .copied()
            .filter(|id| plan.after.get(id).is_none_or(|it| it.is_disjoint(&left)))
            .collect();
        let choice = usize::from(seed[done.len() % seed.len()]) % free.len();
        left.remove(&free[choice]);
        done.push(free[choice]);
    }
    done
}

/// After any part of the plan nothing points at what is not there, priorities are used once, a target
/// group serves one load balancer, and no rule that should be there and was has gone.
fn never_dangles(case: &Case, plan: &Plan, order: &[OpId]) -> Result<(), TestCaseError> {
    let mut simulation = Simulation::new(plan, &case.observed);
    let kept = lasting(case, plan);
    let crowded = crowded(&case.observed);
    for id in order {
        let op = &plan.ops[id].op;
        simulation.apply(op);
        let now = &simulation.observed;
        let all = everything(now);
        for balancer in now.load_balancers.values().flatten() {
            for group in balancer.spec.security_groups.iter().filter_map(Value::known) {
                prop_assert!(all.contains(group), "{group} is gone after {op:?}");
            }
            for listener in balancer.listeners.values() {
                let mut used = groups(&listener.spec.default_actions);
                let mut priorities = BTreeSet::new();
                for rule in &listener.rules {
                    used.extend(groups(&rule.spec.actions));
                    let is_free = priorities.insert(rule.spec.priority);
                    prop_assert!(is_free, "priority {} twice: {op:?}", rule.spec.priority);
                }
                for group in used {
                    prop_assert!(all.contains(&group), "{group} is gone after {op:?}");
                }
            }
        }
        prop_assert!(kept.is_subset(&all), "a rule that should be there is gone after {op:?}");
        prop_assert!(self::crowded(now).is_subset(&crowded), "shared after {op:?}");
    }
    Ok(())
}

/// While one load balancer takes the place of another, either the old one is there or the new one is whole;
/// and what comes after the plan goes on so.
fn somebody_serves(case: &Case, plan: &Plan, order: &[OpId]) -> Result<(), TestCaseError> {
    let mut simulation = Simulation::new(plan, &case.observed);
    for id in order.iter().filter(|_| !plan.relieved.is_empty()) {
        simulation.apply(&plan.ops[id].op);
        let mut balancers = simulation.observed.load_balancers.values().flatten();
        let serves = balancers.any(|it| {
            let mut ports = case.desired.listeners.keys();
            plan.relieved.contains(&it.arn) || ports.all(|port| it.listeners.contains_key(port))
        });
        prop_assert!(serves, "nobody after {:?}", plan.ops[id].op);
    }
    if plan.succeeds() {
        let next = diff(&case.desired, &simulation.observed, &Controller::default());
        let order: Vec<OpId> = next.ops.keys().copied().collect();
        let case = Case { observed: simulation.observed, ..case.clone() };
        let waits = |hold: &Hold| !matches!(hold.reason, HoldReason::Successor(_));
        let waits = next.holds.iter().any(waits);
        prop_assert!(waits || !next.succeeds(), "it waits for ever: {next:#?}");
        never_dangles(&case, &next, &order)?;
        if !next.succeeds() {
            somebody_serves(&case, &next, &order)?;
        }
    }
    Ok(())
}

/// Wherever the plan is cut off: who trusts the fingerprint that stands then has nothing to do. And a
/// plan that leaves nothing to wait for leaves the fingerprint.
fn is_never_called_settled_too_early(
    case: &Case,
    plan: &Plan,
    order: &[OpId],
) -> Result<(), TestCaseError> {
    let mut simulation = Simulation::new(plan, &case.observed);
    let is_settled = |simulation: &Simulation| {
        let balancers: Vec<_> = simulation.observed.load_balancers.values().flatten().collect();
        // Where there are two, nobody knows whose note to believe.
        let [only] = balancers[..] else { return false };
        let tag = only.spec.tags.get(FINGERPRINT_TAG);
        settled(tag.map(String::as_str), &case.desired)
    };
    for id in order {
        simulation.apply(&plan.ops[id].op);
        if is_settled(&simulation) {
            let left = diff(&case.desired, &simulation.observed, &Controller::default());
            prop_assert!(left.is_empty(), "settled after {:?}, but {left:#?}", plan.ops[id].op);
        }
    }
    let is_whole = !plan.is_empty() && plan.holds.is_empty();
    let stands = !case.desired.load_balancers.is_empty();
    prop_assert!(!(is_whole && stands) || is_settled(&simulation), "not noted: {plan:#?}");
    Ok(())
}

/// Left out, the tags that number rules are all that is planned afterwards, and nobody takes the stack for
/// settled in between.
fn what_nobody_waits_for_can_come_later(case: &Case, plan: &Plan) -> Result<(), TestCaseError> {
    // There, more than tags comes later.
    if plan.succeeds() {
        return Ok(());
    }
    let (urgent, waits) = plan.clone().urgent();
    prop_assert!(waits || urgent == *plan);
    let between = simulate(&urgent, &case.observed);
    let rest = diff(&case.desired, &between, &Controller::default());
    let late = rest.ops.values().filter(|step| !step.op.is_note());
    prop_assert!({ late }.all(|step| matches!(&step.op, Op::TagBalancing { .. })), "{rest:#?}");
    prop_assert_eq!(waits, !rest.is_empty());
    settles(&Case { observed: between.clone(), ..case.clone() }, &rest)?;
    let noted = between.load_balancers.values().flatten();
    let noted = noted.filter_map(|it| it.spec.tags.get(FINGERPRINT_TAG));
    prop_assert!(!waits || { noted }.all(|tag| !settled(Some(tag), &case.desired)), "{rest:#?}");
    Ok(())
}

/// Rules that are there and whose very content is wanted: no plan changes or removes them, and only a
/// load balancer that is replaced takes them with it.
fn lasting(case: &Case, plan: &Plan) -> BTreeSet<String> {
    let mut lasting = BTreeSet::new();
    let known = |key: &ResourceKey, field| plan.known.get(key, field).map(str::to_owned);
    for ((port, _), rule) in &case.desired.rules {
        let listener = known(&worlds::key(ResourceKind::Listener, port.to_string()), Field::Arn);
        let all = case.observed.load_balancers.values().flatten();
        let here = all.flat_map(|it| it.listeners.values());
        let here = here.filter(|it| Some(&it.arn.0) == listener.as_ref());
        let mut same = here.flat_map(|it| &it.rules).filter(|seen| {
            let wanted = rule.spec.actions.iter().flat_map(|action| match action {
                inroad_words::balancer::Action::Forward { targets, .. } => targets.as_slice(),
                _ => &[],
            });
            let wanted: Vec<Option<String>> = wanted
                .map(|it| it.group.awaits().and_then(|(of, field)| known(of, field)))
                .collect();
            let used: Vec<_> = groups(&seen.spec.actions).into_iter().map(Some).collect();
            seen.spec.conditions == rule.spec.conditions && wanted == used && !used.is_empty()
        });
        // Of several that say the same, one is enough.
        if let (Some(only), None) = (same.next(), same.next())
            && case.desired.listeners.contains_key(port)
        {
            lasting.insert(only.arn.0.clone());
        }
    }
    lasting
}

/// Target groups that more than one load balancer of ours uses.
fn crowded(observed: &Observed) -> BTreeSet<String> {
    let ours = everything(observed);
    let users = |it: &inroad_words::observed::SeenTargetGroup| {
        it.load_balancers.iter().filter(|user| ours.contains(&user.0)).count()
    };
    let all = observed.target_groups.values().flatten();
    all.filter(|it| users(it) > 1).map(|it| it.arn.0.clone()).collect()
}

/// Whoever executes gets every step once and filled in; a failure holds just what comes after it.
fn runs(plan: &Plan, seed: &[u8]) -> Result<(), TestCaseError> {
    for with_failure in [false, true] {
        let mut run = Run::new(plan.clone());
        let mut seen = BTreeSet::new();
        let mut failed = BTreeSet::new();
        while !run.is_done() {
            for (id, op) in run.ready() {
                prop_assert!(seen.insert(id), "{id:?} was handed out twice");
                let text = serde_json::to_string(&op).expect("an op is plain data");
                prop_assert!(!text.contains("\"output\""), "not filled in: {text}");
                let fails = with_failure && seed[id.0 as usize % seed.len()].is_multiple_of(8);
                if fails {
                    failed.insert(id);
                    let message = "no".to_owned();
                    run.settle(id, Err(StepError { message, ..StepError::default() }));
                } else {
                    let made = format!("made-{}", id.0);
                    let fields = [Field::Arn, Field::GroupId, Field::DnsName];
                    run.settle(id, Ok(fields.map(|field| (field, made.clone())).into()));
                }
            }
        }
        let outcome = run.finish();
        prop_assert_eq!(outcome.failed.keys().copied().collect::<BTreeSet<_>>(), failed.clone());
        let behind = |id: &OpId| plan.after.get(id).is_some_and(|it| !it.is_subset(&outcome.done));
        for id in plan.ops.keys() {
            prop_assert_eq!(seen.contains(id), !behind(id), "{:?}", id);
        }
    }
    Ok(())
}
