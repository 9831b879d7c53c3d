//! Which of what exists is what is wanted. A tag may stand on several things (a duplicate, a
//! replacement half done): one of them is kept, the rest is to go.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::Desired;
use inroad_words::{
    Field, ResourceKey, ResourceKind, Unit, Value,
    balancer::LoadBalancer,
    facts::Outputs,
    hold::HoldReason,
    observed::{Observed, SeenBalancer, SeenGroup, SeenTargetGroup},
    targets::TargetGroup,
};

use crate::{
    refers,
    succession::{self, Elders},
};

/// What stays, by resource id.
#[derive(Debug, Default)]
pub(crate) struct Kept<'a> {
    pub(crate) security_groups: BTreeMap<&'a str, &'a SeenGroup>,
    pub(crate) target_groups: BTreeMap<&'a str, &'a SeenTargetGroup>,
    pub(crate) load_balancers: BTreeMap<&'a str, &'a SeenBalancer>,
    /// Load balancers that should be replaced, but carry something that is held, or whose successor
    /// cannot be made.
    pub(crate) frozen: BTreeMap<&'a str, HoldReason>,
    /// Load balancers that serve beside those that take their place.
    pub(crate) elders: Elders<'a>,
}

/// Attributes of everything that is there, the first of each resource id speaking for it.
pub fn outputs_of(observed: &Observed, unit: &Unit) -> Outputs {
    let mut kept = Kept::default();
    for (id, seen) in &observed.security_groups {
        kept.security_groups.extend(seen.first().map(|it| (id.as_str(), it)));
    }
    for (id, seen) in &observed.target_groups {
        kept.target_groups.extend(seen.first().map(|it| (id.as_str(), it)));
    }
    for (id, seen) in &observed.load_balancers {
        kept.load_balancers.extend(seen.first().map(|it| (id.as_str(), it)));
    }
    kept.outputs(unit)
}

impl<'a> Kept<'a> {
    /// Chooses: what is wanted or held stays, as long as it could become what is wanted.
    pub(crate) fn choose(desired: &Desired, observed: &'a Observed) -> Self {
        let mut kept = Self::default();
        kept.balancers(desired, observed);
        let staying = kept.load_balancers.values().map(|it| &it.arn).collect();
        kept.elders = succession::elders(desired, observed, &staying);
        kept.elders.retain(|id, _| !kept.frozen.contains_key(id));
        kept.groups(desired, observed);
        let in_use = |seen: &&&SeenGroup| {
            let mut users = observed.load_balancers.values().flatten();
            let this = Value::Known(seen.id.clone());
            users.any(|it| it.spec.security_groups.contains(&this))
        };
        for (id, seen) in &observed.security_groups {
            let key = key_of(desired, ResourceKind::SecurityGroup, id);
            if desired.security_groups.contains_key(id) || desired.held.resources.contains_key(&key)
            {
                let best = seen.iter().collect::<Vec<_>>();
                let best = best.iter().find(in_use).or(best.first());
                kept.security_groups.extend(best.map(|it| (id.as_str(), *it)));
            }
        }
        kept
    }

    fn balancers(&mut self, desired: &Desired, observed: &'a Observed) {
        for (id, seen) in &observed.load_balancers {
            let wanted = desired.load_balancers.get(id);
            let key = key_of(desired, ResourceKind::LoadBalancer, id);
            let fits = |it: &&SeenBalancer| wanted.is_none_or(|want| can_become(it, &want.spec));
            let best = seen.iter().filter(fits).rev().max_by_key(|it| it.listeners.len());
            let unplaced = wanted.and_then(|want| cannot_be_made(&want.spec));
            let held = seen.iter().find_map(|it| Some((it, held_on(desired, it)?)));
            let held = held.or_else(|| seen.first().zip(unplaced));
            match (best, held) {
                (Some(best), _)
                    if wanted.is_some() || desired.held.resources.contains_key(&key) =>
                {
                    self.load_balancers.insert(id, best);
                }
                (_, Some((it, reason))) => {
                    self.load_balancers.insert(id, it);
                    self.frozen.insert(id, reason);
                }
                _ => {}
            }
        }
    }

