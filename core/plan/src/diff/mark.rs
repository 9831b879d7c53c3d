//! What becomes of an ownership record when its record is written or goes. What was read is what is
//! changed; other values beside ours in the same TXT record stay.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::txt::Labels;
use inroad_words::{
    controller::DnsSettings,
    record::{Record, RecordData, RecordKey},
};

use crate::{RecordChange, ownership::Mark};

/// The TXT record is somebody else's; the words say whose.
#[derive(Debug)]
pub(super) struct Foreign(pub(super) String);

/// The mark of a record that is written now. One of ours that is there is written again with it: whoever has
/// deleted the record by hand since the zone was read may have deleted its mark as well, and what comes back
/// without a mark would be nobody's.
pub(super) fn with_record(
    wanted: &Record,
    seen: &BTreeMap<RecordKey, Record>,
    dns: &DnsSettings,
) -> Result<RecordChange, Foreign> {
    let Some(there) = seen.get(&wanted.key) else {
        return Ok(RecordChange::Create { record: wanted.clone() });
    };
    let Some(mark) = Mark::read(there, dns) else {
        return Err(Foreign(format!("{} is there, and says something else", there.key)));
    };
    if !mark.is_of(&dns.owner) {
        let other = mark.labels.owner().unwrap_or("nobody");
        return Err(Foreign(format!("{} says that {other} keeps it", there.key)));
    }
    let mut record = Record { ttl: there.ttl, ..wanted.clone() };
    values(&mut record).extend(foreign_values(there));
    Ok(RecordChange::Upsert { before: there.clone(), record })
}

/// The mark of a record of ours that stays as it is: written where it is not there, or still names the
/// owner whose records are taken over.
pub(super) fn kept(
    wanted: &Record,
    seen: &BTreeMap<RecordKey, Record>,
    dns: &DnsSettings,
) -> Option<RecordChange> {
    let is_due = match seen.get(&wanted.key) {
        None => true,
        Some(there) => Mark::read(there, dns).is_some_and(|mark| mark.is_taken_over),
    };
    with_record(wanted, seen, dns).ok().filter(|_| is_due)
}

/// The mark of a record that goes.
pub(super) fn without(there: &Record) -> RecordChange {
    let left = foreign_values(there);
    let before = there.clone();
    if left.is_empty() {
        return RecordChange::Delete { before };
    }
    let record = Record { data: RecordData::Values(left), ..there.clone() };
    RecordChange::Upsert { before, record }
}

fn foreign_values(there: &Record) -> BTreeSet<String> {
    let RecordData::Values(values) = &there.data else { return BTreeSet::new() };
    values.iter().filter(|value| Labels::parse(value).is_none()).cloned().collect()
}

fn values(record: &mut Record) -> &mut BTreeSet<String> {
    match &mut record.data {
        RecordData::Values(values) => values,
        RecordData::Alias { .. } => unreachable!("an ownership record holds text"),
    }
}
