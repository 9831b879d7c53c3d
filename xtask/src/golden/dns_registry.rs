//! `extdns.registry-trace/v1` of the TXT registry: what it was asked in order, and what came of it. The
//! zone is kept here; what our plan writes into it is compared with what the peer wrote, and what our
//! reading of it says with what the peer's said.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::{
    Desired, arbitrate,
    model::{Candidate, DesiredRecords},
    txt::long_label,
};
use inroad_plan::{Plan, RecordChange, diff, ownership::owners, simulate};
use inroad_words::{
    Origin, Unit, ZoneKey,
    controller::{Controller, DnsSettings},
    hold::{Hold, HoldReason},
    observed::Observed,
    record::{Record, RecordKey, RecordType},
};
use serde_json::{Value, json};

use super::{
    dns_plan,
    dns_records::{changes, is_old_mark, line, list, mark, record, say, text, written},
    tables::Case,
};

type Records = BTreeMap<RecordKey, Record>;

/// A zone and who looks after it.
#[derive(Default)]
struct Trace {
    dns: DnsSettings,
    /// Types whose ownership records are brought up to date.
    managed: BTreeSet<RecordType>,
    zone: Records,
    /// Labels that the peer's provider keeps beside its records; no real zone has any.
    beside: BTreeMap<RecordKey, Value>,
}

/// Runs one case: every call in order, then what was asked of the registry by itself.
pub(super) fn check(case: &Case) -> Result<(), String> {
    let calls = list(case.at("/io"));
    if !calls.iter().any(|it| text(&it["op"]).starts_with("txt.")) {
        return Err("the registry is asked nothing".into());
    }
    let mut trace = Trace::default();
    for (number, call) in calls.iter().enumerate() {
        let op = text(&call["op"]);
        trace.call(op, call).map_err(|why| format!("call {number}, {op}: {why}"))?;
    }
    generated(case)
}

/// Ownership records made one by one, each by the registry that was made last before it.
fn generated(case: &Case) -> Result<(), String> {
    let made = list(case.at("/io")).iter().filter(|it| it["op"] == "txt.newRegistry");
    let mut made = made.map(settings);
    let mut dns = DnsSettings::default();
    for call in list(case.at("/calls")) {
        let name = text(&call["fn"]);
        if name == "newRegistry" {
            dns = made.next().unwrap_or_default();
        }
        if !name.ends_with(".generateTXTRecord") {
            continue;
        }
        let want: Result<BTreeSet<_>, String> =
            list(&call["returns"][0]).iter().map(|it| Ok(line('+', &record(it)?))).collect();
        let trace = Trace { dns: dns.clone(), ..Trace::default() };
        let plan = trace.plan(vec![dns_plan::candidate(&call["args"][0], &dns)?], BTreeSet::new());
        let got = changes(&plan).filter(|it| it.key().record_type == RecordType::TXT).map(say);
        equal(&want?, &got.collect())?;
    }
    Ok(())
}

impl Trace {
    fn call(&mut self, op: &str, call: &Value) -> Result<(), String> {
        match op {
            "inmemory.CreateZone" => Ok(()),
            "inmemory.ApplyChanges" => self.seed(&call["args"]["changes"]),
            "inmemory.Records" => equal(&lines(&call["returns"][0])?, &all(&self.zone)),
            "txt.newRegistry" => self.begin(call),
            "txt.Records" => self.read(call),
            "txt.ApplyChanges" => self.write(call),
            "plan.Calculate" => calculate(call),
            _ => Err("nobody knows this call".into()),
        }
    }

    fn seed(&mut self, seed: &Value) -> Result<(), String> {
        for endpoint in ["create", "updateNew"].iter().flat_map(|it| list(&seed[*it])) {
            let record = record(endpoint)?;
            self.beside.insert(record.key.clone(), endpoint["labels"].clone());
            self.zone.insert(record.key.clone(), record);
        }
        for endpoint in list(&seed["delete"]) {
            self.zone.remove(&record(endpoint)?.key);
        }
        Ok(())
    }

