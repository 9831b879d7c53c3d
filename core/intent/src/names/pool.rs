//! Several objects that claim one name with addresses share it (dns.md 2.4, MergeEndpoints). In: claims of
//! one source. Out: the same, where the first object in order has the addresses of all. Names of other
//! hosts are not pooled: a CNAME leads to one only.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::record::RecordType;

use super::ascii_name;
use crate::model::{ClaimTarget, NameClaim};

/// What makes records one: name, set identifier, type, and the TTL where that counts.
type Shared = (String, String, RecordType, Option<u32>);

/// Pools the addresses of claims to one name. `by_ttl`: only among claims of one TTL.
pub(super) fn addresses(mut claims: Vec<NameClaim>, by_ttl: bool) -> Vec<NameClaim> {
    claims.sort_by(|a, b| a.object.cmp(&b.object));
    let mut first: BTreeMap<Shared, usize> = BTreeMap::new();
    for at in 0..claims.len() {
        let (before, rest) = claims.split_at_mut(at);
        let claim = &mut rest[0];
        let name = (ascii_name(&claim.name), claim.set_identifier.clone());
        let ttl = claim.ttl.as_ref().map(|said| said.value).filter(|_| by_ttl);
        let ClaimTarget::Records(records) = &mut claim.target else { continue };
        let types: Vec<RecordType> = records.keys().copied().collect();
        for record_type in types.into_iter().filter(|it| *it != RecordType::CNAME) {
            let shared = (name.0.clone(), name.1.clone(), record_type, ttl);
            let holder = *first.entry(shared).or_insert(at);
            if let Some(holder) = before.get_mut(holder) {
                give(holder, record_type, records.remove(&record_type).unwrap_or_default());
            }
        }
    }
    // Who gave everything away claims nothing any more; who never had anything waits, but where another
    // has addresses already.
    let given: BTreeSet<(String, String)> =
        first.into_keys().map(|(name, identifier, ..)| (name, identifier)).collect();
    claims.retain(|claim| {
        let is_empty = claim.target == ClaimTarget::Records(BTreeMap::new());
        !is_empty || !given.contains(&(ascii_name(&claim.name), claim.set_identifier.clone()))
    });
    claims
}

fn give(holder: &mut NameClaim, record_type: RecordType, values: BTreeSet<String>) {
    if let ClaimTarget::Records(records) = &mut holder.target {
        records.entry(record_type).or_default().extend(values);
    }
}
