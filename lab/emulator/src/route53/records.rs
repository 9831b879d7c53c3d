//! Listing record sets, and putting one where the listing finds it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{invalid, page_size, text, zone_id};
use super::name::DnsName;
use super::state::{Key, RecordSet};
use crate::{Account, Fault};

/// Keeps `set` under its own key and under the name's text as Route 53 answers it.
pub(super) fn put(records: &mut BTreeMap<Key, RecordSet>, name: DnsName, mut set: RecordSet) {
    set.name = name.to_string();
    let key = Key { name, kind: set.kind.clone(), set: set.set_identifier.clone() };
    records.insert(key, set);
}

pub(super) fn list(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = zone_id(input, "HostedZoneId")?;
    let size = page_size(input, 300)?;
    let start = start(input)?;
    let zone = account.route53.zone(&id)?;
    let mut rest = match start {
        Some(start) => zone.records.range(start..),
        None => zone.records.range::<Key, _>(..),
    };
    let page: Vec<Value> = rest.by_ref().take(size).map(|(_, set)| json!(set)).collect();
    let next = rest.next();
    let mut answer = json!({
        "ResourceRecordSets": page,
        "IsTruncated": next.is_some(),
        "MaxItems": size.to_string(),
    });
    if let Some((key, _)) = next {
        answer["NextRecordName"] = json!(key.name.to_string());
        answer["NextRecordType"] = json!(key.kind);
        if let Some(set) = &key.set {
            answer["NextRecordIdentifier"] = json!(set);
        }
    }
    Ok(answer)
}

/// Where the page starts: the members build on each other, a later one needs those before it.
fn start(input: &Value) -> Result<Option<Key>, Fault> {
    let kind = text(input, "StartRecordType");
    let set = text(input, "StartRecordIdentifier");
    let Some(name) = text(input, "StartRecordName") else {
        return match (kind, set) {
            (None, None) => Ok(None),
            _ => Err(invalid("StartRecordType and StartRecordIdentifier need StartRecordName")),
        };
    };
    if set.is_some() && kind.is_none() {
        return Err(invalid("StartRecordIdentifier needs StartRecordType"));
    }
    let name = DnsName::parse(name).map_err(|problem| invalid(problem.to_string()))?;
    let kind = kind.unwrap_or_default().to_owned();
    Ok(Some(Key { name, kind, set: set.map(str::to_owned) }))
}