    /// Settings that contradict themselves are refused; else what is made with them reads back as ours.
    fn begin(&mut self, call: &Value) -> Result<(), String> {
        self.dns = settings(call);
        let types = |key: &str| -> BTreeSet<RecordType> {
            let names = list(&call["args"][key]).iter();
            names.filter_map(|it| RecordType::parse(text(it))).collect()
        };
        self.managed = &types("managedRecordTypes") - &types("excludeRecordTypes");
        let refused = !call["returns"][1].is_null();
        if refused != self.dns.contradiction().is_some() {
            return Err(format!("want refused {refused}, got {:?}", self.dns.contradiction()));
        }
        let probe = json!({ "dnsName": "probe.test", "targets": ["192.0.2.1"] });
        let empty = Trace { dns: self.dns.clone(), ..Trace::default() };
        let plan = empty.plan(vec![dns_plan::candidate(&probe, &self.dns)?], BTreeSet::new());
        let after = simulate(&plan, &Observed::default()).records.unwrap_or_default();
        let owners = owners(&after, &self.dns);
        let owner = owners.get(&record(&probe)?.key).and_then(|labels| labels.owner());
        equal(&text(&call["args"]["ownerID"]), &owner.unwrap_or_default())
    }

    /// What is there with the labels that speak of it, and which ownership records are due.
    fn read(&mut self, call: &Value) -> Result<(), String> {
        if let Some(listed) = list(&call["inner"]).iter().find(|it| it["op"] == "inmemory.Records")
        {
            let listed = list(&listed["returns"][0]).iter().map(record);
            let listed = listed.map(|it| it.map(|it| (it.key.clone(), it)));
            self.zone = listed.collect::<Result<_, _>>()?;
        }
        // A record that holds nothing is nobody's; the peer leaves it out.
        self.zone.retain(|_, it| it.data != inroad_words::record::RecordData::Values([].into()));
        let mut want = BTreeSet::new();
        for endpoint in list(&call["returns"][0]) {
            let record = record(endpoint)?;
            let forced = record.properties.contains_key("txt/force-update");
            let labels = labels(&endpoint["labels"]);
            want.insert(format!("{} {labels:?} due {forced}", line('=', &record)));
        }
        let due = self.due()?;
        let mut got = BTreeSet::new();
        for (key, said) in owners(&self.zone, &self.dns) {
            let mut labels = labels(self.beside.get(&key).unwrap_or(&Value::Null));
            labels.extend(said.0);
            let due = due.contains(&self.mark_key(&key));
            got.insert(format!("{} {labels:?} due {due}", line('=', &self.zone[&key])));
        }
        equal(&want, &got)
    }

    /// The ownership records that are written where everything stays as it is.
    fn due(&self) -> Result<BTreeSet<RecordKey>, String> {
        let said = owners(&self.zone, &self.dns);
        let kept = said.iter().filter(|(key, _)| self.managed.contains(&key.record_type));
        let kept = kept.map(|(key, labels)| self.wish(&self.zone[key], labels.resource()));
        let dns = DnsSettings { managed_types: self.managed.clone(), ..self.dns.clone() };
        let managed = Trace { dns, zone: self.zone.clone(), ..Trace::default() };
        let plan = managed.plan(kept.collect(), BTreeSet::new());
        let due = changes(&plan).filter(|it| matches!(it, RecordChange::Create { .. }));
        let due: BTreeSet<_> = due.map(|it| it.key().clone()).collect();
        let written = changes(&plan).map(|it| it.key().clone()).collect();
        // The owner that is taken over is written anew; nothing else is.
        match self.dns.migrate_from_owner {
            Some(_) => Ok(due),
            None => equal(&due, &written).map(|()| due),
        }
    }

    /// What is written for changes that were decided; the names that they do not speak of stay.
    fn write(&mut self, call: &Value) -> Result<(), String> {
        let asked = &call["args"]["changes"];
        self.own(asked)?;
        let before = self.zone.clone();
        let list_of = |name: &str| list(&asked[name]).iter();
        let mut wanted = BTreeMap::new();
        let mut named = BTreeSet::new();
        for endpoint in ["create", "updateNew", "delete"].into_iter().flat_map(list_of) {
            named.insert(record(endpoint)?.key.name);
        }
        for (key, labels) in owners(&before, &self.dns) {
            if named.contains(&key.name) {
                wanted.insert(key.clone(), self.wish(&before[&key], labels.resource()));
            }
        }
        for endpoint in list_of("delete") {
            wanted.remove(&record(endpoint)?.key);
        }
        for endpoint in list_of("create").chain(list_of("updateNew")) {
            wanted.insert(record(endpoint)?.key, dns_plan::candidate(endpoint, &self.dns)?);
        }
        let others = before.keys().map(|key| key.name.clone()).filter(|it| !named.contains(it));
        let dns = DnsSettings { managed_types: RecordType::ALL.into(), ..self.dns.clone() };
        let writer = Trace { dns, zone: before.clone(), ..Trace::default() };
        let plan = writer.plan(wanted.into_values().collect(), others.collect());
        let observed = Observed { records: Some(before.clone()), ..Observed::default() };
        self.zone = simulate(&plan, &observed).records.unwrap_or_default();
        let got = changes(&plan).filter(|it| !is_old_mark(it, &plan, &self.dns)).map(say);
        equal(&written(&call["inner"][0]["args"]["changes"], &before)?, &got.collect())
    }

