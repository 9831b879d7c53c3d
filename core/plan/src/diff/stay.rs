//! What stays of a stack while members of it are in error. In: what is wanted of the others, and what is
//! there. Out: the same with the deployed rules of those in error in their places, and with whatever
//! these rules need: their listeners, target groups, certificates and openings. All the rest of planning
//! then sees ordinary wishes. Forbidden: anything that is not deployed, and any change of what stays.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, ORIGIN_TAG, RESOURCE_TAG, Resource, model::KeptParts};
use inroad_words::{
    Arn, Field, Kind, ObjectKey, Origin, Origins, ResourceKind, Value,
    balancer::{ListenerProtocol, Rule},
    observed::{Observed, SeenListener, SeenRule},
};

use super::{compare, pair};
use crate::{
    keep::{self, Kept},
    refers,
};

/// No deployed rule has the priority of a wanted one that is this far away.
const APART: u32 = 100_000;

/// Puts what stays among what is wanted. References to what is there are filled in already.
pub(super) fn stay(desired: &mut Desired, observed: &Observed, standing: &Kept<'_>) {
    let asked = desired.kept.clone();
    if asked.parts.is_empty() {
        return;
    }
    for (id, all) in &observed.load_balancers {
        let stands = standing.load_balancers.get(id.as_str()).copied();
        let Some(seen) = stands.or_else(|| all.iter().max_by_key(|it| it.listeners.len())) else {
            continue;
        };
        let key = keep::key_of(desired, ResourceKind::LoadBalancer, id);
        let balancer = match stands {
            Some(stands) => Value::Known(stands.arn.clone()),
            None => key.output(Field::Arn),
        };
        let staying = Staying { asked: &asked, balancer, observed };
        let mut alone = BTreeSet::new();
        for (port, listener) in &seen.listeners {
            if keep::held_at(desired, *port).is_none() && staying.listener(desired, *port, listener)
            {
                alone.insert(*port);
            }
        }
        if let (Some(want), Some(stands)) = (desired.load_balancers.get_mut(id), stands) {
            leave_tags(&mut want.spec.tags, &stands.spec.tags);
            if asked.parts.security {
                want.spec.security_groups.clone_from(&stands.spec.security_groups);
                let there = &standing.security_groups;
                desired.security_groups.retain(|id, _| there.contains_key(id.as_str()));
            }
        }
        openings(desired, standing, &alone);
    }
    target_groups(desired, observed, standing);
}

/// Tags that nobody says may be those of somebody who cannot say them.
fn leave_tags(want: &mut inroad_words::Tags, have: &inroad_words::Tags) {
    for (key, value) in have {
        want.entry(key.clone()).or_insert_with(|| value.clone());
    }
}

/// Whoever may come in to a listener that only stays may go on to.
fn openings(desired: &mut Desired, standing: &Kept<'_>, ports: &BTreeSet<u16>) {
    for (id, want) in &mut desired.security_groups {
        let Some(have) = standing.security_groups.get(id.as_str()) else { continue };
        let rules = have.spec.ingress.iter();
        let at = |port: &Option<i32>| port.and_then(|port| u16::try_from(port).ok());
        let open = rules.filter(|it| at(&it.from_port).is_some_and(|port| ports.contains(&port)));
        want.spec.ingress.extend(open.cloned());
        leave_tags(&mut want.spec.tags, &have.spec.tags);
    }
}

/// Where a listener that is held as a whole leads.
fn under_held(desired: &Desired, observed: &Observed) -> BTreeSet<String> {
    let balancers = observed.load_balancers.values().flatten();
    let listeners = balancers.flat_map(|it| &it.listeners);
    let held = listeners.filter(|(port, _)| keep::held_at(desired, **port).is_some());
    let actions = held.flat_map(|(_, it)| {
        it.rules.iter().map(|rule| &rule.spec.actions).chain([&it.spec.default_actions])
    });
    actions.flat_map(|actions| refers::groups_of(actions)).collect()
}

