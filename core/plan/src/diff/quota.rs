//! Where the account has no room for all that is wanted. In: what should be made beside what stays. Out:
//! the part that fits; the rest becomes Holds that name the quota. What is deployed is never counted
//! out, and who comes first in group order is served first.

pub(super) mod listeners;
pub(super) mod openings;

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::Desired;
use inroad_words::{
    Arn, ObjectKey, Origin, Value,
    balancer::{Action, Condition, Patterns, Rule},
    hold::{Hold, HoldReason},
    observed::{SeenBalancer, SeenListener},
    quota::Quota,
};

use super::{Room, rules::Port};
use crate::{Op, plan::RULE};

/// What one quota leaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Space {
    quota: Quota,
    limit: Option<usize>,
    /// As many as there will be, those that wait included.
    needed: usize,
    left: usize,
}

impl Space {
    /// `staying`: what there is and goes on to be; `coming`: what is wanted beside it.
    pub(super) fn of(room: &Room<'_>, quota: Quota, staying: usize, coming: usize) -> Self {
        let limit = room.desired.limits.binding(quota);
        let left = limit.map_or(usize::MAX, |limit| limit.saturating_sub(staying));
        Self { quota, limit, needed: staying + coming, left }
    }

    /// Takes room for so many, where there is.
    pub(super) fn take(&mut self, count: usize) -> Result<(), HoldReason> {
        match self.left.checked_sub(count) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => Err(self.reason()),
        }
    }

    /// What waits for it.
    pub(super) fn reason(&self) -> HoldReason {
        let (quota, needed) = (self.quota, self.needed);
        HoldReason::Quota { quota, limit: self.limit.unwrap_or(usize::MAX), needed }
    }
}

/// Why a thing of a kind of which AWS has refused another one of late is not asked for again.
pub(super) fn refused(desired: &Desired, quota: Quota) -> Option<HoldReason> {
    let limits = &desired.limits;
    let limit = limits.likely(quota);
    let reason = HoldReason::Quota { quota, limit, needed: limit + 1 };
    limits.refused.contains(&quota).then_some(reason)
}

/// Place of whoever asks for something in group order; nobody in particular comes first.
pub(super) fn place(desired: &Desired, origin: &Origin) -> usize {
    let of = |object: &ObjectKey| desired.members.iter().position(|it| it == object);
    origin.object().and_then(of).map_or(0, |nth| nth + 1)
}

/// Takes the rules for which there is no room out of what is made or changed.
pub(super) fn rules(room: &mut Room<'_>, ports: &mut BTreeMap<u16, Port<'_>>) {
    let desired = room.desired;
    let mut asked: Vec<(usize, u32, u16)> = Vec::new();
    for (port, it) in &*ports {
        let changed = it.pairing.create.iter().chain(it.pairing.modify.keys());
        asked.extend(changed.map(|priority| {
            let origin = desired.rules[&(*port, *priority)].origins.get("");
            (place(desired, &origin), *priority, *port)
        }));
    }
    asked.sort_unstable();
    let mut spaces = Spaces::of(room, ports);
    let mut held: BTreeMap<(usize, HoldReason), Vec<(u16, u32)>> = BTreeMap::new();
    for (place, priority, port) in asked {
        let pairing = &mut ports.get_mut(&port).expect("it was asked by it").pairing;
        let is_new = pairing.create.contains(&priority);
        let want = &desired.rules[&(port, priority)].spec;
        if let Err(reason) = alone(room, want).and_then(|()| spaces.take(want, is_new)) {
            pairing.wait(priority);
            held.entry((place, reason)).or_default().push((port, priority));
        }
    }
    for ((_, reason), all) in held {
        let origin = desired.rules[&all[0]].origins.get("");
        let subject = named(&all);
        room.draft.hold(Hold { subject, reason, origin });
    }
}

fn named(rules: &[(u16, u32)]) -> String {
    let (port, priority) = rules[0];
    match rules.len() {
        1 => format!("{RULE} {port}/{priority}"),
        count => format!("{RULE} {port}/{priority} and {} more", count - 1),
    }
}

/// Whether a rule can be at all.
fn alone(room: &Room<'_>, rule: &Rule) -> Result<(), HoldReason> {
    let texts: Vec<&str> = rule.conditions.iter().flat_map(texts).collect();
    let wildcards = texts.iter().flat_map(|text| text.chars()).filter(|it| "*?".contains(*it));
    let most = rule.actions.iter().map(|action| match action {
        Action::Forward { targets, .. } => targets.len(),
        _ => 0,
    });
    let counts = [
        (Quota::ConditionValues, texts.len()),
        (Quota::ConditionWildcards, wildcards.count()),
        (Quota::TargetGroupsPerAction, most.max().unwrap_or(0)),
    ];
    counts
        .into_iter()
        .try_for_each(|(quota, needed)| Space::of(room, quota, 0, needed).take(needed))
}

