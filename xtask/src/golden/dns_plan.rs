//! `extdns.plan/v1`: current and desired endpoints, and the changes between. Ownership, which the peer's
//! plan is handed as labels, is put into the zone as the TXT records that it stands in.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{Desired, Resource, arbitrate, model::Candidate, prefer, txt::Labels};
use inroad_plan::{RecordChange, diff, ownership::preferred};
use inroad_words::{
    Origin, Origins, Unit, ZoneKey,
    controller::{Controller, DnsPolicy, DnsSettings},
    observed::Observed,
    record::{Record, RecordData, RecordType},
};
use serde_json::{Value, json};

use super::{
    dns_records::{changes, line, list, mark, record, say, text},
    tables::Case,
};

/// Runs one case, each of its steps by itself.
pub(super) fn check(case: &Case) -> Result<(), String> {
    let changes = case.body.get("components").and_then(|it| it.get("changes:Changes"));
    match (case.at("/steps").as_array(), case.at("/input"), changes) {
        (Some(steps), ..) => steps.iter().try_for_each(|it| step(&it["input"], &it["want"])),
        (None, Value::Null, Some(changes)) => are_changes(changes),
        (None, Value::Null, None) => Err("the case asks for nothing".into()),
        (None, input, _) => step(input, case.at("/want")),
    }
}

/// Who gets a name: candidates of one call, and the current one where there is one.
pub(super) fn conflicts(case: &Case) -> Result<(), String> {
    let calls = list(case.at("/io"));
    if calls.is_empty() {
        return Err("the case asks for nothing".into());
    }
    let dns = DnsSettings::default();
    for call in calls {
        let all = list(&call["args"]["candidates"]).iter().map(|it| candidate(it, &dns));
        let mut all = all.collect::<Result<Vec<_>, _>>()?;
        prefer(&mut all);
        let holder = text(&call["args"]["current"]["labels"]["resource"]);
        let got = preferred(&all, holder).map(|it| (&it.record.spec, it.resource.as_str()));
        let want = candidate(&call["returns"][0], &dns)?;
        if got != Some((&want.record.spec, &want.resource)) {
            return Err(format!("want {want:?}\ngot {got:?}"));
        }
    }
    Ok(())
}

/// Whether changes are any: what is written where they are due, and nothing else.
fn are_changes(changes: &Value) -> Result<(), String> {
    let both = |one: &str, other: &str| [list(&changes[one]), list(&changes[other])].concat();
    let before = list(&changes["updateOld"]);
    let after = list(&changes["updateNew"]).iter().enumerate();
    let differ = after.filter(|(nth, it)| before.get(*nth) != Some(it)).map(|(_, it)| it);
    let want = json!({
        "create": changes["create"], "delete": changes["delete"],
        "updateNew": differ.collect::<Vec<_>>(),
    });
    let input = json!({
        "current": both("delete", "updateOld"), "desired": both("create", "updateNew"),
        "managedRecords": RecordType::ALL, "ownerID": "",
    });
    step(&input, &want)
}

/// A policy by itself: everything is ours, and every change of the row is due.
pub(super) fn policy(case: &Case) -> Result<(), String> {
    let changes = case.at("/row/changes");
    let both = |one: &str, other: &str| [list(&changes[one]), list(&changes[other])].concat();
    let kind = text(case.at("/row/policy/$type"));
    let name = kind.trim_start_matches("plan.").trim_end_matches("Policy");
    let input = json!({
        "current": both("delete", "updateOld"), "desired": both("create", "updateNew"),
        "policies": [name], "managedRecords": ["A"], "ownerID": "",
    });
    step(&input, case.at("/row/expected"))
}

/// Whether other properties are a reason to write.
pub(super) fn properties(case: &Case) -> Result<(), String> {
    let named = |side: &str| {
        let mut endpoint = case.at("/row")[side].clone();
        endpoint["dnsName"] = "name.test".into();
        endpoint["targets"] = json!(["192.0.2.1"]);
        endpoint
    };
    let (current, desired) = (named("current"), named("desired"));
    let updates = case.at("/row/shouldUpdate").as_bool().ok_or("no shouldUpdate")?;
    let want = json!({ "updateNew": if updates { vec![desired.clone()] } else { vec![] } });
    let input = json!({
        "current": [current], "desired": [desired], "managedRecords": ["A"], "ownerID": "",
    });
    step(&input, &want)
}

/// One plan: what of it is asked, and what is to come of it.
pub(super) fn step(input: &Value, want: &Value) -> Result<(), String> {
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
    let got: BTreeSet<String> = changes(&plan).filter_map(said).collect();
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

/// What an endpoint of the peer asks for.
pub(super) fn candidate(endpoint: &Value, dns: &DnsSettings) -> Result<Candidate, String> {
    let spec = record(endpoint)?;
    let resource = text(&endpoint["labels"]["resource"]).to_owned();
    let mark = mark(&spec, &dns.owner, &resource, dns);
    Ok(wish(spec, mark, &resource))
}

/// A record that somebody asks for, with its ownership record.
pub(super) fn wish(spec: Record, mark: Record, resource: &str) -> Candidate {
    let record = Resource { spec, origins: Origins::of(Origin::Default) };
    Candidate { record, mark, resource: resource.to_owned() }
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
    let RecordData::Values(values) = &change.subject().data else { return Some(say(change)) };
    let is_mark = values.iter().any(|value| Labels::parse(value).is_some());
    (!is_mark).then(|| say(change))
}
