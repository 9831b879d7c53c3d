//! What a record set may be: by itself, beside its neighbours, and where an alias may lead. In come
//! a record set and the zone's records, out go Route 53's reasons against it, none if it is fine.

use std::collections::{BTreeMap, BTreeSet};

use super::name::DnsName;
use super::state::{Key, RecordSet};
use super::value;
use crate::Account;

/// AWS's limit of values in one record set.
const MOST_VALUES: usize = 400;

/// Domains of AWS services whose names an alias may have besides load balancers. What exists there
/// is not emulated, so any name in them is believed.
const SERVICE_DOMAINS: [&str; 5] = [
    "amazonaws.com.",
    "amazonaws.com.cn.",
    "cloudfront.net.",
    "awsglobalaccelerator.com.",
    "elasticbeanstalk.com.",
];

/// Which members go together; the reason is the text of an InvalidInput.
pub(super) fn shape(action: &str, set: &RecordSet) -> Result<(), String> {
    let identifier = set.set_identifier.as_deref().unwrap_or("null");
    let RecordSet { name, kind, .. } = set;
    let reason = contents(set).or_else(|| policy(set));
    reason.map_or(Ok(()), |reason| {
        Err(format!(
            "Invalid request: {reason} in Change with [Action={action}, Name={name}, Type={kind}, \
             SetIdentifier={identifier}]"
        ))
    })
}

fn contents(set: &RecordSet) -> Option<String> {
    let values = set.resource_records.as_ref().is_some_and(|records| !records.is_empty());
    let alias = set.alias_target.is_some();
    let given = [alias, values && set.ttl.is_some(), set.traffic_policy_instance_id.is_some()];
    let mixed = alias && (values || set.ttl.is_some());
    let found = match given.iter().filter(|given| **given).count() {
        1 if !mixed => return None,
        0 => "none",
        _ => "more than one",
    };
    Some(format!(
        "Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or \
         TrafficPolicyInstanceId], but found {found}"
    ))
}

fn policy(set: &RecordSet) -> Option<String> {
    let policies = set.routing.policies().len();
    match (&set.set_identifier, policies) {
        (None, 0) | (Some(_), 1) => None,
        (None, _) => Some("Missing field 'SetIdentifier'".to_owned()),
        (Some(_), _) => {
            let found = if policies == 0 { "none" } else { "more than one" };
            Some(format!(
                "Expected exactly one of [Weight, Region, Failover, GeoLocation, or \
                 MultiValueAnswer], but found {found}"
            ))
        }
    }
}

/// What speaks against putting `set` where `key` says.
pub(super) fn check(
    zone: &DnsName,
    records: &BTreeMap<Key, RecordSet>,
    key: &Key,
    set: &RecordSet,
) -> Vec<String> {
    let mut reasons = values(key, set);
    reasons.extend(neighbours(zone, records, key));
    reasons.extend(siblings(records, key, set));
    reasons
}

fn values(key: &Key, set: &RecordSet) -> Vec<String> {
    let mut reasons = Vec::new();
    let mut seen = BTreeSet::new();
    for given in set.values() {
        if let Err(problem) = value::rdata(&key.kind, given) {
            reasons.push(format!("Invalid Resource Record: '{problem}'"));
        }
        if !seen.insert(given) {
            reasons.push(format!("Duplicate Resource Record: '{given}'"));
        }
    }
    let count = set.values().count();
    if matches!(key.kind.as_str(), "CNAME" | "SOA") && count > 1 {
        let Key { name, kind, .. } = key;
        reasons.push(format!(
            "RRSet with DNS name {name}, type {kind} cannot contain more than one resource record"
        ));
    }
    if count > MOST_VALUES {
        reasons.push(format!("Cannot have more than {MOST_VALUES} records in a RRSet."));
    }
    reasons
}

/// The rules of CNAME and SOA beside other types (RFC 1034 section 3.6.2).
fn neighbours(zone: &DnsName, records: &BTreeMap<Key, RecordSet>, key: &Key) -> Option<String> {
    let Key { name, kind, .. } = key;
    let subject = format!("RRSet of type {kind} with DNS name {name} is not permitted");
    let at_name = || {
        let from = Key { name: name.clone(), kind: String::new(), set: None };
        records.range(from..).map(|(key, _)| key).take_while(|other| other.name == *name)
    };
    match kind.as_str() {
        "CNAME" if name == zone => Some(format!("{subject} at apex in zone {zone}")),
        "SOA" if name != zone => Some(format!("{subject} below the apex in zone {zone}")),
        "CNAME" if at_name().any(|other| other.kind != "CNAME") => Some(format!(
            "{subject} as it conflicts with other records with the same DNS name in zone {zone}"
        )),
        "CNAME" => None,
        _ if at_name().any(|other| other.kind == "CNAME") => Some(format!(
            "{subject} because a conflicting RRSet of type CNAME with the same DNS name already \
             exists in zone {zone}"
        )),
        _ => None,
    }
}

