//! Which of a zone's records are whose (dns.md 5.1). In: everything that the zone holds. Out: its records,
//! each with the TXT records that speak of it, as they were read.

use std::collections::BTreeMap;

use inroad_desired::txt::{Labels, Naming};
use inroad_words::{
    controller::DnsSettings,
    record::{Record, RecordData, RecordKey, RecordType},
};

/// A TXT record that says whose another record is.
#[derive(Debug, Clone)]
pub(crate) struct Mark<'a> {
    /// As it was read: whatever else stands in it is not ours.
    pub(crate) record: &'a Record,
    pub(crate) labels: Labels,
}

impl<'a> Mark<'a> {
    /// Reads a TXT record; `None` where it says nothing of ownership.
    pub(crate) fn read(record: &'a Record) -> Option<Self> {
        let RecordData::Values(values) = &record.data else { return None };
        let is_txt = record.key.record_type == RecordType::TXT;
        let labels = values.iter().filter(|_| is_txt).find_map(|value| Labels::parse(value))?;
        Some(Self { record, labels })
    }

    pub(crate) fn is_of(&self, owner: &str) -> bool {
        self.labels.owner() == Some(owner)
    }
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
        let marks = records.values().filter_map(Mark::read).filter_map(|mark| {
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
