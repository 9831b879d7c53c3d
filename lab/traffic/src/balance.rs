//! Who gets a request: the target group of a weighted action, then the target in it. In comes the model
//! and a turn that counts up, out goes the choice; equal turns make equal choices.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use inroad_emulator::elbv2::State;

use crate::model::{Forward, Group, Target};

/// Turns by what is chosen from; they go on from one generation of the account to the next.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<BTreeMap<String, u64>>);

impl Turns {
    pub(crate) fn next(&self, of: &str) -> u64 {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match turns.get_mut(of) {
            Some(turn) => {
                *turn += 1;
                *turn
            }
            None => {
                turns.insert(of.to_owned(), 0);
                0
            }
        }
    }
}

/// The target group for this turn, or the one that the client sticks to as long as it takes part.
/// `None`: no weight is above zero.
pub(crate) fn group<'f>(forward: &'f Forward, stuck: Option<&str>, turn: u64) -> Option<&'f str> {
    let weighty = || forward.arms.iter().filter(|(_, weight)| *weight > 0);
    if let Some((arn, _)) = weighty().find(|(arn, _)| Some(arn.as_str()) == stuck) {
        return Some(arn);
    }
    let total: u128 = weighty().map(|(_, weight)| u128::from(*weight)).sum();
    // Multiples of the golden ratio fill the range evenly: the shares come out as weighted after few
    // requests already, and no two clients in step always meet the same group.
    let fraction = turn.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mut point = (u128::from(fraction) * total) >> 64;
    for (arn, weight) in weighty() {
        match point.checked_sub(u128::from(*weight)) {
            Some(rest) => point = rest,
            None => return Some(arn),
        }
    }
    None
}

/// The target for this turn, or the one that the client sticks to as long as it is in service.
/// All algorithms are round robin here: with a handful of local targets they cannot be told apart.
pub(crate) fn target<'g>(group: &'g Group, stuck: Option<&str>, turn: u64) -> Option<&'g Target> {
    let candidates = in_service(group);
    if let Some(target) = candidates.iter().find(|target| Some(name(target).as_str()) == stuck) {
        return Some(target);
    }
    let index = usize::try_from(turn).unwrap_or_default().checked_rem(candidates.len())?;
    candidates.get(index).copied()
}

/// How a cookie names a target.
pub(crate) fn name(target: &Target) -> String {
    format!("{}:{}", target.id, target.port)
}

/// The healthy targets; all of them where fewer are healthy than the group's attributes ask for
/// (`target_group_health.unhealthy_state_routing.*`, by default one): the load balancer fails open.
fn in_service(group: &Group) -> Vec<&Target> {
    let prefix = "target_group_health.unhealthy_state_routing.minimum_healthy_targets";
    let all = group.targets.len() as u64;
    let count = group.attributes.number(&format!("{prefix}.count"), 1);
    let percentage = group.attributes.number(&format!("{prefix}.percentage"), 0);
    // A group whose checks are switched off has nobody to say that a target is ill.
    let healthy: Vec<_> = group
        .targets
        .iter()
        .filter(|target| matches!(target.state, State::Healthy | State::Unavailable))
        .collect();
    let found = healthy.len() as u64;
    if found < count || found * 100 < percentage * all {
        return group.targets.iter().collect();
    }
    healthy
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arms(weights: &[u32]) -> Forward {
        let arms = weights.iter().enumerate().map(|(index, weight)| (index.to_string(), *weight));
        Forward { arms: arms.collect(), sticky: None }
    }

    #[test]
    fn shares_follow_the_weights() {
        for weights in [&[1, 1][..], &[3, 1], &[90, 9, 1], &[0, 5], &[999, 999, 999, 999, 999]] {
            let forward = arms(weights);
            let total: u32 = weights.iter().sum();
            let mut counts = vec![0_f64; weights.len()];
            for turn in 0..1000 {
                let arn = group(&forward, None, turn).expect("some weight is above zero");
                counts[arn.parse::<usize>().expect("the table's index")] += 1.0;
            }
            for (count, weight) in counts.iter().zip(weights) {
                let fair = f64::from(*weight) / f64::from(total) * 1000.0;
                assert!((count - fair).abs() <= 5.0, "{weights:?}: {counts:?}");
            }
        }
    }

    #[test]
    fn a_client_sticks_to_a_group_only_while_it_has_weight() {
        for turn in 0..20 {
            assert_eq!(group(&arms(&[1, 9]), Some("0"), turn), Some("0"));
            assert_eq!(group(&arms(&[0, 9]), Some("0"), turn), Some("1"));
        }
        assert_eq!(group(&arms(&[0, 0]), Some("0"), 7), None);
    }

    #[test]
    fn only_targets_in_service_are_chosen_unless_too_few_are() {
        use State::{Healthy, Initial, Unhealthy};
        let percent =
            "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage";
        let table = [
            (vec![Healthy, Unhealthy, Healthy], None, vec![0, 2]),
            (vec![Unhealthy, Initial], None, vec![0, 1]),
            (vec![Healthy, Unhealthy, Unhealthy], Some("50"), vec![0, 1, 2]),
            (vec![Healthy, Healthy, Unhealthy], Some("50"), vec![0, 1]),
            (vec![], None, vec![]),
        ];
        for (states, percentage, expected) in table {
            let group = crate::testing::group(&states, percentage.map(|value| (percent, value)));
            let mut chosen: Vec<_> =
                (0..6).filter_map(|turn| Some(target(&group, None, turn)?.port)).collect();
            chosen.sort_unstable();
            chosen.dedup();
            assert_eq!(chosen, expected, "{states:?} {percentage:?}");
            let stuck = target(&group, Some("10.0.0.1:0"), 5).map(|target| target.port);
            assert_eq!(stuck, expected.first().copied(), "port 0 is in service in each row");
        }
    }
}
