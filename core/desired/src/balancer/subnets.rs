//! Which subnets a load balancer stands in. In: what was asked for and every subnet of the VPC. Out: a
//! choice, or why there is none.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::{BalancerIntent, SubnetChoice};
use inroad_words::{
    Diagnostic, Pick,
    balancer::{BalancerKind, Scheme},
    controller::BalancerSettings,
    facts::{Facts, Subnet},
};

use crate::codes;

/// A load balancer needs this many free addresses in each subnet (ELBv2 API, `Subnets`).
const FREE_ADDRESSES: i64 = 8;
/// Subnets of other locales than this one may stand alone.
const ZONAL: &str = "availability-zone";
const CLUSTER_TAG_PREFIX: &str = "kubernetes.io/cluster/";
const PUBLIC_ROLE: &str = "kubernetes.io/role/elb";
const PRIVATE_ROLE: &str = "kubernetes.io/role/internal-elb";

/// Everything that the choice depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chooser<'a> {
    /// A Network Load Balancer may stand in one subnet.
    pub(crate) kind: BalancerKind,
    pub(crate) balancer: &'a BalancerIntent,
    pub(crate) facts: &'a Facts,
    pub(crate) settings: &'a BalancerSettings,
}

/// Why subnets were passed over, counted for the message.
#[derive(Debug, Default)]
struct PassedOver {
    of_other_clusters: usize,
    too_full: usize,
    without_ipv6: usize,
}

impl<'a> Chooser<'a> {
    /// The choice. Discovered subnets are for a load balancer that is yet to be made: one that stands
    /// keeps its own.
    pub(crate) fn choose(&self) -> Result<Pick<String>, Diagnostic> {
        let (keep, chosen) = match &self.balancer.subnets.value {
            SubnetChoice::Discover => (true, self.one_per_zone(self.by_role())?),
            SubnetChoice::Tagged(tags) => (false, self.one_per_zone(self.by_tags(tags))?),
            SubnetChoice::Named(names) => (false, self.named(names)?),
        };
        self.check_together(&chosen)?;
        Ok(Pick { keep, prefer: chosen.into_iter().map(|subnet| subnet.id.clone()).collect() })
    }