    fn groups(&mut self, desired: &Desired, observed: &'a Observed) {
        let led_to = if self.elders.is_empty() { BTreeSet::new() } else { led_to(desired) };
        for (id, seen) in &observed.target_groups {
            let wanted = desired.target_groups.get(id);
            let key = key_of(desired, ResourceKind::TargetGroup, id);
            let is_held = desired.held.resources.contains_key(&key);
            let fits = |it: &&SeenTargetGroup| {
                let could = wanted.is_some_and(|want| could_be(&it.spec, &want.spec));
                // To one that nothing leads to, an elder can go on to lead.
                let is_free = !led_to.contains(&key) || !succession::serves(&self.elders, it);
                is_held || (could && is_free)
            };
            let in_use = |it: &&SeenTargetGroup| {
                self.load_balancers.values().any(|user| it.load_balancers.contains(&user.arn))
            };
            let best = seen.iter().filter(fits).find(in_use);
            let best = best.or_else(|| seen.iter().find(fits));
            self.target_groups.extend(best.map(|it| (id.as_str(), it)));
        }
    }

    /// What is known of what stays.
    pub(crate) fn outputs(&self, unit: &Unit) -> Outputs {
        let mut known = Outputs::default();
        let mut put = |kind, id: &str, field, text: &str| {
            known.0.insert((ResourceKey::new(unit.clone(), kind, id), field), text.to_owned());
        };
        for (id, it) in &self.security_groups {
            put(ResourceKind::SecurityGroup, id, Field::GroupId, &it.id);
        }
        for (id, it) in &self.target_groups {
            put(ResourceKind::TargetGroup, id, Field::Arn, &it.arn.0);
        }
        for (id, it) in &self.load_balancers {
            put(ResourceKind::LoadBalancer, id, Field::Arn, &it.arn.0);
            put(ResourceKind::LoadBalancer, id, Field::DnsName, &it.dns_name);
            for (port, listener) in &it.listeners {
                put(ResourceKind::Listener, &port.to_string(), Field::Arn, &listener.arn.0);
            }
        }
        known
    }
}

/// What rules and default actions lead to.
fn led_to(desired: &Desired) -> BTreeSet<ResourceKey> {
    let rules = desired.rules.values().map(|it| &it.spec.actions);
    let defaults = desired.listeners.values().map(|it| &it.spec.default_actions);
    let awaited = rules.chain(defaults).flat_map(refers::awaited);
    awaited.map(|(of, _)| of).collect()
}

/// A resource of the unit that is being planned.
pub(crate) fn key_of(desired: &Desired, kind: ResourceKind, id: impl Into<String>) -> ResourceKey {
    ResourceKey::new(desired.unit.clone(), kind, id)
}

/// Type and scheme of a load balancer cannot change (load-balancers.md 8.3).
pub(crate) fn can_become(seen: &SeenBalancer, want: &LoadBalancer) -> bool {
    seen.kind == want.kind.as_str() && seen.spec.scheme == want.scheme
}

/// Why a load balancer cannot be made as it is wanted: nobody could say where it would stand.
pub(crate) fn cannot_be_made(want: &LoadBalancer) -> Option<HoldReason> {
    let reason = || HoldReason::MissingFact("no subnets for it are known".into());
    want.subnets.prefer.is_empty().then(reason)
}

/// Target type, protocol, version and control port of a target group cannot change; family, port, VPC
/// and name are not compared (load-balancers.md 8.3).
fn could_be(seen: &TargetGroup, want: &TargetGroup) -> bool {
    seen.target_type == want.target_type
        && seen.protocol == want.protocol
        && seen.protocol_version == want.protocol_version
        && seen.control_port == want.control_port
}

/// Why something on this load balancer must stay, if anything must.
pub(crate) fn held_on(desired: &Desired, seen: &SeenBalancer) -> Option<HoldReason> {
    seen.listeners.keys().find_map(|port| held_at(desired, *port))
}

/// Why the listener at this port, or a rule of it, must stay, if anything must.
pub(crate) fn held_at(desired: &Desired, port: u16) -> Option<HoldReason> {
    let found = desired.held.resources.iter().find(|(key, _)| match key.kind {
        ResourceKind::Listener => key.id == port.to_string(),
        ResourceKind::Rule => key.id.split(':').next() == Some(port.to_string().as_str()),
        _ => false,
    });
    found.map(|(_, hold)| hold.reason.clone())
}
