//! Which existing rule becomes which wanted one (load-balancers.md 8.5): first those that say the
//! same, whatever their priority, of several that of the same Ingress; then those that have the same
//! priority; what is wanted and left is made, what exists and is left goes, or stays where it may be what
//! is held.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::ORIGIN_TAG;
use inroad_words::{balancer::Rule, observed::SeenRule};

use super::compare::same_content;

/// The last priority that there is.
const LAST_PRIORITY: u32 = 50_000;

/// What becomes of the rules of one listener. Existing rules are named by their place in the list.
#[derive(Debug, Default)]
pub(super) struct Pairing {
    /// Wanted priority -> the rule that already says it, perhaps at another priority.
    pub(super) same: BTreeMap<u32, usize>,
    /// Wanted priority -> the rule at this priority that says something else.
    pub(super) modify: BTreeMap<u32, usize>,
    /// Wanted priorities without a rule.
    pub(super) create: BTreeSet<u32>,
    /// Rules that go.
    pub(super) leftover: Vec<usize>,
    /// Rule -> new priority: one call that leaves every priority used once.
    pub(super) moves: BTreeMap<usize, u32>,
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
    let by_priority: BTreeMap<u32, usize> =
        left.iter().map(|ix| (seen[*ix].spec.priority, *ix)).collect();
    pairing.moves = moves(want, seen, &pairing.same, &by_priority, held);
    if held.is_none() {
        pairing.leftover = by_priority.into_values().collect();
    }
    pairing
}

fn same_origin(want: &Rule, seen: &Rule) -> bool {
    let of = want.tags.get(ORIGIN_TAG);
    of.is_some() && of == seen.tags.get(ORIGIN_TAG)
}

/// Matched rules to their wanted priorities; whatever else stands on a wanted one gives way: to the
/// priority of a held rule, in order, else to the end, keeping its order.
fn moves(
    want: &BTreeMap<u32, &Rule>,
    seen: &[SeenRule],
    same: &BTreeMap<u32, usize>,
    others: &BTreeMap<u32, usize>,
    held: Option<&BTreeSet<u32>>,
) -> BTreeMap<usize, u32> {
    let mut moves: BTreeMap<usize, u32> = same
        .iter()
        .filter(|(priority, ix)| seen[**ix].spec.priority != **priority)
        .map(|(priority, ix)| (*ix, *priority))
        .collect();
    let (in_the_way, staying): (Vec<_>, Vec<_>) =
        others.iter().partition(|(priority, _)| want.contains_key(*priority));
    let mut taken: BTreeSet<u32> =
        want.keys().chain(staying.iter().map(|it| it.0)).copied().collect();
    let mut places = held.into_iter().flatten().copied().filter(|it| !taken.contains(it));
    let kept_places: Vec<u32> = places.by_ref().take(in_the_way.len()).collect();
    taken.extend(&kept_places);
    let mut rest = in_the_way.into_iter().map(|(_, ix)| *ix);
    moves.extend(rest.by_ref().take(kept_places.len()).zip(kept_places.iter().copied()));
    let mut free = (1..=LAST_PRIORITY).rev().filter(|priority| !taken.contains(priority));
    let rest: Vec<usize> = rest.collect();
    moves.extend(rest.into_iter().rev().zip(free.by_ref()));
    moves
}