/// Target groups that something that stays leads to, and those whose settings cannot be read.
fn target_groups(desired: &mut Desired, observed: &Observed, standing: &Kept<'_>) {
    let rules = desired.rules.values().map(|it| &it.spec.actions);
    let defaults = desired.listeners.values().map(|it| &it.spec.default_actions);
    let mut used = under_held(desired, observed);
    used.extend(rules.chain(defaults).flat_map(|actions| refers::groups_of(actions)));
    for (id, all) in &observed.target_groups {
        let unsure = desired.kept.parts.backends.contains(id);
        if let Some(want) = desired.target_groups.get_mut(id) {
            if let Some(seen) = standing.target_groups.get(id.as_str()).filter(|_| unsure) {
                want.spec = seen.spec.clone();
            }
        } else if let Some(seen) = all.iter().find(|it| used.contains(&it.arn.0)) {
            let origins = Origins::of(Origin::Default);
            let resource = Resource { spec: seen.spec.clone(), origins };
            desired.target_groups.insert(id.clone(), resource);
        }
    }
}

/// What stays of one load balancer.
struct Staying<'a> {
    asked: &'a KeptParts,
    /// What listeners hang on from now on.
    balancer: Value<Arn>,
    observed: &'a Observed,
}

/// A rule on its way to its place.
struct Placed {
    /// The wanted rule that it stands at or behind, by number in the wanted order; what stays, and which of
    /// those at the same rule, by number in the deployed order.
    place: (i64, bool, usize),
    rule: Resource<Rule>,
}

