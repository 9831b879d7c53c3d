//! What Route 53 remembers: zones with their record sets, changes, tags, health checks. The record
//! set has the API's member names, so it is read from requests and written to answers as it is.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::name::DnsName;
use crate::Fault;

/// What the service remembers.
#[derive(Debug, Default)]
pub struct Route53 {
    pub(crate) zones: BTreeMap<String, Zone>,
    pub(super) changes: BTreeMap<String, Change>,
    pub(super) tags: BTreeMap<(String, String), BTreeMap<String, String>>,
    pub(crate) health_checks: BTreeMap<String, bool>,
    /// How long GetChange says PENDING after a change. DNS answers do not wait for it.
    pub propagation: SignedDuration,
}

impl Route53 {
    /// Makes a health check known, or changes what it says. The operations on health checks
    /// themselves are not emulated; records refer to them by id.
    pub fn set_health_check(&mut self, id: &str, healthy: bool) {
        self.health_checks.insert(id.to_owned(), healthy);
    }

    /// Ids of the hosted zones that have tags, with them.
    pub(crate) fn tagged_zones(&self) -> impl Iterator<Item = (&str, &BTreeMap<String, String>)> {
        let zones = self.tags.iter().filter(|((kind, _), _)| kind == "hostedzone");
        zones.map(|((_, id), tags)| (id.as_str(), tags))
    }

    pub(super) fn zone(&self, id: &str) -> Result<&Zone, Fault> {
        self.zones.get(id).ok_or_else(|| no_such_zone(id))
    }

    pub(super) fn zone_mut(&mut self, id: &str) -> Result<&mut Zone, Fault> {
        self.zones.get_mut(id).ok_or_else(|| no_such_zone(id))
    }
}

/// Service quotas of Route 53, by default AWS's own defaults.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    pub hosted_zones: usize,
    pub record_sets_per_zone: usize,
    /// VPCs of one private zone.
    pub vpcs_per_zone: usize,
}

impl Default for Quotas {
    fn default() -> Self {
        Self { hosted_zones: 500, record_sets_per_zone: 10_000, vpcs_per_zone: 300 }
    }
}

pub(super) fn no_such_zone(id: &str) -> Fault {
    Fault::new("NoSuchHostedZone", format!("No hosted zone found with ID: {id}")).status(404)
}

/// A change that was accepted.
#[derive(Debug, Clone)]
pub(super) struct Change {
    pub submitted: Timestamp,
    pub comment: Option<String>,
}

/// A VPC that sees a private zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Vpc {
    #[serde(rename = "VPCRegion")]
    pub region: String,
    #[serde(rename = "VPCId")]
    pub id: String,
}

/// One hosted zone.
#[derive(Debug, Clone)]
pub(crate) struct Zone {
    pub(crate) name: DnsName,
    pub(super) caller_reference: String,
    pub(super) comment: Option<String>,
    pub(crate) private: bool,
    pub(super) vpcs: Vec<Vpc>,
    pub(super) name_servers: Vec<String>,
    pub(crate) records: BTreeMap<Key, RecordSet>,
}

impl Zone {
    /// The API's `HostedZone`.
    pub(super) fn describe(&self, id: &str) -> Value {
        let mut config = json!({"PrivateZone": self.private});
        if let Some(comment) = &self.comment {
            config["Comment"] = json!(comment);
        }
        json!({
            "Id": format!("/hostedzone/{id}"),
            "Name": self.name.to_string(),
            "CallerReference": self.caller_reference,
            "Config": config,
            "ResourceRecordSetCount": self.records.len(),
        })
    }

    /// The record sets of one name and type, each with its set identifier.
    pub(crate) fn sets(&self, name: &DnsName, kind: &str) -> impl Iterator<Item = &RecordSet> {
        let from = Key { name: name.clone(), kind: kind.to_owned(), set: None };
        self.records
            .range(from.clone()..)
            .take_while(move |(key, _)| key.name == from.name && key.kind == from.kind)
            .map(|(_, set)| set)
    }

    /// The record sets of one name.
    pub(crate) fn at(&self, name: &DnsName) -> impl Iterator<Item = &RecordSet> {
        let from = Key { name: name.clone(), kind: String::new(), set: None };
        self.records
            .range(from.clone()..)
            .take_while(move |(key, _)| key.name == from.name)
            .map(|(_, set)| set)
    }

    /// True if the name has records or lies above one that has (RFC 4592 section 2.2.2).
    pub(crate) fn exists(&self, name: &DnsName) -> bool {
        let from = Key { name: name.clone(), kind: String::new(), set: None };
        self.records.range(from..).next().is_some_and(|(key, _)| name.covers_in_order(&key.name))
    }
}

/// What makes a record set one of its kind, in the order of a listing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub name: DnsName,
    pub kind: String,
    pub set: Option<String>,
}

/// The API's `ResourceRecordSet`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RecordSet {
    pub name: String,
    #[serde(rename = "Type")]
    pub kind: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub set_identifier: Option<String>,
    #[serde(flatten)]
    pub routing: Routing,
    #[serde(rename = "TTL", skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_records: Option<Vec<ResourceRecord>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alias_target: Option<AliasTarget>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub health_check_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic_policy_instance_id: Option<String>,
}

impl RecordSet {
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.resource_records.iter().flatten().map(|record| record.value.as_str())
    }
}

/// How one of several record sets of a name and type is chosen: at most one member is there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Routing {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub weight: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo_location: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failover: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_value_answer: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cidr_routing_config: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub geo_proximity_location: Option<Value>,
}

impl Routing {
    /// The policies that the members name, in the words of Route 53's messages.
    pub(crate) fn policies(&self) -> Vec<&'static str> {
        let named = [
            (self.weight.is_some(), "weighted"),
            (self.region.is_some(), "latency"),
            (self.failover.is_some(), "failover"),
            (self.geo_location.is_some(), "geolocation"),
            (self.multi_value_answer.is_some(), "multivalue answer"),
            (self.cidr_routing_config.is_some(), "CIDR"),
            (self.geo_proximity_location.is_some(), "geoproximity"),
        ];
        named.into_iter().filter(|(given, _)| *given).map(|(_, policy)| policy).collect()
    }

    /// The policy in force, `None` for a simple record set.
    pub(crate) fn policy(&self) -> Option<&'static str> {
        self.policies().first().copied()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ResourceRecord {
    pub value: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AliasTarget {
    pub hosted_zone_id: String,
    #[serde(rename = "DNSName")]
    pub dns_name: String,
    pub evaluate_target_health: bool,
}
