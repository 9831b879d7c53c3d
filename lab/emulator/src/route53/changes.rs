//! Change batches: all of one or nothing of it. In comes a batch, out go the zone's records as they
//! are afterwards, or every reason why not.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::input::{id, invalid, text, zone_id};
use super::name::DnsName;
use super::records::put;
use super::rules::{self, Alias};
use super::state::{self, Key, RecordSet};
use super::tags::no_such_health_check;
use crate::{Account, Fault};

/// AWS's limits of one request. UPSERT counts twice, as the delete and the create that it is.
const MOST_RECORDS: usize = 1000;
const MOST_CHARACTERS: usize = 32_000;

struct Change {
    action: String,
    set: RecordSet,
}

pub(super) fn change(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = zone_id(input, "HostedZoneId")?;
    account.route53.zone(&id)?;
    let batch = &input["ChangeBatch"];
    let changes = read(batch)?;
    known_health_checks(account, &changes)?;
    refuse(limits(&changes))?;
    let aliases = Alias::prepare(account);
    let most = account.settings.quotas.route53.record_sets_per_zone;
    let zone = account.route53.zone_mut(&id)?;
    let mut records = zone.records.clone();
    let mut messages = Vec::new();
    let mut touched: BTreeMap<Key, Vec<&str>> = BTreeMap::new();
    for change in &changes {
        match apply(&zone.name, &mut records, change) {
            Ok(key) => touched.entry(key).or_default().push(&change.action),
            Err(reasons) => messages.extend(reasons),
        }
    }
    messages.extend(touched.iter().filter_map(|(key, actions)| repeated(key, actions)));
    let made = touched.keys().filter_map(|key| records.get(key));
    messages.extend(made.flat_map(|set| aliases.check(&id, &zone.name, &records, set)));
    if records.len() > most {
        messages.push(format!("Number of records limit of {most} exceeded."));
    }
    refuse(messages)?;
    zone.records = records;
    Ok(json!({"ChangeInfo": accept(account, text(batch, "Comment"))}))
}

fn refuse(messages: Vec<String>) -> Result<(), Fault> {
    match messages.as_slice() {
        [] => Ok(()),
        _ => Err(Fault::new("InvalidChangeBatch", format!("[{}]", messages.join(", ")))),
    }
}

fn read(batch: &Value) -> Result<Vec<Change>, Fault> {
    let given = batch["Changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    if given.is_empty() {
        return Err(invalid("Invalid request: Missing field 'Changes'"));
    }
    let read_one = |change: &Value| {
        let set: RecordSet = serde_json::from_value(change["ResourceRecordSet"].clone())
            .map_err(|error| invalid(format!("Invalid request: {error}")))?;
        let action = text(change, "Action").unwrap_or_default().to_owned();
        rules::shape(&action, &set).map_err(invalid)?;
        Ok(Change { action, set })
    };
    given.iter().map(read_one).collect()
}

fn known_health_checks(account: &Account, changes: &[Change]) -> Result<(), Fault> {
    let used = changes.iter().filter(|change| change.action != "DELETE");
    for id in used.filter_map(|change| change.set.health_check_id.as_ref()) {
        if !account.route53.health_checks.contains_key(id) {
            return Err(no_such_health_check(id));
        }
    }
    Ok(())
}

fn limits(changes: &[Change]) -> Vec<String> {
    let (mut elements, mut characters) = (0, 0);
    for Change { action, set } in changes {
        let times = if action == "UPSERT" { 2 } else { 1 };
        elements += times * set.values().count().max(1);
        characters += times * set.values().map(|value| value.chars().count()).sum::<usize>();
    }
    let mut messages = Vec::new();
    if elements > MOST_RECORDS {
        messages.push(format!("Number of records limit of {MOST_RECORDS} exceeded."));
    }
    if characters > MOST_CHARACTERS {
        messages.push(format!("Number of characters limit of {MOST_CHARACTERS} exceeded."));
    }
    messages
}

/// One record set may be deleted and then made anew; any other pair on it has no meaning.
fn repeated(key: &Key, actions: &[&str]) -> Option<String> {
    let meaningful = matches!(actions, [_] | ["DELETE", "CREATE" | "UPSERT"]);
    (!meaningful).then(|| {
        let Key { kind, name, .. } = key;
        format!(
            "The request contains an invalid set of changes for a resource record set \
             '{kind} {name}'"
        )
    })
}