impl Staying<'_> {
    /// Puts what stays of a listener among what is wanted of it; whether nobody else wants it.
    fn listener(&self, desired: &mut Desired, port: u16, seen: &SeenListener) -> bool {
        let wanted: Vec<Resource<Rule>> = desired
            .rules
            .range((port, 0)..=(port, u32::MAX))
            .map(|(_, rule)| rule.clone())
            .collect();
        let placed = self.place(wanted, &seen.rules);
        let some_stay = placed.iter().any(|it| it.place.1);
        let alone = !desired.listeners.contains_key(&port);
        if let Some(want) = desired.listeners.get_mut(&port) {
            if self.asked.parts.defaults.contains(&port) {
                want.spec.default_actions.clone_from(&seen.spec.default_actions);
            }
            leave_tags(&mut want.spec.tags, &seen.spec.tags);
            if self.asked.parts.listeners || self.asked.parts.security {
                want.spec.protocol = seen.spec.protocol;
                if want.spec.ssl_policy.is_none() {
                    want.spec.ssl_policy.clone_from(&seen.spec.ssl_policy);
                }
            }
            if want.spec.protocol != ListenerProtocol::Https {
                want.spec.certificates.clear();
                want.spec.ssl_policy = None;
                want.spec.mutual = None;
            } else {
                certificates(&mut want.spec.certificates, &seen.spec.certificates);
            }
        } else if some_stay || self.stays_without_rules(desired, seen) {
            let mut spec = seen.spec.clone();
            spec.load_balancer = self.balancer.clone();
            let shown = std::mem::take(&mut spec.certificates);
            certificates(&mut spec.certificates, &shown);
            let resource = Resource { spec, origins: Origins::of(Origin::Default) };
            desired.listeners.insert(port, resource);
        } else {
            return false;
        }
        let listener = match &self.balancer {
            Value::Known(_) => Value::Known(seen.arn.clone()),
            Value::Output { .. } => {
                let key = keep::key_of(desired, ResourceKind::Listener, port.to_string());
                key.output(Field::Arn)
            }
        };
        number(desired, port, placed, &listener);
        alone
    }

    /// A listener that nobody wants and that has no rules of those in error may still be theirs, where
    /// ports cannot be read: one that redirects, or leads to one of their target groups.
    fn stays_without_rules(&self, desired: &Desired, seen: &SeenListener) -> bool {
        let orphaned = desired.load_balancers.is_empty();
        let theirs = |arn: &String| {
            let groups = self.observed.target_groups.iter();
            let mut ids = groups.filter(|(_, all)| all.iter().any(|it| it.arn.0 == *arn));
            ids.any(|(id, _)| self.asked.parts.may_own(id))
        };
        let leads_to = refers::groups_of(&seen.spec.default_actions);
        let bare = seen.rules.is_empty() && !leads_to.iter().any(|arn| !theirs(arn));
        orphaned || (self.asked.parts.listeners && (bare || leads_to.iter().any(theirs)))
    }

    /// All rules of a listener in order: the wanted ones, and those that stay among them.
    fn place(&self, wanted: Vec<Resource<Rule>>, seen: &[SeenRule]) -> Vec<Placed> {
        let mut seen = seen.to_vec();
        seen.sort_by_key(|it| it.spec.priority);
        // Of several that say the same the first is the first: what stays among them must not come to
        // stand elsewhere with every look.
        let by_priority: BTreeMap<u32, &Rule> =
            wanted.iter().map(|it| (APART + it.spec.priority, &it.spec)).collect();
        let pairing = pair::pair(&by_priority, &seen, None);
        let nth: BTreeMap<u32, usize> = by_priority.keys().copied().zip(0..).collect();
        let said = pairing.same.iter().map(|(priority, ix)| (*ix, nth[priority]));
        let said: BTreeMap<usize, usize> =
            said.filter(|(ix, nth)| !self.is_of_another(&seen[*ix], &wanted[*nth])).collect();
        let deployed: Vec<usize> = (0..seen.len()).collect();

        let (mut stays, mut still) = (Vec::new(), BTreeSet::<usize>::new());
        for (position, ix) in deployed.iter().enumerate() {
            let before = &deployed[..position];
            let rule = &seen[*ix];
            let unmoved = said.get(ix).filter(|nth| self.is_unplaced(&wanted[**nth]));
            let stays_here = match said.get(ix) {
                Some(_) => unmoved.is_some(),
                None => self.stays(rule, &wanted, &said),
            };
            if stays_here {
                still.extend(unmoved);
                let behind = self.behind(rule, before, &said, &wanted);
                stays.push(Placed { place: (behind, true, position), rule: as_is(rule) });
            }
        }
        let others = wanted.into_iter().enumerate().filter(|(nth, _)| !still.contains(nth));
        let others = others.map(|(nth, mut rule)| {
            if let Some((ix, _)) = said.iter().find(|(_, it)| **it == nth)
                && owner(&rule).is_some_and(|it| self.asked.parts.members.contains(it))
            {
                rule.spec.tags.clone_from(&seen[*ix].spec.tags);
            }
            Placed { place: (index(nth), false, 0), rule }
        });
        let mut all: Vec<Placed> = others.chain(stays).collect();
        all.sort_by_key(|it| it.place);
        all
    }

    fn is_unplaced(&self, rule: &Resource<Rule>) -> bool {
        owner(rule).is_some_and(|it| self.asked.parts.unplaced.contains(it))
    }

    /// Whether a deployed rule is that of somebody in error, who keeps it although another says the same.
    fn is_of_another(&self, seen: &SeenRule, wanted: &Resource<Rule>) -> bool {
        let of = seen.spec.tags.get(ORIGIN_TAG);
        let mut others = self.asked.parts.members.iter().filter(|it| owner(wanted) != Some(*it));
        of.is_some_and(|of| others.any(|it| it.short() == *of))
    }

    /// Whether a rule's origin is anybody of the group. Who has left it may have left a rule that another
    /// says as well.
    fn knows(&self, of: &str) -> bool {
        let known = [&self.asked.parts.members, &self.asked.leaving];
        let mut all = known.into_iter().flatten().chain(&self.asked.order);
        all.any(|it| it.short() == of)
    }

    /// Whether a deployed rule that nobody says is that of somebody who cannot say it now, and is not what
    /// a rule was that is only changed.
    fn stays(
        &self,
        rule: &SeenRule,
        wanted: &[Resource<Rule>],
        said: &BTreeMap<usize, usize>,
    ) -> bool {
        let parts = &self.asked.parts;
        let of = rule.spec.tags.get(ORIGIN_TAG);
        let is_theirs = match of.filter(|of| self.knows(of)) {
            Some(of) => parts.members.iter().any(|it| it.short() == *of),
            None => parts.unknown,
        };
        let mut new =
            wanted.iter().enumerate().filter(|(nth, _)| !said.values().any(|it| it == nth));
        let becomes = |it: &Resource<Rule>| {
            of.is_none_or(|of| owner(it).is_some_and(|it| it.short() == *of))
                && compare::same_conditions(&it.spec.conditions, &rule.spec.conditions)
        };
        is_theirs && !new.any(|(_, it)| becomes(it))
    }

    /// The wanted rule that a rule stands behind; -1: none. Within a member's own rules it keeps its
    /// place among them, else it stays behind whatever it stood behind.
    fn behind(
        &self,
        rule: &SeenRule,
        before: &[usize],
        said: &BTreeMap<usize, usize>,
        wanted: &[Resource<Rule>],
    ) -> i64 {
        let of = rule.spec.tags.get(ORIGIN_TAG);
        let place = of.and_then(|of| self.asked.order.iter().position(|it| it.short() == *of));
        let moves = |nth: &usize| !self.is_unplaced(&wanted[*nth]);
        let mut anchors = before.iter().rev().filter_map(|ix| said.get(ix)).copied().filter(moves);
        let Some(place) = place else { return anchors.next().map_or(-1, index) };
        let is_own = |nth: &usize| owner(&wanted[*nth]) == Some(&self.asked.order[place]);
        let earlier = |rule: &Resource<Rule>| {
            owner(rule)
                .and_then(|it| self.asked.order.iter().position(|at| at == it))
                .is_some_and(|it| it < place)
        };
        anchors
            .find(is_own)
            .map_or_else(|| wanted.iter().rposition(earlier).map_or(-1, index), index)
    }
}

