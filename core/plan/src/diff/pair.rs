//! Which existing rule becomes which wanted one (load-balancers.md 8.5): first those that say the
//! same, whatever their priority, of several that of the same Ingress; then those that have the same
//! priority; what is wanted and left is made, what exists and is left goes, or stays where it may be what
//! is held.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::ORIGIN_TAG;
use inroad_words::{balancer::Rule, observed::SeenRule};

use super::compare::same_content;

/// The last priority that there is.
pub(super) const LAST_PRIORITY: u32 = 50_000;

/// What becomes of the rules of one listener. Existing rules are named by their place in the list.
#[derive(Debug, Clone, Default)]
pub(super) struct Pairing {
    /// Wanted priority -> the rule that already says it, perhaps at another priority.
    pub(super) same: BTreeMap<u32, usize>,
    /// Wanted priority -> the rule at this priority that says something else.
    pub(super) modify: BTreeMap<u32, usize>,
    /// Wanted priorities without a rule.
    pub(super) create: BTreeSet<u32>,
    /// Rules that go.
    pub(super) leftover: Vec<usize>,
    /// Wanted priority -> the rule at this priority that stays as it is, since there is no room for what
    /// it should become.
    pub(super) waiting: BTreeMap<u32, usize>,
}

/// `held`: priorities whose rules cannot be said now; `None`: none, and nothing is protected.
pub(super) fn pair(
    want: &BTreeMap<u32, &Rule>,
    seen: &[SeenRule],
    held: Option<&BTreeSet<u32>>,
) -> Pairing {
    let mut pairing = Pairing::default();
    let mut left: BTreeSet<usize> = (0..seen.len()).collect();
    let is_at = |ix: usize, priority: u32| seen[ix].spec.priority == priority;
    // Two members may say the same: who stays keeps its own rule, and the other's goes.
    for (of_anybody, anywhere) in [(false, false), (false, true), (true, false), (true, true)] {
        for (priority, rule) in want {
            let fits = |ix: &usize| {
                (anywhere || is_at(*ix, *priority))
                    && (of_anybody || same_origin(rule, &seen[*ix].spec))
                    && same_content(rule, &seen[*ix].spec)
            };
            if pairing.same.contains_key(priority) {
                continue;
            }
            if let Some(ix) = left.iter().copied().find(fits) {
                left.remove(&ix);
                pairing.same.insert(*priority, ix);
            }
        }
    }
    for priority in want.keys().filter(|it| !pairing.same.contains_key(it)) {
        // Any rule that says nothing wanted may be the held one: it is left as it is.
        let same_place = left.iter().copied().find(|ix| is_at(*ix, *priority) && held.is_none());
        match same_place {
            Some(ix) => {
                left.remove(&ix);
                pairing.modify.insert(*priority, ix);
            }
            None => {
                pairing.create.insert(*priority);
            }
        }
    }
    if held.is_none() {
        let by_priority: BTreeMap<u32, usize> =
            left.iter().map(|ix| (seen[*ix].spec.priority, *ix)).collect();
        pairing.leftover = by_priority.into_values().collect();
    }
    pairing
}

impl Pairing {
    /// Leaves out what is wanted at this priority.
    pub(super) fn wait(&mut self, priority: u32) {
        self.create.remove(&priority);
        self.waiting.extend(self.modify.remove_entry(&priority));
    }

    /// Makes what is wanted anew, instead of changing the rule that has its priority.
    pub(super) fn make_anew(&mut self, priority: u32) {
        if let Some(ix) = self.modify.remove(&priority) {
            self.create.insert(priority);
            self.leftover.push(ix);
        }
    }
}

fn same_origin(want: &Rule, seen: &Rule) -> bool {
    let of = want.tags.get(ORIGIN_TAG);
    of.is_some() && of == seen.tags.get(ORIGIN_TAG)
}

/// Matched rules to their wanted priorities; whatever else stands on a wanted one gives way: to the
/// priority of a held rule, in order, else to the end. What gives way keeps its order, and goes behind
/// nothing that it stood before but what is wanted.
pub(super) fn moves(
    want: &BTreeMap<u32, &Rule>,
    seen: &[SeenRule],
    pairing: &Pairing,
    held: Option<&BTreeSet<u32>>,
) -> BTreeMap<usize, u32> {
    let at = |ix: &usize| seen[*ix].spec.priority;
    let same = pairing.same.iter();
    let mut moves: BTreeMap<usize, u32> =
        same.filter(|(to, ix)| at(ix) != **to).map(|(to, ix)| (*ix, *to)).collect();
    let paired = [&pairing.same, &pairing.modify, &pairing.waiting];
    let paired: BTreeSet<usize> = paired.into_iter().flat_map(|it| it.values()).copied().collect();
    let mut others: Vec<usize> = (0..seen.len()).filter(|ix| !paired.contains(ix)).collect();
    others.sort_by_key(at);
    let is_in_the_way = |ix: &usize| want.contains_key(&at(ix));
    let (in_the_way, staying): (Vec<usize>, Vec<usize>) = match held {
        Some(_) => others.into_iter().partition(is_in_the_way),
        None => {
            let first = others.iter().position(is_in_the_way).unwrap_or(others.len());
            let staying = others[..first].to_vec();
            (others.split_off(first), staying)
        }
    };
    let mut taken: BTreeSet<u32> = want.keys().copied().chain(staying.iter().map(at)).collect();
    let places = held.into_iter().flatten().copied().filter(|it| !taken.contains(it));
    let kept_places: Vec<u32> = places.take(in_the_way.len()).collect();
    taken.extend(&kept_places);
    let mut rest = in_the_way.into_iter();
    moves.extend(rest.by_ref().take(kept_places.len()).zip(kept_places.iter().copied()));
    let free = (1..=LAST_PRIORITY).rev().filter(|priority| !taken.contains(priority));
    let rest: Vec<usize> = rest.collect();
    moves.extend(rest.into_iter().rev().zip(free).filter(|(ix, to)| at(ix) != *to));
    moves
}
