//! The peer's endpoints as our records, and changes as lines that can be compared.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::txt::{Labels, Naming};
use inroad_intent::ascii_name;
use inroad_plan::{Op, Plan, RecordChange};
use inroad_words::{
    controller::DnsSettings,
    record::{Record, RecordData, RecordKey, RecordType},
};
use serde_json::Value;

/// An endpoint. One without a type is an address; the property `alias` of an address is what it holds.
pub(super) fn record(endpoint: &Value) -> Result<Record, String> {
    let record_type = match text(&endpoint["recordType"]) {
        "" => RecordType::A,
        name => RecordType::parse(name).ok_or(name)?,
    };
    let targets = list(&endpoint["targets"]).iter().map(|it| text(it).to_owned());
    let properties = list(&endpoint["providerSpecific"]).iter();
    let properties = properties.map(|it| (text(&it["name"]).into(), text(&it["value"]).into()));
    let mut record = Record {
        key: RecordKey {
            name: ascii_name(text(&endpoint["dnsName"])),
            record_type,
            set_identifier: text(&endpoint["setIdentifier"]).to_owned(),
        },
        ttl: endpoint["recordTTL"].as_u64().and_then(|it| u32::try_from(it).ok()),
        data: RecordData::Values(targets.collect()),
        properties: properties.collect(),
    };
    let alias = record.properties.remove("alias");
    let is_alias = alias.is_some_and(|it| it == "true" || it == record_type.as_str());
    if let RecordData::Values(values) = &record.data
        && is_alias
        && [RecordType::A, RecordType::AAAA].contains(&record_type)
    {
        let target = values.first().cloned().unwrap_or_default();
        record.data = RecordData::Alias { target, zone: None, evaluate_health: false };
    }
    Ok(record)
}

/// The ownership record of a record, as an owner would have written it.
pub(super) fn mark(record: &Record, owner: &str, resource: &str, dns: &DnsSettings) -> Record {
    let name = Naming::new(dns).to_txt_name(&record.key.name, record.key.record_type);
    let key = RecordKey { name, record_type: RecordType::TXT, ..record.key.clone() };
    let mut labels = Labels::new(owner, resource);
    labels.0.retain(|_, value| !value.is_empty());
    let data = RecordData::Values([labels.to_value()].into());
    Record { key, ttl: None, data, ..record.clone() }
}

/// The record changes of a zone's plan.
pub(super) fn changes(plan: &Plan) -> impl Iterator<Item = &RecordChange> {
    plan.ops.values().flat_map(|step| match &step.op {
        Op::ChangeRecords { changes, .. } => changes.as_slice(),
        _ => &[],
    })
}

/// A change as one line.
pub(super) fn say(change: &RecordChange) -> String {
    let symbol = match change {
        RecordChange::Create { .. } => '+',
        RecordChange::Upsert { .. } => '~',
        RecordChange::Delete { .. } => '-',
    };
    line(symbol, change.subject())
}

/// What becomes of a record: `+` made, `~` changed, `-` gone.
pub(super) fn line(symbol: char, record: &Record) -> String {
    format!("{symbol} {} {:?}", record.key, record.data)
}

/// What the peer wrote. It sends ownership records along that are there already, word for word, and calls
/// one that is missing an update.
pub(super) fn written(
    asked: &Value,
    before: &BTreeMap<RecordKey, Record>,
) -> Result<BTreeSet<String>, String> {
    let mut all = BTreeSet::new();
    for (name, symbol) in [("create", '+'), ("updateNew", '~'), ("delete", '-')] {
        for endpoint in list(&asked[name]) {
            let record = record(endpoint)?;
            let symbol = match before.get(&record.key) {
                None if symbol == '~' => '+',
                Some(there) if symbol == '~' && there.data == record.data => continue,
                _ => symbol,
            };
            all.insert(line(symbol, &record));
        }
    }
    Ok(all)
}

/// A mark of an older format that goes with its record; the peer leaves it behind. One that goes without
/// its record would be a mistake, and is shown.
pub(super) fn is_old_mark(change: &RecordChange, plan: &Plan, dns: &DnsSettings) -> bool {
    let goes = |it: &RecordChange| matches!(it, RecordChange::Delete { .. });
    let is_mark = goes(change) && change.key().record_type == RecordType::TXT;
    let gone = changes(plan).filter(|it| goes(it) && it.key() != change.key());
    let gone: Vec<&Record> = gone.map(RecordChange::subject).collect();
    let is_todays = gone.iter().any(|it| mark(it, "", "", dns).key == *change.key());
    let naming = Naming::new(dns);
    let speaks_of = naming.to_endpoint_name(&change.key().name);
    let is_of = |name: &str| gone.iter().any(|it| naming.looked_up(&it.key.name) == name);
    is_mark && !is_todays && speaks_of.is_some_and(|(name, _)| is_of(&name))
}

pub(super) fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
