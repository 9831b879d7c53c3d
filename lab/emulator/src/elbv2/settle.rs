//! What follows from a change: which targets are in use. Runs after each operation that moves subnets,
//! actions or registrations, so that states never depend on who changed what first.

use std::collections::{BTreeMap, BTreeSet};

use super::health::{Health, State, Target};
use crate::Account;

/// Puts every target into the state that usage and zones ask for; health that probes found stays.
pub(super) fn settle(account: &mut Account) {
    let (now, assume) = (account.now, account.settings.assume_healthy);
    account.elbv2.end_draining(now);
    let zones = zones_in_use(account);
    for (group, targets) in &mut account.elbv2.targets {
        let Some(zones) = zones.get(group) else {
            targets.retain(|target| target.draining_until.is_none());
            targets.iter_mut().for_each(|target| target.enter(Health::not_in_use(), now));
            continue;
        };
        let enabled = account.elbv2.target_groups.get(group).is_none_or(|g| g.health_check.enabled);
        for target in targets.iter_mut().filter(|target| target.draining_until.is_none()) {
            let reached = target.zone.as_ref().is_none_or(|zone| zones.contains(zone));
            match wanted(target, reached, enabled, assume) {
                Some(health) => target.enter(health, now),
                None => continue,
            }
        }
    }
}

/// The new health, or none where the old one stands.
fn wanted(target: &Target, reached: bool, enabled: bool, assume: bool) -> Option<Health> {
    if !reached {
        return Some(Health::zone_not_enabled());
    }
    if !enabled {
        return Some(Health::disabled());
    }
    match target.health.state {
        State::Healthy | State::Unhealthy => None,
        State::Initial if !assume => None,
        _ if assume => Some(Health::healthy()),
        _ => Some(Health::registering()),
    }
}

/// The zones in which each used group is reached.
fn zones_in_use(account: &Account) -> BTreeMap<String, BTreeSet<String>> {
    let state = &account.elbv2;
    let zones_of = |balancers: BTreeSet<&str>| {
        let found = balancers.into_iter().filter_map(|arn| state.load_balancers.get(arn));
        found.flat_map(|balancer| balancer.zones()).map(str::to_owned).collect()
    };
    let usage = state.usage().into_iter();
    usage.map(|(group, balancers)| (group.to_owned(), zones_of(balancers))).collect()
}
