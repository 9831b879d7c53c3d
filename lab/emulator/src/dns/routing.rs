//! Which of several record sets of a name and type answers a query. In come the sets, what the
//! health checks say and a dice roll, out go the sets whose values are the answer.

use serde_json::Value;

use crate::Account;
use crate::route53::RecordSet;

/// AWS's limit of records in one multivalue answer.
const MOST_MULTIVALUE: usize = 8;

/// The record sets that answer. Nobody asks from anywhere in particular, so latency answers for the
/// account's own region and geolocation with its default. `roll` decides between weights.
pub(super) fn choose<'a>(
    account: &Account,
    sets: &[&'a RecordSet],
    roll: u64,
) -> Vec<&'a RecordSet> {
    let Some(first) = sets.first() else { return Vec::new() };
    let fit: Vec<&RecordSet> = sets.iter().copied().filter(|set| healthy(account, set)).collect();
    // Route 53 takes all for healthy where none is.
    let fit = if fit.is_empty() { sets.to_vec() } else { fit };
    let one = |set: Option<&'a RecordSet>| set.into_iter().collect();
    match first.routing.policy() {
        None => one(Some(first)),
        Some("weighted") => one(weighted(&fit, roll)),
        Some("multivalue answer") => fit.into_iter().take(MOST_MULTIVALUE).collect(),
        Some("failover") => one(failover(&fit)),
        Some("latency") => {
            let region = Some(account.settings.region.as_str());
            let near = fit.iter().find(|set| set.routing.region.as_deref() == region);
            one(near.or(fit.first()).copied())
        }
        Some("geolocation") => one(fit.into_iter().find(|set| is_default(set))),
        Some(_) => one(fit.first().copied()),
    }
}

fn healthy(account: &Account, set: &RecordSet) -> bool {
    let says = |id: &String| account.route53.health_checks.get(id).copied();
    set.health_check_id.as_ref().and_then(says).unwrap_or(true)
}

fn weighted<'a>(sets: &[&'a RecordSet], roll: u64) -> Option<&'a RecordSet> {
    let weight = |set: &RecordSet| set.routing.weight.unwrap_or_default();
    let total: u64 = sets.iter().map(|set| weight(set)).sum();
    let Some(mut left) = roll.checked_rem(total) else {
        // All weights are zero: each set is as good as the other.
        let index = usize::try_from(roll % sets.len() as u64).unwrap_or_default();
        return sets.get(index).copied();
    };
    sets.iter().copied().find(|set| {
        let met = left < weight(set);
        left = left.saturating_sub(weight(set));
        met
    })
}

fn failover<'a>(sets: &[&'a RecordSet]) -> Option<&'a RecordSet> {
    let primary = |set: &&&RecordSet| set.routing.failover.as_deref() == Some("PRIMARY");
    sets.iter().find(primary).or(sets.first()).copied()
}

fn is_default(set: &RecordSet) -> bool {
    let country = set.routing.geo_location.as_ref().map(|place| &place["CountryCode"]);
    country == Some(&Value::from("*"))
}
