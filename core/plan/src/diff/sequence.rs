//! In which order the rules of a listener become the wanted ones. In: which rule becomes which. Out: the
//! way, and what comes after what. At every moment a request is answered as by the old rules or as by
//! the new ones: new rules come from the first to the last, then the others are changed, then old rules
//! go from the last to the first, each only as far as some request could match both. Where the load
//! balancer has no room for old and new rules together, what goes goes first, and this cannot be kept.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::balancer::Rule;

use super::{
    Room, compare,
    overlap::overlap,
    pair::{self, LAST_PRIORITY, Pairing},
    rules::Port,
};
use crate::{Op, draft::Ix};

/// Steps on the rules of one listener, by what they do.
#[derive(Debug, Default)]
pub(super) struct Steps {
    /// The renumbering that all others come after.
    pub(super) moves: Option<Ix>,
    /// By wanted priority.
    pub(super) creates: BTreeMap<u32, Ix>,
    /// By wanted priority.
    pub(super) modifies: BTreeMap<u32, Ix>,
    /// By place in the list of rules that are there.
    pub(super) deletes: BTreeMap<usize, Ix>,
    /// The last of those that come strictly one after the other.
    pub(super) last: Option<Ix>,
}

/// How rules come to their priorities.
pub(super) enum Way {
    /// In one call, before everything else.
    AtOnce(BTreeMap<usize, u32>),
    /// One after the other.
    Climbing,
}

/// What is next in climbing.
pub(super) enum Turn {
    /// Rules that stay take their priorities.
    Back(BTreeMap<usize, u32>),
    Create(u32),
    /// Wanted priority, and which rule becomes what is wanted there.
    Modify(u32, usize),
}

/// The way for one listener. `spare`: how many more rules there may be at a time; `None`: no room even
/// for old and new ones together.
pub(super) fn choose(port: &mut Port<'_>, spare: &mut Option<usize>) -> Way {
    let place =
        |pairing: &Pairing| pair::moves(&port.wanted, port.rules(), pairing, port.held.as_ref());
    let direct = Way::AtOnce(place(&port.pairing));
    // What waits in the middle of the way would keep all that comes after it.
    let (Some(left), None, false) = (spare, &port.held, port.waits) else { return direct };
    let mut pairing = port.pairing.clone();
    anew(port, &mut pairing, |port, pairing, priority| !is_alone(port, pairing, priority));
    let moves = place(&pairing);
    let climbs = goes_astray(port, &pairing, &moves);
    if climbs {
        anew(port, &mut pairing, |_, _, _| true);
    }
    let more = pairing.create.len() - port.pairing.create.len();
    let Some(rest) = left.checked_sub(more) else { return direct };
    *left = rest;
    port.pairing = pairing;
    if climbs { Way::Climbing } else { Way::AtOnce(moves) }
}

/// Changed rules that `picks` picks are made anew, where they match other requests than before: to become
/// another at once takes away and adds at the same time.
fn anew(port: &Port<'_>, pairing: &mut Pairing, picks: impl Fn(&Port<'_>, &Pairing, u32) -> bool) {
    let mut picked = elsewhere(port, pairing);
    picked.retain(|priority| picks(port, pairing, *priority));
    picked.into_iter().for_each(|priority| pairing.make_anew(priority));
}

/// Priorities of changed rules that match other requests than before.
fn elsewhere(port: &Port<'_>, pairing: &Pairing) -> BTreeSet<u32> {
    let others = pairing.modify.iter().filter(|(priority, nth)| {
        let (want, seen) = (port.wanted[priority], &port.rules()[**nth].spec);
        !compare::same_conditions(&want.conditions, &seen.conditions)
    });
    others.map(|(priority, _)| *priority).collect()
}

/// Whether no request that the changed rule matches, before or after, meets anything else that changes.
fn is_alone(port: &Port<'_>, pairing: &Pairing, priority: u32) -> bool {
    let old = |nth: &usize| &port.rules()[*nth].spec;
    let own = [port.wanted[&priority], old(&pairing.modify[&priority])];
    let changed = pairing.modify.iter().filter(|(it, _)| **it != priority);
    let changed = changed.flat_map(|(it, nth)| [port.wanted[it], old(nth)]);
    let mut others = pairing.create.iter().map(|it| port.wanted[it]);
    let mut others = others.by_ref().chain(pairing.leftover.iter().map(old)).chain(changed);
    port.turn.is_none() && others.all(|it| own.iter().all(|own| !overlap(own, it)))
}

/// Whether renumbering all at once would let a request come to a rule that answers it neither in the old
/// order nor in the new one: to one that now stands before the rule that answered it, while the one that
/// will is not there yet.
fn goes_astray(port: &Port<'_>, pairing: &Pairing, moves: &BTreeMap<usize, u32>) -> bool {
    let rules = port.rules();
    let was = |nth: usize| rules[nth].spec.priority;
    let is = |nth: usize| moves.get(&nth).copied().unwrap_or(was(nth));
    let changed = elsewhere(port, pairing);
    let stays = |nth: usize| pairing.same.get(&is(nth)) == Some(&nth);
    let answers = |nth: usize, other: usize| {
        let new = pairing.create.range(..is(nth)).chain(changed.range(..is(nth)));
        let mut new = new.map(|it| port.wanted[it]);
        let both = [&rules[nth].spec, &rules[other].spec];
        !stays(nth) || new.any(|new| both.iter().all(|it| overlap(new, it)))
    };
    let pairs = (0..rules.len()).flat_map(|a| (0..rules.len()).map(move |b| (a, b)));
    let turned = pairs.filter(|(a, b)| was(*a) < was(*b) && is(*b) < is(*a));
    { turned }.any(|(a, b)| answers(b, a) && overlap(&rules[a].spec, &rules[b].spec))
}

