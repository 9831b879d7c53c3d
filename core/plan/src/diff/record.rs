//! Record sets of one zone against what the zone holds (dns.md 4). Records of other owners, and of
//! nobody, are never touched; a name that somebody else holds gets nothing of ours.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::model::Candidate;
use inroad_words::{
    Origin, ZoneKey,
    controller::DnsSettings,
    hold::{Hold, HoldReason},
    record::{Record, RecordKey, RecordType},
};

use super::{
    Room,
    mark::{self, Foreign},
    same,
};
use crate::{
    Op, RecordChange,
    batch::{Due, Group, batches},
    guard::{self, Guard},
    ownership::{Owned, Registry, labels, preferred},
    plan::{Change, Step, Subject},
    policy,
};

/// Everything at one name with one set identifier.
#[derive(Default)]
struct Row<'a> {
    there: BTreeMap<RecordType, Owned<'a>>,
    wanted: BTreeMap<RecordType, &'a [Candidate]>,
}

/// What a zone's rows are worked out with.
struct Zone<'a> {
    seen: &'a BTreeMap<RecordKey, Record>,
    dns: &'a DnsSettings,
    /// Ownership records that something which stays relies on.
    relied_on: BTreeSet<RecordKey>,
    guard: Guard<'a>,
    holds: Vec<Hold>,
    /// Of records that stay although nobody wants them.
    stays: Vec<Hold>,
}

/// Nothing is done where it is not known what is wanted.
pub(super) fn diff(room: &mut Room<'_>, zone: &ZoneKey) {
    let Some(wanted) = &room.desired.records else { return };
    let nothing = BTreeMap::new();
    let seen = room.observed.records.as_ref().unwrap_or(&nothing);
    let dns = &room.controller.dns;
    let registry = Registry::read(seen, dns);
    let mut rows: BTreeMap<(&str, &str), Row<'_>> = BTreeMap::new();
    for (key, record) in seen {
        let is_kept = dns.managed_types.contains(&key.record_type) && dns.admits(&key.name);
        if is_kept && labels(record).is_none() {
            let row = rows.entry((&key.name, &key.set_identifier)).or_default();
            row.there.insert(key.record_type, registry.look_up(record));
        }
    }
    for (key, candidates) in wanted {
        let row = rows.entry((&key.name, &key.set_identifier)).or_default();
        row.wanted.insert(key.record_type, candidates);
    }
    rows.retain(|(name, _), _| !room.desired.held.names.contains_key(*name));
    let (relied_on, holds, stays) = Default::default();
    let guard = Guard::new(room.controller, &room.desired.held);
    let mut work = Zone { seen, dns, relied_on, guard, holds, stays };
    work.count(&rows);
    let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
    for ((name, _), row) in &rows {
        groups.entry(name).or_default().extend(work.row(row));
    }
    let (batches, too_large) = batches(groups.into_values().collect());
    let holds = guard::told(work.stays).into_iter().chain(work.holds).chain(too_large);
    holds.for_each(|hold| room.draft.hold(hold));
    for batch in batches {
        step(room, zone, batch);
    }
}

fn step(room: &mut Room<'_>, zone: &ZoneKey, batch: Vec<Due>) {
    let origin = batch.first().map_or(Origin::Default, |due| due.origin.clone());
    let why = batch.iter().map(Due::why).collect();
    let changes = batch.into_iter().map(|due| due.change).collect();
    let op = Op::ChangeRecords { zone: zone.clone(), changes };
    let subject = Subject::new("records", &zone.name, Change::Change);
    room.admit(Step::new(op, subject, origin).because(why));
}