    fn by_role(&self) -> Vec<&'a Subnet> {
        let public = self.balancer.scheme.value == Scheme::InternetFacing;
        let role = if public { PUBLIC_ROLE } else { PRIVATE_ROLE };
        let has_role =
            |subnet: &Subnet| matches!(subnet.tags.get(role).map(String::as_str), Some("" | "1"));
        let found: Vec<_> = self.facts.subnets.values().filter(|it| has_role(it)).collect();
        if !found.is_empty() || !self.settings.switches.discover_by_reachability {
            return found;
        }
        self.facts.subnets.values().filter(|it| it.public == public).collect()
    }

    fn by_tags(&self, tags: &BTreeMap<String, BTreeSet<String>>) -> Vec<&'a Subnet> {
        let matches = |subnet: &Subnet| {
            tags.iter().all(|(key, any)| subnet.tags.get(key).is_some_and(|it| any.contains(it)))
        };
        self.facts.subnets.values().filter(|subnet| matches(subnet)).collect()
    }

    /// Of the subnets that would do, the one in each zone that is this cluster's, else the lowest id.
    fn one_per_zone(&self, candidates: Vec<&'a Subnet>) -> Result<Vec<&'a Subnet>, Diagnostic> {
        let mut passed_over = PassedOver::default();
        let mut zones: BTreeMap<&str, &Subnet> = BTreeMap::new();
        let rank = |subnet: &Subnet| (!self.is_this_clusters(subnet), subnet.id.clone());
        let evaluated = candidates.len();
        for subnet in candidates {
            if !self.would_do(subnet, &mut passed_over) {
                continue;
            }
            let best = zones.entry(&subnet.zone).or_insert(subnet);
            if rank(subnet) < rank(best) {
                *best = subnet;
            }
        }
        if zones.is_empty() {
            return Err(self.none_found(evaluated, &passed_over));
        }
        Ok(zones.into_values().collect())
    }

    fn would_do(&self, subnet: &Subnet, passed_over: &mut PassedOver) -> bool {
        let foreign = self.settings.switches.check_subnet_cluster_tag
            && subnet.tags.keys().any(|key| key.starts_with(CLUSTER_TAG_PREFIX))
            && !self.is_this_clusters(subnet);
        let reason = if foreign {
            &mut passed_over.of_other_clusters
        } else if subnet.available_addresses < FREE_ADDRESSES {
            &mut passed_over.too_full
        } else if self.needs_ipv6() && !subnet.has_ipv6 {
            &mut passed_over.without_ipv6
        } else {
            return true;
        };
        *reason += 1;
        false
    }

    /// Subnets by id or `Name` tag in the order given. A name that stands several times takes as many
    /// subnets of that name, lowest ids first.
    fn named(&self, names: &[String]) -> Result<Vec<&'a Subnet>, Diagnostic> {
        let mut taken = BTreeMap::<&str, usize>::new();
        let mut chosen: Vec<&Subnet> = Vec::new();
        for name in names {
            let nth = taken.entry(name).or_default();
            let mut matching = self.facts.subnets.values().filter(|it| is_called(it, name));
            let subnet = matching.nth(*nth).ok_or_else(|| self.unknown(name, *nth))?;
            *nth += 1;
            if let Some(other) = chosen.iter().find(|it| it.zone == subnet.zone) {
                return Err(self.unfit(format!(
                    "subnets {} and {} are both in availability zone {}",
                    other.id, subnet.id, subnet.zone
                )));
            }
            if self.needs_ipv6() && !subnet.has_ipv6 {
                return Err(self.unfit(format!(
                    "subnet {} has no IPv6 CIDR block, which a dualstack load balancer needs",
                    subnet.id
                )));
            }
            chosen.push(subnet);
        }
        Ok(chosen)
    }

    fn check_together(&self, chosen: &[&Subnet]) -> Result<(), Diagnostic> {
        let locales: BTreeSet<&str> = chosen.iter().map(|subnet| subnet.locale.as_str()).collect();
        if locales.len() > 1 {
            let locales = Vec::from_iter(locales).join(", ");
            return Err(self.unfit(format!("subnets of different kinds: {locales}")));
        }
        let single = self.settings.switches.single_subnet
            || self.kind == BalancerKind::Network
            || !locales.contains(ZONAL);
        let needed = if single { 1 } else { 2 };
        if chosen.len() >= needed {
            return Ok(());
        }
        let ids: Vec<_> = chosen.iter().map(|subnet| subnet.id.as_str()).collect();
        let message = format!(
            "{} subnet found in distinct availability zones, at least {needed} needed: {}",
            chosen.len(),
            ids.join(", ")
        );
        let help = "name subnets of two zones in `subnets`, or tag them to be found";
        Err(self.diagnostic(codes::SUBNETS_NOT_FOUND, message).help(help))
    }

    fn none_found(&self, evaluated: usize, passed_over: &PassedOver) -> Diagnostic {
        let PassedOver { of_other_clusters, too_full, without_ipv6 } = passed_over;
        let mut message = format!(
            "no subnet for the load balancer: {evaluated} evaluated, {of_other_clusters} tagged for \
             other clusters, {too_full} with fewer than {FREE_ADDRESSES} free addresses"
        );
        if self.needs_ipv6() {
            message += &format!(", {without_ipv6} without an IPv6 CIDR block");
        }
        let role = match self.balancer.scheme.value {
            Scheme::InternetFacing => PUBLIC_ROLE,
            Scheme::Internal => PRIVATE_ROLE,
        };
        self.diagnostic(codes::SUBNETS_NOT_FOUND, message)
            .help(format!("tag two subnets with `{role}: 1`, or name them in `subnets`"))
    }

    fn unknown(&self, name: &str, found: usize) -> Diagnostic {
        let message = match found {
            0 => format!("subnet {name} does not exist in the VPC"),
            _ => format!("subnet {name} is named more often than the {found} that there are"),
        };
        self.diagnostic(codes::SUBNET_UNKNOWN, message)
            .help("give ids (`subnet-…`) or `Name` tags of subnets of the cluster's VPC")
    }

    fn unfit(&self, message: String) -> Diagnostic {
        self.diagnostic(codes::SUBNETS_UNFIT, message)
            .help("give one subnet for each availability zone, all of one kind")
    }

    /// What nobody asked for is laid at the door of whoever asked for the load balancer.
    fn diagnostic(&self, code: inroad_words::Code, message: String) -> Diagnostic {
        let origin = match &self.balancer.subnets.origin {
            inroad_words::Origin::Default => &self.balancer.origin,
            said => said,
        };
        Diagnostic::error(code, origin.clone(), message)
    }

    fn needs_ipv6(&self) -> bool {
        self.balancer.ip_address_type.value.has_ipv6()
    }

    fn is_this_clusters(&self, subnet: &Subnet) -> bool {
        let key = format!("{CLUSTER_TAG_PREFIX}{}", self.settings.cluster_name);
        subnet.tags.contains_key(&key)
    }
}

fn is_called(subnet: &Subnet, name: &str) -> bool {
    if name.starts_with("subnet-") {
        subnet.id == name
    } else {
        subnet.tags.get("Name").is_some_and(|tag| tag == name)
    }
}

#[cfg(test)]
mod tests;
