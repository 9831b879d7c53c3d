//! `extdns.plan/v1`: current and desired endpoints, and the changes between. Ownership, which the peer's
//! plan is handed as labels, is put into the zone as the TXT records that it stands in.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{
    Desired, Resource, arbitrate,
    model::Candidate,
    txt::{Labels, Naming},
};
use inroad_intent::ascii_name;
use inroad_plan::{Op, RecordChange, diff};
use inroad_words::{
    Origin, Origins, Unit, ZoneKey,
    controller::{Controller, DnsPolicy, DnsSettings},
    observed::Observed,
    record::{Record, RecordData, RecordKey, RecordType},
};
use serde_json::Value;

use super::tables::Case;

/// Runs one case, each of its steps by itself.
pub(super) fn check(case: &Case) -> Result<(), String> {
    match case.at("/steps").as_array() {
        Some(steps) => steps.iter().try_for_each(|it| step(&it["input"], &it["want"])),
        None => step(case.at("/input"), case.at("/want")),
    }
}

fn step(input: &Value, want: &Value) -> Result<(), String> {
    let dns = settings(input)?;
    let mut seen = BTreeMap::new();
    for endpoint in list(&input["current"]) {
        let record = record(endpoint)?;
        // Without a registry everything that is there is ours.
        let no_registry = input["ownerID"] == "";
        let owner = if no_registry { "default" } else { text(&endpoint["labels"]["owner"]) };
        if !owner.is_empty() {
            let mark = mark(&record, owner, text(&endpoint["labels"]["resource"]), &dns);
            seen.insert(mark.key.clone(), mark);
        }
        seen.insert(record.key.clone(), record);
    }
    let wanted = list(&input["desired"]).iter().map(|it| candidate(it, &dns));
    let mut wanted = wanted.collect::<Result<Vec<_>, _>>()?;
    wanted.retain(|it| {
        let key = &it.record.spec.key;
        dns.managed_types.contains(&key.record_type) && dns.admits(&key.name)
    });
    let mut desired = Desired::nothing(Unit::Zone(ZoneKey::default()));
    desired.records = Some(arbitrate(wanted).0);
    let controller = Controller { dns, ..Controller::default() };
    let observed = Observed { records: Some(seen), ..Observed::default() };
    let plan = diff(&desired, &observed, &controller);
    let got = plan.ops.values().flat_map(|step| match &step.op {
        Op::ChangeRecords { changes, .. } => changes.iter().filter_map(said).collect(),
        _ => Vec::new(),
    });
    let got: BTreeSet<String> = got.collect();
    let want = wanted_changes(want)?;
    (got == want).then_some(()).ok_or_else(|| format!("want {want:#?}\ngot {got:#?}"))
}

fn settings(input: &Value) -> Result<DnsSettings, String> {
    let policies: Vec<&str> = list(&input["policies"]).iter().map(text).collect();
    let policy = match policies[..] {
        ["Sync"] | [] => DnsPolicy::Sync,
        ["UpsertOnly"] => DnsPolicy::UpsertOnly,
        ["CreateOnly"] => DnsPolicy::CreateOnly,
        _ => return Err(format!("policies {policies:?}")),
    };
    let filter = |key: &str| {
        list(&input["domainFilter"][key]).iter().map(|it| text(it).to_owned()).collect()
    };
    let types = |key: &str| -> BTreeSet<RecordType> {
        list(&input[key]).iter().filter_map(|it| RecordType::parse(text(it))).collect()
    };
    let owner = match text(&input["ownerID"]) {
        "" => "default",
        owner => owner,
    };
    Ok(DnsSettings {
        policy,
        owner: owner.to_owned(),
        domain_filter: filter("include"),
        exclude_domains: filter("exclude"),
        managed_types: &types("managedRecords") - &types("excludeRecords"),
        ..DnsSettings::default()
    })
}

fn candidate(endpoint: &Value, dns: &DnsSettings) -> Result<Candidate, String> {
    let spec = record(endpoint)?;
    let resource = text(&endpoint["labels"]["resource"]).to_owned();
    let mark = mark(&spec, &dns.owner, &resource, dns);
    let record = Resource { spec, origins: Origins::of(Origin::Default) };
    Ok(Candidate { record, mark, resource })
}

fn record(endpoint: &Value) -> Result<Record, String> {
    let record_type = text(&endpoint["recordType"]);
    let targets = list(&endpoint["targets"]).iter().map(|it| text(it).to_owned());
    let properties = list(&endpoint["providerSpecific"]).iter();
    let properties =
        properties.map(|it| (text(&it["name"]).to_owned(), text(&it["value"]).to_owned()));
    Ok(Record {
        key: RecordKey {
            name: ascii_name(text(&endpoint["dnsName"])),
            record_type: RecordType::parse(record_type).ok_or(record_type)?,
            set_identifier: text(&endpoint["setIdentifier"]).to_owned(),
        },
        ttl: endpoint["recordTTL"].as_u64().and_then(|it| u32::try_from(it).ok()),
        data: RecordData::Values(targets.collect()),
        properties: properties.collect(),
    })
}

fn mark(record: &Record, owner: &str, resource: &str, dns: &DnsSettings) -> Record {
    let name = Naming::new(dns).to_txt_name(&record.key.name, record.key.record_type);
    let key = RecordKey { name, record_type: RecordType::TXT, ..record.key.clone() };
    let value = Labels::new(owner, resource).to_value();
    Record { key, ttl: None, data: RecordData::Values([value].into()), ..record.clone() }
}

fn wanted_changes(want: &Value) -> Result<BTreeSet<String>, String> {
    let mut all = BTreeSet::new();
    for (list_name, symbol) in [("create", '+'), ("updateNew", '~'), ("delete", '-')] {
        for endpoint in list(&want[list_name]) {
            all.insert(line(symbol, &record(endpoint)?));
        }
    }
    Ok(all)
}

/// What becomes of a record; ownership records are not the plan's at the peer.
fn said(change: &RecordChange) -> Option<String> {
    let RecordData::Values(values) = &change.subject().data else { return None };
    let symbol = match change {
        RecordChange::Create { .. } => '+',
        RecordChange::Upsert { .. } => '~',
        RecordChange::Delete { .. } => '-',
    };
    let is_mark = values.iter().any(|value| Labels::parse(value).is_some());
    (!is_mark).then(|| line(symbol, change.subject()))
}

fn line(symbol: char, record: &Record) -> String {
    format!("{symbol} {} {:?}", record.key, record.data)
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