    /// Ownership that the peer is handed as labels is put into the zone, where it says nothing of it.
    fn own(&mut self, asked: &Value) -> Result<(), String> {
        for endpoint in ["delete", "updateOld"].into_iter().flat_map(|it| list(&asked[it])) {
            let record = record(endpoint)?;
            let owner = text(&endpoint["labels"]["owner"]);
            let said = owners(&self.zone, &self.dns);
            let is_owned = said.get(&record.key).is_some_and(|it| it.owner().is_some());
            if !owner.is_empty() && !is_owned {
                let mark = mark(&record, owner, text(&endpoint["labels"]["resource"]), &self.dns);
                self.zone.insert(mark.key.clone(), mark);
                self.zone.entry(record.key.clone()).or_insert(record);
            }
        }
        Ok(())
    }

    fn wish(&self, there: &Record, resource: &str) -> Candidate {
        let mark = mark(there, &self.dns.owner, resource, &self.dns);
        dns_plan::wish(there.clone(), mark, resource)
    }

    fn mark_key(&self, key: &RecordKey) -> RecordKey {
        let none = RecordKey { record_type: key.record_type, ..key.clone() };
        let record = Record { key: none, ttl: None, ..self.zone[key].clone() };
        mark(&record, "", "", &self.dns).key
    }

    /// Our plan for the zone; a name whose ownership record cannot be is held, as in `desired`.
    fn plan(&self, wanted: Vec<Candidate>, stay: BTreeSet<String>) -> Plan {
        let mut desired = Desired::nothing(Unit::Zone(ZoneKey::default()));
        let no_mark = wanted.iter().filter(|it| long_label(&it.mark.key.name).is_some());
        let no_mark = no_mark.map(|it| it.record.spec.key.name.clone());
        for name in no_mark.chain(stay) {
            let reason = HoldReason::Policy("not asked for".into());
            let hold = Hold { subject: name.clone(), reason, origin: Origin::Default };
            desired.held.names.insert(name, hold);
        }
        let (mut records, _): (DesiredRecords, _) = arbitrate(wanted);
        records.retain(|key, _| !desired.held.names.contains_key(&key.name));
        desired.records = Some(records);
        let observed = Observed { records: Some(self.zone.clone()), ..Observed::default() };
        let controller = Controller { dns: self.dns.clone(), ..Controller::default() };
        diff(&desired, &observed, &controller)
    }
}

/// The peer's plan within a trace, as in `extdns.plan/v1`.
fn calculate(call: &Value) -> Result<(), String> {
    let asked = &call["args"]["recv"];
    let policies = list(&asked["Policies"]).iter().map(|it| text(&it["$type"]));
    let policies = policies.map(|it| it.trim_start_matches("plan.").trim_end_matches("Policy"));
    let input = json!({
        "current": asked["Current"], "desired": asked["Desired"], "ownerID": asked["OwnerID"],
        "managedRecords": asked["ManagedRecords"], "policies": policies.collect::<Vec<_>>(),
    });
    dns_plan::step(&input, &call["returns"][0]["Changes"])
}

fn settings(call: &Value) -> DnsSettings {
    let said = |key: &str| text(&call["args"][key]).to_owned();
    DnsSettings {
        owner: said("ownerID"),
        migrate_from_owner: Some(said("oldOwnerID")).filter(|it| !it.is_empty()),
        txt_prefix: said("txtPrefix"),
        txt_suffix: said("txtSuffix"),
        txt_wildcard_replacement: said("txtWildcardReplacement"),
        ..DnsSettings::default()
    }
}

fn labels(value: &Value) -> BTreeMap<String, String> {
    let pairs = value.as_object().into_iter().flatten();
    let pairs = pairs.map(|(key, value)| (key.clone(), text(value).to_owned()));
    pairs.filter(|(_, value)| !value.is_empty()).collect()
}

fn lines(endpoints: &Value) -> Result<BTreeSet<String>, String> {
    list(endpoints).iter().map(|it| Ok(line('=', &record(it)?))).collect()
}

fn all(zone: &Records) -> BTreeSet<String> {
    zone.values().map(|it| line('=', it)).collect()
}

fn equal<T: PartialEq + std::fmt::Debug>(want: &T, got: &T) -> Result<(), String> {
    (want == got).then_some(()).ok_or_else(|| format!("want {want:#?}\ngot {got:#?}"))
}