impl Zone<'_> {
    /// Names that nobody wants any more are counted before any of them goes.
    fn count(&mut self, rows: &BTreeMap<(&str, &str), Row<'_>>) {
        let going = rows.iter().filter(|(_, row)| {
            row.wanted.is_empty() && row.there.values().any(|it| self.stays(it, row).is_none())
        });
        let names: BTreeSet<&str> = going.map(|((name, _), _)| *name).collect();
        self.guard.count(names.len());
    }

    fn is_ours(&self, owned: &Owned<'_>) -> bool {
        owned.owner() == Some(&self.dns.owner)
    }

    /// Why a record stays whose type nobody wants at its name; `None`: it goes.
    fn stays(&self, owned: &Owned<'_>, row: &Row<'_>) -> Option<HoldReason> {
        if !self.is_ours(owned) {
            return Some(whose(owned));
        }
        let deletion = delete(owned.record);
        if !policy::allows(self.dns.policy, &deletion) {
            return Some(policy::held(self.dns.policy, &deletion, &Origin::Default).reason);
        }
        // An object that wants something else at the name does not want this any more.
        let mut wanted = row.wanted.values().copied().flatten();
        let is_explained = wanted.any(|it| it.resource == owned.resource());
        self.guard.forbids(owned.resource()).filter(|_| !is_explained)
    }

    /// What is to be done about a row.
    fn row(&mut self, row: &Row<'_>) -> Group {
        let mut group = Group::default();
        let mut blocked = row.there.values().find(|it| !self.is_ours(it)).map(whose);
        for (record_type, owned) in &row.there {
            let wanted = row.wanted.get(record_type);
            match wanted.and_then(|wanted| preferred(wanted, owned.resource())) {
                _ if !self.is_ours(owned) => self.rely_on(owned),
                Some(candidate) => self.keep(owned, candidate, &mut group),
                None => {
                    let Some(reason) = self.stays(owned, row) else { continue };
                    // What stays may not stand beside what would come: a CNAME stands alone, and what
                    // is another object's is not for this one.
                    let alone = *record_type == RecordType::CNAME
                        || row.wanted.contains_key(&RecordType::CNAME);
                    if alone || policy::allows(self.dns.policy, &delete(owned.record)) {
                        blocked.get_or_insert_with(|| reason.clone());
                    }
                    let (subject, origin) = (owned.record.key.to_string(), Origin::Default);
                    self.stays.push(Hold { subject, reason, origin });
                    self.rely_on(owned);
                }
            }
        }
        self.leave(row, &mut group);
        for (record_type, wanted) in &row.wanted {
            let Some(first) = wanted.first() else { continue };
            match (row.there.get(record_type), &blocked) {
                (Some(owned), _) if self.is_ours(owned) => {}
                (_, Some(reason)) => self.hold(first, reason.clone()),
                _ => self.create(first, &mut group),
            }
        }
        group
    }

    fn rely_on(&mut self, owned: &Owned<'_>) {
        self.relied_on.extend(owned.marks.iter().map(|mark| mark.record.key.clone()));
    }

    fn hold(&mut self, candidate: &Candidate, reason: HoldReason) {
        let (subject, origin) = (&candidate.record.spec.key, candidate.record.origins.get(""));
        self.holds.push(Hold { subject: subject.to_string(), reason, origin });
    }

    /// A name that is free.
    fn create(&mut self, candidate: &Candidate, group: &mut Group) {
        let origin = candidate.record.origins.get("");
        match mark::with_record(&candidate.mark, self.seen, self.dns) {
            Err(Foreign(whose)) => self.hold(candidate, HoldReason::Foreign(whose)),
            Ok(marked) => {
                let record = candidate.record.spec.clone();
                group.record(RecordChange::Create { record }, origin.clone());
                // One that stands alone is taken up as it is.
                group.marks(Some(marked).filter(RecordChange::is_news), &origin);
            }
        }
    }

    /// A record of ours that somebody still wants.
    fn keep(&mut self, owned: &Owned<'_>, candidate: &Candidate, group: &mut Group) {
        self.rely_on(owned);
        let is_handed_on = !owned.resource().is_empty() && candidate.resource != owned.resource();
        if let Some(reason) = self.guard.keeps(owned.resource()).filter(|_| is_handed_on) {
            return self.hold(candidate, reason);
        }
        let wanted = &candidate.record.spec;
        let origin = candidate.record.origins.get("");
        let differs = same::differs(owned.record, wanted);
        if let Some(field) = differs {
            let origin = candidate.record.origins.get(field);
            let (before, mut record) = (owned.record.clone(), wanted.clone());
            record.ttl = record.ttl.or(before.ttl.filter(|_| same::is_plain(wanted)));
            let upsert = RecordChange::Upsert { before: before.clone(), record: record.clone() };
            if !policy::allows(self.dns.policy, &upsert) {
                self.holds.push(policy::held(self.dns.policy, &upsert, &origin));
                return;
            }
            if same::routing(&before) == same::routing(&record) {
                group.record(upsert, origin);
            } else {
                group.record(RecordChange::Delete { before }, origin.clone());
                group.record(RecordChange::Create { record }, origin);
            }
        }
        let marked = match differs {
            // Somebody else's TXT record in our place: ours is written nowhere, and theirs stays.
            Some(_) => mark::with_record(&candidate.mark, self.seen, self.dns).ok(),
            None => mark::kept(&candidate.mark, self.seen, self.dns),
        };
        group.marks(marked, &origin);
    }

    /// Records of ours that nobody wants any more, with what speaks of them and of nothing else.
    fn leave(&mut self, row: &Row<'_>, group: &mut Group) {
        let owner = &self.dns.owner;
        let gone = row.there.iter().filter(|(record_type, owned)| {
            !row.wanted.contains_key(record_type) && self.stays(owned, row).is_none()
        });
        let mut marks = BTreeMap::new();
        for (_, owned) in gone {
            group.record(delete(owned.record), Origin::Default);
            let free = owned
                .marks
                .iter()
                .filter(|mark| mark.is_of(owner) && !self.relied_on.contains(&mark.record.key));
            marks.extend(free.map(|mark| (mark.record.key.clone(), mark::without(mark.record))));
        }
        for (_, change) in marks {
            group.marks(Some(change), &Origin::Default);
        }
    }
}

fn delete(record: &Record) -> RecordChange {
    RecordChange::Delete { before: record.clone() }
}

fn whose(owned: &Owned<'_>) -> HoldReason {
    HoldReason::Foreign(match owned.owner() {
        Some(owner) => format!("{} is kept by {owner}", owned.record.key),
        None => format!("{} is there, and nobody says whose it is", owned.record.key),
    })
}

#[cfg(test)]
mod tests;