fn index(nth: usize) -> i64 {
    i64::try_from(nth).expect("a listener has fewer than 2^63 rules")
}

/// The Ingress that asks for a rule.
fn owner(rule: &Resource<Rule>) -> Option<&ObjectKey> {
    rule.origins.0.get("").and_then(Origin::object)
}

/// A deployed rule as a wish.
fn as_is(seen: &SeenRule) -> Resource<Rule> {
    let origin = seen.spec.tags.get(ORIGIN_TAG).and_then(|of| of.split_once('/'));
    let origin = origin.map_or(Origin::Default, |(namespace, name)| {
        Origin::field(&ObjectKey::new(Kind::Ingress, namespace, name), "")
    });
    Resource { spec: seen.spec.clone(), origins: Origins::of(origin) }
}

/// Gives rules their priorities, 1 to n. A rule's resource id holds its priority; one that stays keeps its
/// tags as they are.
fn number(desired: &mut Desired, port: u16, placed: Vec<Placed>, listener: &Value<Arn>) {
    desired.rules.retain(|(at, _), _| *at != port);
    for (priority, Placed { place: (_, stays, _), mut rule }) in (1_u32..).zip(placed) {
        if stays {
            rule.spec.listener = listener.clone();
        } else if let Some(id) = rule.spec.tags.get_mut(RESOURCE_TAG).filter(|_| !stays) {
            *id = format!("{port}:{priority}");
        }
        rule.spec.priority = priority;
        desired.rules.insert((port, priority), rule);
    }
}

/// Certificates that are shown go on to be, and the default one stays where nobody says it.
fn certificates(want: &mut Vec<Arn>, shown: &[Arn]) {
    if let Some(default) = shown.first().filter(|it| !want.contains(it)) {
        want.insert(0, default.clone());
    }
    for certificate in shown {
        if !want.contains(certificate) {
            want.push(certificate.clone());
        }
    }
}