/// The rules among record sets of one name and type.
fn siblings(records: &BTreeMap<Key, RecordSet>, key: &Key, set: &RecordSet) -> Option<String> {
    let Key { name, kind, set: identifier } = key;
    let from = Key { name: name.clone(), kind: kind.clone(), set: None };
    let others: Vec<&RecordSet> = records
        .range(from..)
        .take_while(|(other, _)| other.name == *name && other.kind == *kind)
        .filter(|(other, _)| other.set != *identifier)
        .map(|(_, set)| set)
        .collect();
    let subject = format!("RRSet with DNS name {name}, type {kind}");
    match (set.routing.policy(), identifier) {
        (Some(policy), Some(identifier)) => {
            let reason = routed(policy, set, &others)?;
            Some(format!("{subject}, SetIdentifier {identifier}{reason}"))
        }
        _ => (!others.is_empty()).then(|| {
            format!(
                "{subject} cannot be created as other RRSets exist with the same name and type."
            )
        }),
    }
}

/// What a policy asks of a record set and of those beside it.
fn routed(policy: &str, set: &RecordSet, others: &[&RecordSet]) -> Option<String> {
    let no = |reason: &str| Some(format!(" cannot be created as {reason}"));
    if policy == "multivalue answer" && (set.alias_target.is_some() || set.kind == "CNAME") {
        return no("a multivalue answer set may be neither an alias nor of type CNAME.");
    }
    if others.iter().any(|other| other.routing.policy() != Some(policy)) {
        return no(&format!("a non-{policy} set exists with the same name and type."));
    }
    if policy == "weighted" && others.iter().any(|other| other.ttl != set.ttl) {
        return no("weighted sets must contain the same TTL.");
    }
    let place = place(set)?;
    let taken = others.iter().any(|other| self::place(other).as_ref() == Some(&place));
    let member = if policy == "latency" { "region" } else { policy };
    taken.then(|| {
        format!(
            ", and {place} cannot be created because a {policy} RRSet with the same name, type and \
             {member} already exists."
        )
    })
}

/// What of a policy only one record set may have.
fn place(set: &RecordSet) -> Option<String> {
    let routing = &set.routing;
    let region = routing.region.as_ref().map(|region| format!("Region Name={region}"));
    let failover = || routing.failover.as_ref().map(|role| format!("Failover={role}"));
    let location = || routing.geo_location.as_ref().map(|place| format!("GeoLocation={place}"));
    region.or_else(failover).or_else(location)
}

/// What an alias may lead to, as the account is when the batch arrives.
pub(super) struct Alias {
    zones: BTreeSet<String>,
    region: String,
    /// DNS name (lower case, final dot) and hosted zone of each load balancer.
    balancers: BTreeMap<String, String>,
}

impl Alias {
    pub(super) fn prepare(account: &Account) -> Self {
        let balancers = account.elbv2.load_balancers.values().map(|balancer| {
            let name = format!("{}.", balancer.dns_name.to_ascii_lowercase());
            (name, balancer.canonical_hosted_zone_id.clone())
        });
        Self {
            zones: account.route53.zones.keys().cloned().collect(),
            region: account.settings.region.clone(),
            balancers: balancers.collect(),
        }
    }

    pub(super) fn check(
        &self,
        zone_id: &str,
        zone: &DnsName,
        records: &BTreeMap<Key, RecordSet>,
        set: &RecordSet,
    ) -> Vec<String> {
        let Some(alias) = &set.alias_target else { return Vec::new() };
        let Ok(target) = DnsName::parse(&alias.dns_name) else { return Vec::new() };
        let target_zone = alias.hosted_zone_id.trim_start_matches("/hostedzone/");
        let (lies_within, found) = if target_zone == zone_id {
            let from = Key { name: target.clone(), kind: set.kind.clone(), set: None };
            let next = records.range(from..).next().map(|(key, _)| key);
            let found = next.is_some_and(|key| key.name == target && key.kind == set.kind);
            (target.is_within(zone), found && target.to_string() != set.name)
        } else {
            self.outside(target_zone, &alias.dns_name)
        };
        let what = format!(
            "Tried to create an alias that targets {target}, type {} in zone {target_zone}, but",
            set.kind
        );
        let within = (!lies_within)
            .then(|| format!("{what} the alias target name does not lie within the target zone"));
        let absent = (!found).then(|| format!("{what} that target was not found"));
        within.into_iter().chain(absent).collect()
    }

    /// Whether a name of an AWS service lies in the zone that is said to hold it, and exists.
    fn outside(&self, target_zone: &str, name: &str) -> (bool, bool) {
        if self.zones.contains(target_zone) {
            return (false, false);
        }
        if self.is_own_balancer(name) {
            let plain = name.strip_prefix("dualstack.").unwrap_or(name);
            return match self.balancers.get(plain) {
                Some(zone) => (zone == target_zone, zone == target_zone),
                None => (true, false),
            };
        }
        let service = SERVICE_DOMAINS.iter().any(|domain| name.ends_with(&format!(".{domain}")));
        (service, service)
    }

    fn is_own_balancer(&self, name: &str) -> bool {
        let region = &self.region;
        [format!(".{region}.elb.amazonaws.com."), format!(".elb.{region}.amazonaws.com.")]
            .iter()
            .any(|domain| name.ends_with(domain))
    }
}
