//! From a draft to a plan. Order comes from references alone: a step waits for the steps whose
//! outputs it uses, and a removal waits for the steps that give up the last references to what goes.
//! What cannot happen now (an output of another unit, something that is still used by what is held)
//! is held together with everything that waits for it.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    ResourceKey, Value,
    balancer::Action,
    hold::HoldReason,
    network::{IngressRule, Peer},
    observed::{Observed, SeenBalancer},
};

use crate::{
    Op,
    codes::STILL_USED,
    draft::{Draft, Entry, Ix},
    plan::{OpId, Plan},
    refers,
};

/// Who uses what today: users and what they use are ARNs and EC2 ids.
#[derive(Debug, Default)]
pub(crate) struct References {
    uses: BTreeMap<String, BTreeSet<String>>,
    parts: BTreeMap<String, BTreeSet<String>>,
    ingress: BTreeMap<String, BTreeSet<IngressRule>>,
}

impl References {
    pub(crate) fn of(observed: &Observed) -> Self {
        let mut references = Self::default();
        let groups = observed.security_groups.values().flatten();
        for group in groups.chain(observed.shared_rules.values()) {
            references.use_all(&group.id, peers(&group.spec.ingress));
            references.ingress.insert(group.id.clone(), group.spec.ingress.clone());
        }
        let balancers: Vec<_> = observed.load_balancers.values().flatten().collect();
        balancers.iter().for_each(|balancer| references.balancer(balancer));
        for group in observed.target_groups.values().flatten() {
            for user in &group.load_balancers {
                if balancers.iter().all(|it| it.arn != *user) {
                    references.use_all(&user.0, [group.arn.0.clone()]);
                }
            }
        }
        references
    }

    fn balancer(&mut self, balancer: &SeenBalancer) {
        let whole = &balancer.arn.0;
        let groups = balancer.spec.security_groups.iter();
        self.use_all(whole, groups.filter_map(Value::known).cloned());
        for listener in balancer.listeners.values() {
            self.part(whole, &listener.arn.0, &listener.spec.default_actions);
            for rule in &listener.rules {
                self.part(&listener.arn.0, &rule.arn.0, &rule.spec.actions);
                self.parts.entry(whole.clone()).or_default().insert(rule.arn.0.clone());
            }
        }
    }

    fn part(&mut self, whole: &str, part: &str, actions: &[Action]) {
        self.parts.entry(whole.into()).or_default().insert(part.into());
        self.use_all(part, refers::groups_of(actions));
    }

    fn use_all(&mut self, user: &str, used: impl IntoIterator<Item = String>) {
        self.uses.entry(user.into()).or_default().extend(used);
    }

    /// Who uses it, but for itself.
    fn users(&self, used: &str) -> impl Iterator<Item = &str> {
        let users = self.uses.iter().filter(move |(user, all)| *user != used && all.contains(used));
        users.map(|(user, _)| user.as_str())
    }

    /// The (used, user) pairs that are gone when this step has succeeded.
    fn released(&self, op: &Op) -> BTreeSet<(String, String)> {
        match op {
            Op::DeleteSecurityGroup { id: gone } => self.all_of(gone),
            Op::DeleteLoadBalancer { arn }
            | Op::DeleteListener { arn }
            | Op::DeleteRule { arn } => self.all_of(&arn.0),
            Op::SetSecurityGroups { balancer, groups } => {
                let kept = groups.iter().filter_map(Value::known).cloned().collect();
                self.but(&balancer.0, &kept)
            }
            Op::ModifyListener { listener, spec } => {
                self.but(&listener.0, &refers::groups_of(&spec.default_actions))
            }
            Op::ModifyRule { rule, spec } => self.but(&rule.0, &refers::groups_of(&spec.actions)),
            Op::RevokeIngress { group: Value::Known(group), rules } => {
                let all = self.ingress.get(group).into_iter().flatten();
                let left = all.filter(|rule| !rules.contains(rule)).cloned().collect();
                self.but(group, &peers(&left))
            }
            _ => BTreeSet::new(),
        }
    }

    fn all_of(&self, whole: &str) -> BTreeSet<(String, String)> {
        let parts = self.parts.get(whole).into_iter().flatten().map(String::as_str);
        let users = std::iter::once(whole).chain(parts);
        users.flat_map(|user| self.but(user, &BTreeSet::new())).collect()
    }

    fn but(&self, user: &str, kept: &BTreeSet<String>) -> BTreeSet<(String, String)> {
        let used = self.uses.get(user).into_iter().flatten().filter(|it| !kept.contains(*it));
        used.map(|used| (used.clone(), user.to_owned())).collect()
    }
}

fn peers(rules: &BTreeSet<IngressRule>) -> BTreeSet<String> {
    let peers = rules.iter().filter_map(|rule| match &rule.peer {
        Peer::Group(group) => group.known().cloned(),
        _ => None,
    });
    peers.collect()
}

