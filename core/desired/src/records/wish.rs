//! One claim, written out as record sets and their ownership records (dns.md 6.1, AdjustEndpoints).

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv6Addr,
};

use inroad_intent::{ascii_name, model::NameClaim};
use inroad_words::{
    Diagnostic, Origins,
    controller::DnsSettings,
    record::{Record, RecordData, RecordKey, RecordType},
};

use super::{
    alias::canonical_zone,
    txt::{Labels, Naming},
};
use crate::{
    codes,
    model::{Candidate, Resource},
};

const ALIAS: &str = "alias";
const EVALUATE_HEALTH: &str = "aws/evaluate-target-health";
const TARGET_ZONE: &str = "aws/target-hosted-zone";
const HEALTH_CHECK: &str = "aws/health-check-id";
const BIAS: &str = "aws/geoproximity-bias";

/// Values by record type.
pub(super) type Targets = BTreeMap<RecordType, BTreeSet<String>>;

/// The one target that a name is.
pub(super) fn to_name(name: &str) -> Targets {
    BTreeMap::from([(RecordType::CNAME, BTreeSet::from([name.to_owned()]))])
}

/// A claim whose targets are known.
pub(super) struct Wish<'a> {
    name: &'a str,
    claim: &'a NameClaim,
    dns: &'a DnsSettings,
    several: bool,
    data: BTreeMap<RecordType, RecordData>,
}

impl<'a> Wish<'a> {
    pub(super) fn new(
        name: &'a str,
        claim: &'a NameClaim,
        dns: &'a DnsSettings,
        targets: Targets,
    ) -> Self {
        let mut wish = Self { name, claim, dns, several: false, data: BTreeMap::new() };
        for (record_type, values) in targets {
            match record_type {
                RecordType::CNAME => wish.follow(&values),
                RecordType::AAAA => {
                    wish.values(record_type, values.iter().map(|it| ipv6(it)).collect())
                }
                _ => wish.values(record_type, values),
            }
        }
        wish.data.retain(|record_type, _| dns.managed_types.contains(record_type));
        wish
    }

    fn values(&mut self, record_type: RecordType, values: BTreeSet<String>) {
        self.data.insert(record_type, RecordData::Values(values));
    }

    /// To another name: an alias where the provider can follow it by itself, else a CNAME.
    fn follow(&mut self, names: &BTreeSet<String>) {
        self.several = names.len() > 1;
        let Some(target) = names.first().map(|name| ascii_name(name)) else { return };
        let said = |key: &str| self.claim.properties.get(key);
        let canonical = canonical_zone(&target);
        let forced = said(ALIAS).is_some();
        if !forced && (self.dns.prefer_cname || canonical.is_none()) {
            return self.values(RecordType::CNAME, BTreeSet::from([target]));
        }
        let alias = RecordData::Alias {
            target,
            zone: said(TARGET_ZONE).cloned().or_else(|| canonical.map(str::to_owned)),
            evaluate_health: said(EVALUATE_HEALTH)
                .map_or(self.dns.evaluate_target_health, |said| said == "true"),
        };
        for record_type in [RecordType::A, RecordType::AAAA] {
            self.data.entry(record_type).or_insert_with(|| alias.clone());
        }
    }

    /// The names of the ownership records that it needs.
    pub(super) fn mark_names(&self) -> Vec<String> {
        let naming = Naming::new(self.dns);
        self.data.keys().map(|it| naming.to_txt_name(self.name, *it)).collect()
    }

    /// Everything that would be written for it.
    pub(super) fn candidates(&self, diagnostics: &mut Vec<Diagnostic>) -> Vec<Candidate> {
        if self.several {
            let message = format!("{} can follow one name only", self.name);
            diagnostics.push(
                Diagnostic::warning(codes::SEVERAL_TARGETS, self.claim.origin.clone(), message)
                    .help("name one target, or addresses"),
            );
        }
        self.data.iter().map(|(record_type, data)| self.candidate(*record_type, data)).collect()
    }

    fn candidate(&self, record_type: RecordType, data: &RecordData) -> Candidate {
        let key = |name: &str, record_type| RecordKey {
            name: name.to_owned(),
            record_type,
            set_identifier: self.claim.set_identifier.clone(),
        };
        let resource = self.claim.object.to_string();
        let properties = self.properties();
        let ttl = self.claim.ttl.as_ref().filter(|_| matches!(data, RecordData::Values(_)));
        let mut origins = Origins::of(self.claim.origin.clone());
        origins.0.extend(ttl.map(|said| ("ttl".to_owned(), said.origin.clone())));
        let mark = Record {
            key: key(&Naming::new(self.dns).to_txt_name(self.name, record_type), RecordType::TXT),
            ttl: None,
            data: RecordData::Values([Labels::new(&self.dns.owner, &resource).to_value()].into()),
            properties: properties.clone(),
        };
        let key = key(self.name, record_type);
        let ttl = ttl.map(|said| said.value);
        let spec = Record { key, ttl, data: data.clone(), properties };
        Candidate { record: Resource { spec, origins }, mark, resource }
    }

    /// What Route 53 keeps of the properties, as it would read them back. Routing without a set
    /// identifier says nothing.
    fn properties(&self) -> BTreeMap<String, String> {
        let consumed = [EVALUATE_HEALTH, TARGET_ZONE, super::PIN];
        let is_routed = !self.claim.set_identifier.is_empty();
        let said = self.claim.properties.iter();
        let kept = said.filter(|(key, _)| {
            key.starts_with("aws/")
                && !consumed.contains(&key.as_str())
                && (is_routed || *key == HEALTH_CHECK)
        });
        let mut kept: BTreeMap<_, _> = kept
            .map(|(key, value)| {
                let value = match key.as_str() {
                    "aws/weight" => value.parse::<u8>().unwrap_or_default().to_string(),
                    "aws/multi-value-answer" => String::new(),
                    _ => value.clone(),
                };
                (key.clone(), value)
            })
            .collect();
        if kept.keys().any(|key| key.starts_with("aws/geoproximity-")) {
            kept.entry(BIAS.into()).or_insert_with(|| "0".into());
        }
        kept
    }
}

/// One spelling for each address (RFC 5952).
fn ipv6(address: &str) -> String {
    address.parse::<Ipv6Addr>().map_or_else(|_| address.to_owned(), |it| it.to_string())
}
