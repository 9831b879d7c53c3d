//! Record changes in batches that a provider takes. In: changes by the name that they are for. Out:
//! batches within its limits, in which a record and its ownership record always stand together.

use inroad_desired::txt::Labels;
use inroad_words::record::{Record, RecordData, RecordType};

use crate::RecordChange;

/// Cuts a batch where records of one name end and those of the next begin: what must be done together,
/// or not at all. Ownership records belong to what stands before them.
pub fn record_groups(changes: &[RecordChange]) -> Vec<&[RecordChange]> {
    let starts = changes.iter().enumerate().filter(|(at, change)| {
        let before = changes[..*at].iter().rev().find(|it| !is_mark(it.subject()));
        *at == 0 || !is_mark(change.subject()) && before.is_none_or(|it| name(it) != name(change))
    });
    let mut starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    starts.push(changes.len());
    starts.windows(2).map(|pair| &changes[pair[0]..pair[1]]).collect()
}

fn name(change: &RecordChange) -> &str {
    &change.key().name
}

/// Whether it is an ownership record.
pub(crate) fn is_mark(record: &Record) -> bool {
    let RecordData::Values(values) = &record.data else { return false };
    record.key.record_type == RecordType::TXT && values.iter().any(|it| Labels::parse(it).is_some())
}
