//! Record changes in batches that a provider takes. In: changes by the name that they are for. Out:
//! batches within its limits, in which a record and its ownership record always stand together.

use inroad_words::{
    Origin,
    capability::ROUTE53,
    hold::{Hold, HoldReason},
    record::{Record, RecordData},
};

use crate::{RecordChange, codes::TOO_MANY_CHANGES, ownership::labels, plan::FieldChange};

/// A change, and the field that asks for it.
#[derive(Debug)]
pub(crate) struct Due {
    pub(crate) change: RecordChange,
    pub(crate) origin: Origin,
}

impl Due {
    /// What differs, for whoever asks why.
    pub(crate) fn why(&self) -> FieldChange {
        let json = |record: &Record| serde_json::to_value(record).ok();
        let (before, after) = match &self.change {
            RecordChange::Create { record } => (None, json(record)),
            RecordChange::Upsert { before, record } => (json(before), json(record)),
            RecordChange::Delete { before } => (json(before), None),
        };
        let origin = self.origin.clone();
        FieldChange { field: self.change.key().to_string(), before, after, origin }
    }

    /// How much of a batch it takes: changes and bytes.
    fn size(&self) -> (usize, usize) {
        let weight = match self.change {
            RecordChange::Upsert { .. } => ROUTE53.upsert_weight,
            RecordChange::Create { .. } | RecordChange::Delete { .. } => 1,
        };
        let (values, bytes) = match &self.change.subject().data {
            RecordData::Values(values) => (values.len(), values.iter().map(String::len).sum()),
            RecordData::Alias { target, .. } => (1, target.len()),
        };
        (values * weight, bytes * weight)
    }
}

/// Everything that is to be done for one name: together, or not at all.
#[derive(Debug, Default)]
pub(crate) struct Group {
    records: Vec<Due>,
    marks: Vec<Due>,
}

impl Group {
    pub(crate) fn record(&mut self, change: RecordChange, origin: Origin) {
        self.records.push(Due { change, origin });
    }

    pub(crate) fn marks(&mut self, changes: Option<RecordChange>, origin: &Origin) {
        self.marks.extend(changes.map(|change| Due { change, origin: origin.clone() }));
    }

    pub(crate) fn extend(&mut self, other: Group) {
        self.records.extend(other.records);
        self.marks.extend(other.marks);
    }

    /// Records before their marks, and in both what goes before what comes in its place.
    fn into_changes(mut self) -> Vec<Due> {
        let order = |due: &Due| match due.change {
            RecordChange::Upsert { .. } => 0,
            RecordChange::Delete { .. } => 1,
            RecordChange::Create { .. } => 2,
        };
        self.records.sort_by_key(order);
        self.marks.sort_by_key(order);
        self.records.extend(self.marks);
        self.records
    }
}

/// As few batches as the order of names allows; a group that fits into none is held.
pub(crate) fn batches(groups: Vec<Group>) -> (Vec<Vec<Due>>, Vec<Hold>) {
    let (mut batches, mut holds): (Vec<Vec<Due>>, Vec<Hold>) = Default::default();
    let mut used = (0, 0);
    let fits =
        |size: (usize, usize)| size.0 <= ROUTE53.max_batch && size.1 <= ROUTE53.max_batch_bytes;
    for group in groups {
        let changes = group.into_changes();
        let Some(first) = changes.first() else { continue };
        let sizes = changes.iter().map(Due::size);
        let size = sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        if !fits(size) {
            holds.push(Hold {
                subject: first.change.key().to_string(),
                reason: HoldReason::Policy(format!(
                    "more than one batch holds [{TOO_MANY_CHANGES}]"
                )),
                origin: first.origin.clone(),
            });
            continue;
        }
        let together = (used.0 + size.0, used.1 + size.1);
        match batches.last_mut().filter(|_| fits(together)) {
            Some(batch) => {
                batch.extend(changes);
                used = together;
            }
            None => {
                batches.push(changes);
                used = size;
            }
        }
    }
    (batches, holds)
}

/// Cuts a batch where records of one name end and those of the next begin: what must be done together,
/// or not at all. Ownership records belong to what stands before them.
pub fn record_groups(changes: &[RecordChange]) -> Vec<&[RecordChange]> {
    let starts = changes.iter().enumerate().filter(|(at, change)| {
        let before = changes[..*at].iter().rev().find(|it| !is_mark(it));
        *at == 0 || !is_mark(change) && before.is_none_or(|it| name(it) != name(change))
    });
    let mut starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    starts.push(changes.len());
    starts.windows(2).map(|pair| &changes[pair[0]..pair[1]]).collect()
}

fn name(change: &RecordChange) -> &str {
    &change.key().name
}

fn is_mark(change: &RecordChange) -> bool {
    labels(change.subject()).is_some()
}