/// The resource that a step makes.
pub(crate) fn created(op: &Op) -> Option<&ResourceKey> {
    match op {
        Op::CreateSecurityGroup { key, .. }
        | Op::CreateTargetGroup { key, .. }
        | Op::CreateLoadBalancer { key, .. }
        | Op::CreateListener { key, .. }
        | Op::CreateRule { key, .. } => Some(key),
        _ => None,
    }
}

/// What a step removes that others can use.
fn removed(op: &Op) -> Option<&str> {
    match op {
        Op::DeleteSecurityGroup { id } => Some(id),
        Op::DeleteTargetGroup { arn } => Some(&arn.0),
        _ => None,
    }
}

/// Orders the draft's steps into the plan, and holds those that cannot happen.
pub(crate) fn arrange(mut draft: Draft, references: &References, plan: &mut Plan) {
    let mut held = by_outputs(&mut draft.entries);
    held.extend(by_releases(&mut draft.entries, references));
    held.extend(std::mem::take(&mut draft.waits));
    spread(&draft.entries, &mut held);
    for (ix, reason) in &held {
        let step = draft.entries[ix.0].step.clone();
        draft.hold_step(&step, reason.clone());
    }
    let numbers = number(&draft.entries, &held);
    for (ix, entry) in draft.entries.into_iter().enumerate() {
        let Some(id) = numbers.get(&Ix(ix)) else { continue };
        let after: BTreeSet<OpId> = entry.after.iter().map(|it| numbers[it]).collect();
        plan.ops.insert(*id, entry.step);
        if !after.is_empty() {
            plan.after.insert(*id, after);
        }
    }
    plan.holds = draft.holds;
}

/// Each step after those whose outputs it uses; one whose output nobody here makes is held.
fn by_outputs(entries: &mut [Entry]) -> BTreeMap<Ix, HoldReason> {
    let makers: BTreeMap<ResourceKey, Ix> = entries
        .iter()
        .enumerate()
        .filter_map(|(ix, entry)| Some((created(&entry.step.op)?.clone(), Ix(ix))))
        .collect();
    let mut held = BTreeMap::new();
    for (ix, entry) in entries.iter_mut().enumerate() {
        for (of, field) in refers::awaited(&entry.step.op) {
            match makers.get(&of) {
                Some(maker) => {
                    entry.after.insert(*maker);
                }
                None => {
                    held.entry(Ix(ix)).or_insert(HoldReason::Output { of, field });
                }
            }
        }
    }
    held
}

/// Each removal after the steps that give up what is removed; one that somebody keeps using is held.
fn by_releases(entries: &mut [Entry], references: &References) -> BTreeMap<Ix, HoldReason> {
    let mut releasing: BTreeMap<(String, String), BTreeSet<Ix>> = BTreeMap::new();
    for (ix, entry) in entries.iter().enumerate() {
        for pair in references.released(&entry.step.op) {
            releasing.entry(pair).or_default().insert(Ix(ix));
        }
    }
    let mut held = BTreeMap::new();
    for (ix, entry) in entries.iter_mut().enumerate() {
        let Some(gone) = removed(&entry.step.op).map(str::to_owned) else { continue };
        for user in references.users(&gone) {
            match releasing.get(&(gone.clone(), user.to_owned())) {
                Some(steps) => entry.after.extend(steps),
                None => {
                    let why = format!("still used by {user} [{STILL_USED}]");
                    held.insert(Ix(ix), HoldReason::Policy(why));
                }
            }
        }
    }
    held
}

/// What waits for something held is held for the same reason.
fn spread(entries: &[Entry], held: &mut BTreeMap<Ix, HoldReason>) {
    loop {
        let before = held.len();
        for (ix, entry) in entries.iter().enumerate() {
            let cause = entry.after.iter().chain(&entry.only_with).find_map(|it| held.get(it));
            if let (Some(reason), false) = (cause.cloned(), held.contains_key(&Ix(ix))) {
                held.insert(Ix(ix), reason);
            }
        }
        if held.len() == before {
            return;
        }
    }
}

/// Numbers what is not held in a legal order, ties broken by the order of drafting.
fn number(entries: &[Entry], held: &BTreeMap<Ix, HoldReason>) -> BTreeMap<Ix, OpId> {
    let mut numbers = BTreeMap::new();
    let mut left: BTreeSet<Ix> = (0..entries.len()).map(Ix).collect();
    left.retain(|ix| !held.contains_key(ix));
    while let Some(next) =
        left.iter().copied().find(|ix| entries[ix.0].after.iter().all(|it| !left.contains(it)))
    {
        left.remove(&next);
        let id = OpId(u32::try_from(numbers.len()).expect("a plan has fewer than 2^32 steps"));
        numbers.insert(next, id);
    }
    assert!(left.is_empty(), "steps that wait for each other: references form no cycle");
    numbers
}
