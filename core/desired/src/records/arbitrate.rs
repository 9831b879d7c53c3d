//! Several wishes for one name: in which order they are preferred, and which cannot stand together
//! (dns.md 4, conflict resolution). Who has the name now is not known here.

use std::{collections::BTreeMap, net::IpAddr};

use inroad_words::{
    Diagnostic,
    record::{Record, RecordData, RecordType},
};

use crate::{
    codes,
    model::{Candidate, DesiredRecords},
};

/// Candidates by record set, the most preferred first, and what was wrong with them.
pub fn arbitrate(candidates: Vec<Candidate>) -> (DesiredRecords, Vec<Diagnostic>) {
    let mut records = DesiredRecords::new();
    for candidate in candidates {
        records.entry(candidate.record.spec.key.clone()).or_default().push(candidate);
    }
    records.values_mut().for_each(|wanted| prefer(wanted));
    let mut diagnostics = drop_cnames(&mut records);
    for wanted in records.values() {
        diagnostics.extend(contested(wanted));
    }
    (records, diagnostics)
}

/// The most preferred first: fewer targets, then lower ones, then by who asks.
pub fn prefer(wanted: &mut [Candidate]) {
    wanted.sort_by_cached_key(|it| (rank(&it.record.spec), it.resource.clone()));
}

/// How a target is preferred: addresses before names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Address(IpAddr),
    Name(String),
}

fn rank(record: &Record) -> (usize, Vec<Rank>) {
    let one = |target: &String| match target.parse() {
        Ok(address) => Rank::Address(address),
        Err(_) => Rank::Name(target.clone()),
    };
    let mut ranks: Vec<Rank> = match &record.data {
        RecordData::Values(values) => values.iter().map(one).collect(),
        RecordData::Alias { target, .. } => vec![one(target)],
    };
    ranks.sort();
    (ranks.len(), ranks)
}

/// A CNAME stands alone at its name (RFC 1034, 3.6.2).
fn drop_cnames(records: &mut DesiredRecords) -> Vec<Diagnostic> {
    let mut types: BTreeMap<(String, String), usize> = BTreeMap::new();
    let row =
        |key: &inroad_words::record::RecordKey| (key.name.clone(), key.set_identifier.clone());
    for key in records.keys() {
        *types.entry(row(key)).or_default() += 1;
    }
    let mut diagnostics = Vec::new();
    records.retain(|key, wanted| {
        let dropped = key.record_type == RecordType::CNAME && types[&row(key)] > 1;
        if dropped {
            diagnostics.extend(wanted.iter().map(|it| {
                let message = format!("{} should be a CNAME and hold records at once", key.name);
                Diagnostic::warning(codes::CNAME_CONFLICT, it.record.origins.get(""), message)
                    .help("the CNAME is left out; let all that have this name agree")
            }));
        }
        !dropped
    });
    diagnostics
}

fn contested(wanted: &[Candidate]) -> Option<Diagnostic> {
    let (first, others) = wanted.split_first()?;
    let other = others.iter().find(|it| it.record.spec != first.record.spec)?;
    let message = format!(
        "{} and {} want {} to lead to different places",
        first.resource, other.resource, first.record.spec.key
    );
    let origin = other.record.origins.get("");
    Some(
        Diagnostic::warning(codes::CONTESTED, origin, message)
            .help("the object that has the name keeps it; take the name away from all others"),
    )
}
