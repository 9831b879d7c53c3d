//! Room for the rules of a security group. IPv4 and IPv6 are counted apart; a group counts in both. How
//! much a prefix list weighs only its owner knows: it counts as one.

use std::collections::BTreeSet;

use inroad_words::{
    hold::HoldReason,
    network::{IngressRule, Peer},
    quota::Quota,
};

use super::Space;
use crate::diff::Room;

/// How much of the quota rules take.
pub(in crate::diff) fn weight<'a>(rules: impl IntoIterator<Item = &'a IngressRule>) -> usize {
    let (four, six) = rules.into_iter().fold((0, 0), |(four, six), rule| {
        let (is_four, is_six) = families(rule);
        (four + usize::from(is_four), six + usize::from(is_six))
    });
    four.max(six)
}

fn families(rule: &IngressRule) -> (bool, bool) {
    (!matches!(rule.peer, Peer::Ipv6(_)), !matches!(rule.peer, Peer::Ipv4(_)))
}

/// Those of `add` for which there is room beside what stays, in their order, and why the others wait.
pub(in crate::diff) fn fitting<'a>(
    room: &Room<'_>,
    staying: impl Iterator<Item = &'a IngressRule> + Clone,
    add: BTreeSet<IngressRule>,
) -> (BTreeSet<IngressRule>, Option<HoldReason>) {
    let space = |of: fn(&IngressRule) -> bool| {
        let staying = staying.clone().filter(|it| of(it)).count();
        let coming = add.iter().filter(|it| of(it)).count();
        Space::of(room, Quota::GroupRules, staying, coming)
    };
    let (mut four, mut six) = (space(|it| families(it).0), space(|it| families(it).1));
    let (mut fits, mut waits) = (BTreeSet::new(), None);
    for rule in add.clone() {
        let (is_four, is_six) = families(&rule);
        let before = (four, six);
        let taken = four.take(usize::from(is_four)).and_then(|()| six.take(usize::from(is_six)));
        match taken {
            Ok(()) => drop(fits.insert(rule)),
            Err(reason) => {
                (four, six) = before;
                waits.get_or_insert(reason);
            }
        }
    }
    (fits, waits)
}