/// One change, after those before it.
fn apply(
    zone: &DnsName,
    records: &mut BTreeMap<Key, RecordSet>,
    change: &Change,
) -> Result<Key, Vec<String>> {
    let (key, set) = normalised(&change.set).map_err(|reason| vec![reason])?;
    if !key.name.is_within(zone) {
        let reason = format!("RRSet with DNS name {} is not permitted in zone {zone}", key.name);
        return Err(vec![reason]);
    }
    match change.action.as_str() {
        "DELETE" => delete(zone, records, &key, &set).map_err(|reason| vec![reason])?,
        action => {
            if action == "CREATE" && records.contains_key(&key) {
                let what = tried("create", &key);
                return Err(vec![format!("{what} but it already exists")]);
            }
            let reasons = rules::check(zone, records, &key, &set);
            if !reasons.is_empty() {
                return Err(reasons);
            }
            put(records, key.name.clone(), set);
        }
    }
    Ok(key)
}

fn normalised(set: &RecordSet) -> Result<(Key, RecordSet), String> {
    let name = DnsName::parse(&set.name).map_err(|problem| problem.to_string())?;
    let mut set = set.clone();
    set.name = name.to_string();
    if let Some(alias) = &mut set.alias_target {
        let target = DnsName::parse(&alias.dns_name).map_err(|problem| problem.to_string())?;
        alias.dns_name = target.to_string();
    }
    Ok((Key { name, kind: set.kind.clone(), set: set.set_identifier.clone() }, set))
}

fn delete(
    zone: &DnsName,
    records: &mut BTreeMap<Key, RecordSet>,
    key: &Key,
    set: &RecordSet,
) -> Result<(), String> {
    let what = || tried("delete", key);
    let present = records.get(key).ok_or_else(|| format!("{} but it was not found", what()))?;
    if !same_values(present, set) {
        let reason = "but the values provided do not match the current values";
        return Err(format!("{} {reason}", what()));
    }
    match key.kind.as_str() {
        "SOA" => Err("A HostedZone must contain exactly one SOA record.".into()),
        "NS" if key.name == *zone => {
            Err("A HostedZone must contain at least one NS record for the zone itself.".into())
        }
        _ => {
            records.remove(key);
            Ok(())
        }
    }
}

/// Equal but for the order of the values, which DNS does not have.
fn same_values(one: &RecordSet, other: &RecordSet) -> bool {
    let sorted = |set: &RecordSet| {
        let mut set = set.clone();
        if let Some(records) = &mut set.resource_records {
            records.sort();
        }
        set
    };
    sorted(one) == sorted(other)
}

fn tried(action: &str, key: &Key) -> String {
    let set = key.set.as_ref().map(|set| format!(", set-identifier='{set}'")).unwrap_or_default();
    let Key { name, kind, .. } = key;
    format!("Tried to {action} resource record set [name='{name}', type='{kind}'{set}]")
}

/// Remembers a change and gives its `ChangeInfo`, which at that moment is always PENDING.
pub(super) fn accept(account: &mut Account, comment: Option<&str>) -> Value {
    let id = format!("C0{}", account.fresh_hex(18).to_uppercase());
    let change = state::Change { submitted: account.now, comment: comment.map(str::to_owned) };
    let info = describe(&id, &change, "PENDING");
    account.route53.changes.insert(id, change);
    info
}

fn describe(id: &str, change: &state::Change, status: &str) -> Value {
    let mut info = json!({
        "Id": format!("/change/{id}"),
        "Status": status,
        "SubmittedAt": format!("{:.3}", change.submitted),
    });
    if let Some(comment) = &change.comment {
        info["Comment"] = json!(comment);
    }
    info
}

pub(super) fn get(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let id = id(input, "Id", "change/")?;
    let change = account.route53.changes.get(&id).ok_or_else(|| {
        Fault::new("NoSuchChange", format!("A change with id {id} does not exist.")).status(404)
    })?;
    let done = account.now >= change.submitted + account.route53.propagation;
    let status = if done { "INSYNC" } else { "PENDING" };
    Ok(json!({"ChangeInfo": describe(&id, change, status)}))
}