fn texts(condition: &Condition) -> Vec<&str> {
    match condition {
        Condition::HostHeader(patterns)
        | Condition::PathPattern(patterns)
        | Condition::HttpHeader { patterns, .. } => of_patterns(patterns),
        Condition::HttpRequestMethod(all) | Condition::SourceIp(all) => {
            all.iter().map(String::as_str).collect()
        }
        Condition::QueryString(pairs) => pairs.iter().map(|(_, value)| value.as_str()).collect(),
        Condition::Foreign(_) => Vec::new(),
    }
}

fn of_patterns(patterns: &Patterns) -> Vec<&str> {
    patterns.values.iter().chain(&patterns.regex_values).map(String::as_str).collect()
}

/// What a load balancer's rules share.
struct Spaces {
    rules: Space,
    groups: Space,
    /// Target groups that it uses in any case.
    used: BTreeSet<Value<Arn>>,
}

impl Spaces {
    fn of(room: &Room<'_>, ports: &BTreeMap<u16, Port<'_>>) -> Self {
        let creates = ports.values().map(|it| it.pairing.create.len()).sum();
        let rules = Space::of(room, Quota::Rules, staying(room, ports), creates);
        let mut used = BTreeSet::new();
        let mut all = BTreeSet::new();
        for (port, it) in ports {
            let default = &room.desired.listeners[port].spec.default_actions;
            used.extend(groups(default));
            for (priority, want) in &it.wanted {
                all.extend(groups(&want.actions));
                if it.pairing.same.contains_key(priority) {
                    used.extend(groups(&want.actions));
                }
            }
        }
        all.extend(used.iter().cloned());
        let coming = all.len() - used.len();
        Self {
            rules,
            groups: Space::of(room, Quota::TargetGroupsPerBalancer, used.len(), coming),
            used,
        }
    }

    fn take(&mut self, rule: &Rule, is_new: bool) -> Result<(), HoldReason> {
        let new: BTreeSet<_> =
            groups(&rule.actions).into_iter().filter(|it| !self.used.contains(it)).collect();
        let (rules, groups) = (self.rules, self.groups);
        let taken = self.rules.take(usize::from(is_new)).and_then(|()| self.groups.take(new.len()));
        match &taken {
            Ok(()) => self.used.extend(new),
            Err(_) => (self.rules, self.groups) = (rules, groups),
        }
        taken
    }
}

/// Rules that there are and that no step removes.
fn staying(room: &Room<'_>, ports: &BTreeMap<u16, Port<'_>>) -> usize {
    let entries = room.draft.entries.iter();
    let gone = entries.filter_map(|it| match &it.step.op {
        Op::DeleteListener { arn } => Some(arn),
        _ => None,
    });
    let gone: BTreeSet<&Arn> = gone.collect();
    let stays = listeners(room).filter(|it| !gone.contains(&it.arn));
    let leftover: usize = ports.values().map(|it| it.pairing.leftover.len()).sum();
    stays.map(|it| it.rules.len()).sum::<usize>() - leftover
}

/// Everything that listens now and could go on to.
fn listeners<'a>(room: &Room<'a>) -> impl Iterator<Item = &'a SeenListener> {
    let balancers: Vec<&'a SeenBalancer> = room.kept.load_balancers.values().copied().collect();
    balancers.into_iter().flat_map(|it| it.listeners.values())
}

/// How many more rules there may be while old and new ones stand together; `None`: not even these may.
pub(super) fn spare(room: &Room<'_>, ports: &BTreeMap<u16, Port<'_>>) -> Option<usize> {
    let limits = &room.desired.limits;
    let rules = |it: &SeenListener| it.rules.len();
    let creates = ports.values().map(|it| it.pairing.create.len());
    let together = listeners(room).map(rules).chain(creates).sum();
    let mut used = BTreeSet::new();
    for it in listeners(room) {
        let actions = it.rules.iter().map(|rule| &rule.spec.actions);
        used.extend(actions.chain([&it.spec.default_actions]).flat_map(|it| groups(it)));
    }
    for (port, it) in ports {
        let actions = it.wanted.values().map(|rule| &rule.actions);
        let default = &room.desired.listeners[port].spec.default_actions;
        used.extend(actions.chain([default]).flat_map(|it| groups(it)));
    }
    let fits = used.len() <= limits.likely(Quota::TargetGroupsPerBalancer);
    limits.likely(Quota::Rules).checked_sub(together).filter(|_| fits)
}

/// The target groups that actions name.
pub(super) fn groups(actions: &[Action]) -> BTreeSet<Value<Arn>> {
    let targets = actions.iter().flat_map(|action| match action {
        Action::Forward { targets, .. } => targets.as_slice(),
        _ => &[],
    });
    targets.map(|it| it.group.clone()).collect()
}
