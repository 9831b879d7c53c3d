//! Which of a zone's records are whose (dns.md 5.1). In: everything that the zone holds. Out: its records,
//! each with the TXT records that speak of it, as they were read.

use std::collections::BTreeMap;

use inroad_desired::{
    model::Candidate,
    txt::{Labels, Naming},
};
use inroad_words::{
    controller::DnsSettings,
    record::{Record, RecordData, RecordKey, RecordType},
};

/// Of those that want one record set, the most preferred first, whoever has it; else the first.
pub fn preferred<'c>(wanted: &'c [Candidate], resource: &str) -> Option<&'c Candidate> {
    wanted.iter().find(|it| it.resource == resource).or_else(|| wanted.first())
}

/// A TXT record that says whose another record is.
#[derive(Debug, Clone)]
pub(crate) struct Mark<'a> {
    /// As it was read: whatever else stands in it is not ours.
    pub(crate) record: &'a Record,
    pub(crate) labels: Labels,
    /// It names the owner whose records are taken over (`--migrate-from-txt-owner`).
    pub(crate) is_taken_over: bool,
}

impl<'a> Mark<'a> {
    /// Reads a TXT record; `None` where it says nothing of ownership. What the owner had whose records
    /// are taken over is ours.
    pub(crate) fn read(record: &'a Record, dns: &DnsSettings) -> Option<Self> {
        let mut labels = labels(record)?;
        let before = dns.migrate_from_owner.as_deref();
        let is_taken_over =
            before.is_some() && labels.owner() == before && before != Some(&dns.owner);
        if is_taken_over {
            labels.0.insert("owner".into(), dns.owner.clone());
        }
        Some(Self { record, labels, is_taken_over })
    }

    pub(crate) fn is_of(&self, owner: &str) -> bool {
        self.labels.owner() == Some(owner)
    }
}

/// What a TXT record says about another record; `None` where it is of another kind.
pub(crate) fn labels(record: &Record) -> Option<Labels> {
    let RecordData::Values(values) = &record.data else { return None };
    let is_txt = record.key.record_type == RecordType::TXT;
    values.iter().filter(|_| is_txt).find_map(|value| Labels::parse(value))
}

/// What stands written about each record of a zone: `owner`, `resource`, and what others have added.
/// Ownership records themselves are left out; what nobody speaks of has no labels.
pub fn owners(
    records: &BTreeMap<RecordKey, Record>,
    dns: &DnsSettings,
) -> BTreeMap<RecordKey, Labels> {
    let registry = Registry::read(records, dns);
    let plain = records.values().filter(|record| labels(record).is_none());
    plain
        .map(|record| {
            let marks = registry.look_up(record).marks;
            (record.key.clone(), marks.first().map(|mark| mark.labels.clone()).unwrap_or_default())
        })
        .collect()
}

/// A record that is there.
#[derive(Debug)]
pub(crate) struct Owned<'a> {
    pub(crate) record: &'a Record,
    /// What speaks of it, the most telling first; empty: nobody's.
    pub(crate) marks: Vec<&'a Mark<'a>>,
}

impl Owned<'_> {
    /// Whose it is.
    pub(crate) fn owner(&self) -> Option<&str> {
        self.marks.first().and_then(|mark| mark.labels.owner())
    }

    /// For which object it is kept.
    pub(crate) fn resource(&self) -> &str {
        self.marks.first().map_or("", |mark| mark.labels.resource())
    }
}

/// What a mark speaks of: name, type (`None`: of every type), set identifier.
type Spoken = (String, Option<RecordType>, String);

/// All marks of a zone by what they speak of.
pub(crate) struct Registry<'a> {
    naming: Naming,
    marks: BTreeMap<Spoken, Mark<'a>>,
}

impl<'a> Registry<'a> {
    pub(crate) fn read(records: &'a BTreeMap<RecordKey, Record>, dns: &DnsSettings) -> Self {
        let naming = Naming::new(dns);
        let marks = records.values().filter_map(|it| Mark::read(it, dns)).filter_map(|mark| {
            let key = &mark.record.key;
            let (name, record_type) = naming.to_endpoint_name(&key.name)?;
            Some(((name, record_type, key.set_identifier.clone()), mark))
        });
        let marks = marks.collect();
        Self { naming, marks }
    }

    /// A record with what speaks of it: the mark of its type, the older one that marked alias records
    /// like CNAMEs, the oldest that knew no types (and no AAAA).
    pub(crate) fn look_up(&'a self, record: &'a Record) -> Owned<'a> {
        let RecordKey { name, record_type, set_identifier } = &record.key;
        let is_alias = matches!(record.data, RecordData::Alias { .. });
        let legacy = *record_type == RecordType::A && is_alias;
        let mut formats = vec![Some(*record_type)];
        formats.extend(legacy.then_some(Some(RecordType::CNAME)));
        formats.extend((*record_type != RecordType::AAAA).then_some(None));
        let name = self.naming.looked_up(name);
        let marks = formats
            .into_iter()
            .filter_map(|format| self.marks.get(&(name.clone(), format, set_identifier.clone())));
        Owned { record, marks: marks.collect() }
    }
}