/// Where everything that is not in its place steps aside to, and then turn after turn.
pub(super) fn climb(port: &Port<'_>) -> (BTreeMap<usize, u32>, Vec<Turn>) {
    let (rules, pairing) = (port.rules(), &port.pairing);
    let mut old: Vec<usize> = (0..rules.len()).collect();
    old.sort_by_key(|nth| rules[*nth].spec.priority);
    let staying = |priority: &u32| {
        let same = pairing.same.get(priority).or(pairing.waiting.get(priority));
        same.copied()
    };
    let is_there = |(priority, nth): &(&u32, &usize)| {
        staying(priority) == Some(**nth) && rules[**nth].spec.priority == **priority
    };
    let settled = port.wanted.keys().zip(&old).take_while(is_there).count();
    let rest = &old[settled..];
    let first = LAST_PRIORITY + 1 - u32::try_from(rest.len()).unwrap_or(LAST_PRIORITY);
    let aside = rest.iter().copied().zip(first..).collect();
    let (mut turns, mut back) = (Vec::new(), BTreeMap::new());
    for priority in port.wanted.keys().skip(settled) {
        if let Some(nth) = staying(priority) {
            back.insert(nth, *priority);
            continue;
        }
        let turn = match pairing.modify.get(priority) {
            Some(nth) => Turn::Modify(*priority, *nth),
            None if pairing.create.contains(priority) => Turn::Create(*priority),
            None => continue,
        };
        if !back.is_empty() {
            turns.push(Turn::Back(std::mem::take(&mut back)));
        }
        back.extend(pairing.modify.get(priority).map(|nth| (*nth, *priority)));
        turns.push(turn);
    }
    turns.extend((!back.is_empty()).then_some(Turn::Back(back)));
    (aside, turns)
}

/// Says what references cannot show of one listener.
pub(super) fn order(room: &mut Room<'_>, port: &Port<'_>, steps: &Steps, is_full: bool) {
    let of = |all: &BTreeMap<u32, Ix>| all.values().copied().collect::<Vec<_>>();
    let (creates, modifies) = (of(&steps.creates), of(&steps.modifies));
    let deletes: Vec<Ix> = steps.deletes.values().copied().collect();
    let draft = &mut room.draft;
    draft.all_after(&creates, steps.moves.as_slice());
    draft.all_after(&deletes, steps.moves.as_slice());
    draft.all_after(&deletes, steps.last.as_slice());
    draft.all_after(&deletes, &modifies);
    if is_full {
        // What goes may be the former self of what comes.
        let pairs = deletes.iter().flat_map(|it| creates.iter().map(move |to| (*it, *to)));
        pairs.for_each(|(delete, create)| draft.only_with(delete, create));
        return;
    }
    draft.all_after(&deletes, &creates);
    draft.all_after(port.turn.as_slice(), &creates);
    draft.all_after(&deletes, port.turn.as_slice());
    let news = steps.creates.iter().map(|(priority, ix)| (port.wanted[priority], *ix));
    let changed =
        steps.modifies.iter().map(|(priority, ix)| (*priority, port.wanted[priority], *ix));
    for (priority, rule, ix) in changed {
        let above = steps.creates.range(..priority).map(|(it, ix)| (port.wanted[it], *ix));
        let above: Vec<Ix> = above.filter(|(it, _)| overlap(it, rule)).map(|(_, ix)| ix).collect();
        draft.all_after(&[ix], &above);
    }
    in_turn(room, news);
    let old = steps.deletes.iter().map(|(nth, ix)| (&port.rules()[*nth].spec, *ix));
    let mut old: Vec<(&Rule, Ix)> = old.collect();
    old.sort_by_key(|(rule, _)| std::cmp::Reverse(rule.priority));
    in_turn(room, old);
}

/// Each after those before it that a request could match as well.
fn in_turn<'a>(room: &mut Room<'_>, all: impl IntoIterator<Item = (&'a Rule, Ix)>) {
    let all: Vec<(&Rule, Ix)> = all.into_iter().collect();
    let mut behind: Vec<Vec<bool>> = Vec::new();
    for (nth, (rule, ix)) in all.iter().enumerate() {
        let mut reached = vec![false; nth];
        for earlier in (0..nth).rev() {
            // What is reached through another need not be said.
            if !reached[earlier] && overlap(rule, all[earlier].0) {
                room.draft.after(*ix, all[earlier].1);
                reached[earlier] = true;
                let through = behind[earlier].iter().enumerate().filter(|(_, is)| **is);
                through.for_each(|(it, _)| reached[it] = true);
            }
        }
        behind.push(reached);
    }
}

/// Where old and new rules do not fit together, the old ones go first, on whatever listener.
pub(super) fn make_room(room: &mut Room<'_>, all: &[Steps]) {
    let creates: Vec<Ix> = all.iter().flat_map(|it| it.creates.values()).copied().collect();
    let mut going: Vec<Ix> = all.iter().flat_map(|it| it.deletes.values()).copied().collect();
    going.extend(room.draft.all(|op| matches!(op, Op::DeleteListener { .. })));
    room.draft.all_after(&creates, &going);
}
