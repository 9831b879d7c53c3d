//! What every provider must do, whoever it is. In: a provider and an empty zone of it, where
//! `name.` of a case is free. Out: panics that name the case.

use std::collections::BTreeMap;

use inroad_dns::{DnsError, Provider};
use inroad_plan::RecordChange;
use inroad_words::{
    Retry, ZoneKey,
    record::{Record, RecordData, RecordKey, RecordType},
};

pub(crate) type Records = BTreeMap<RecordKey, Record>;

/// A provider with an empty zone.
pub(crate) struct Bench<'a> {
    pub(crate) provider: &'a dyn Provider,
    pub(crate) zone: ZoneKey,
}

/// A simple record set with a TTL.
pub(crate) fn record(name: &str, record_type: RecordType, values: &[&str]) -> Record {
    let key = RecordKey { name: name.into(), record_type, set_identifier: String::new() };
    let values = values.iter().map(ToString::to_string).collect();
    let properties = BTreeMap::new();
    Record { key, ttl: Some(60), data: RecordData::Values(values), properties }
}

pub(crate) fn create(record: &Record) -> RecordChange {
    RecordChange::Create { record: record.clone() }
}

impl Bench<'_> {
    fn name(&self, label: &str) -> String {
        format!("{label}.{}", self.zone.name)
    }

    pub(crate) async fn apply(&self, changes: &[RecordChange]) -> Result<(), DnsError> {
        self.provider.apply(&self.zone, changes).await
    }

    /// The records, but for what every zone has of its own.
    pub(crate) async fn records(&self) -> Records {
        let mut records = self.provider.records(&self.zone).await.expect("the zone can be read");
        records.retain(|key, _| key.name != self.zone.name);
        records
    }

    async fn holds(&self, case: &str, expected: &[&Record]) {
        let expected: Records = expected.iter().map(|it| (it.key.clone(), (*it).clone())).collect();
        assert_eq!(self.records().await, expected, "{case}");
    }
}

/// All of it.
pub(crate) async fn contract(bench: &Bench<'_>) {
    what_is_written_reads_back(bench).await;
    records_change_and_go(bench).await;
    what_is_refused_stands_alone(bench).await;
    many_records_are_all_read(bench).await;
    strangers_are_refused(bench).await;
}

async fn what_is_written_reads_back(bench: &Bench<'_>) {
    assert!(bench.provider.zones().await.expect("zones").iter().any(|it| it.key == bench.zone));
    let mark = "\"heritage=external-dns,external-dns/owner=me,external-dns/resource=ingress/a/b\"";
    let kinds = [
        record(&bench.name("a"), RecordType::A, &["192.0.2.1", "192.0.2.2"]),
        record(&bench.name("a"), RecordType::AAAA, &["2001:db8::1"]),
        record(&bench.name("a-a"), RecordType::TXT, &[mark]),
        record(&bench.name("c"), RecordType::CNAME, &["target.example.net"]),
        record(&bench.name("*.w"), RecordType::A, &["192.0.2.3"]),
        record(&bench.name("a-*.w"), RecordType::TXT, &[mark]),
        record(&bench.name("m"), RecordType::MX, &["10 mail.example.net"]),
        record(&bench.name("_s._tcp"), RecordType::SRV, &["1 2 80 a.example.net"]),
    ];
    for kind in &kinds {
        let change = create(kind);
        bench.apply(&[change]).await.unwrap_or_else(|error| panic!("{}: {error}", kind.key));
        bench.holds("one record of each kind", &[kind]).await;
        bench.apply(&[RecordChange::Delete { before: kind.clone() }]).await.expect("it is there");
        bench.holds("a record that is deleted as it was read", &[]).await;
    }
    let default = Record { ttl: None, ..kinds[0].clone() };
    bench.apply(&[create(&default)]).await.expect("the provider has a TTL of its own");
    let read = bench.records().await.remove(&default.key).expect("it was written");
    assert!(read.ttl.is_some_and(|ttl| ttl > 0), "a default TTL is read as what it is");
    bench.apply(&[RecordChange::Delete { before: read }]).await.expect("it is there");
}

async fn records_change_and_go(bench: &Bench<'_>) {
    let name = bench.name("www");
    let before = record(&name, RecordType::A, &["192.0.2.1"]);
    bench.apply(&[create(&before)]).await.expect("a free name");
    let after = Record { ttl: Some(120), ..record(&name, RecordType::A, &["192.0.2.2"]) };
    let upsert = RecordChange::Upsert { before, record: after.clone() };
    bench.apply(&[upsert]).await.expect("it may change");
    bench.holds("an upsert", &[&after]).await;
    let cname = record(&name, RecordType::CNAME, &["target.example.net"]);
    let turn = [RecordChange::Delete { before: after }, create(&cname)];
    bench.apply(&turn).await.expect("another type in one batch");
    bench.holds("a delete and a create of one name", &[&cname]).await;
    bench.apply(&[RecordChange::Delete { before: cname }]).await.expect("it is there");
}

async fn what_is_refused_stands_alone(bench: &Bench<'_>) {
    let taken = record(&bench.name("b"), RecordType::A, &["192.0.2.1"]);
    bench.apply(&[create(&taken)]).await.expect("a free name");
    let free = ["a", "c", "d"].map(|it| record(&bench.name(it), RecordType::A, &["192.0.2.9"]));
    let mark = record(&bench.name("a-b"), RecordType::TXT, &["\"heritage=external-dns\""]);
    let batch = [&free[0], &taken, &mark, &free[1], &free[2]].map(create);
    let error = bench.apply(&batch).await.expect_err("b is there");
    assert_eq!(error.retry(), Retry::OnChange);
    assert!(error.to_string().contains(&bench.name("b")), "it says which: {error}");
    assert!(!error.to_string().contains(&bench.name("c")), "and nothing else: {error}");
    let DnsError::Rejected(all) = &error else { panic!("one record is refused: {error:?}") };
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].keys, [taken.key.clone(), mark.key.clone()], "with its mark");
    assert_eq!(error.parts().into_keys().collect::<Vec<_>>(), [taken.key.to_string()]);
    bench
        .holds("all but what is refused and its mark", &[&free[0], &taken, &free[1], &free[2]])
        .await;
    let gone = [&free[0], &taken, &free[1], &free[2]];
    let gone = gone.map(|it| RecordChange::Delete { before: it.clone() });
    bench.apply(&gone).await.expect("they are there");
    let missing = bench.apply(&gone[..1]).await.expect_err("it is gone");
    assert_eq!(missing.retry(), Retry::OnChange);
}

async fn many_records_are_all_read(bench: &Bench<'_>) {
    let many: Vec<Record> = (0..750)
        .map(|it| record(&bench.name(&format!("n{it:03}")), RecordType::A, &["192.0.2.1"]))
        .collect();
    let changes: Vec<RecordChange> = many.iter().map(create).collect();
    bench.apply(&changes).await.expect("as many as a batch takes");
    bench.holds("more than a page", &many.iter().collect::<Vec<_>>()).await;
    let gone: Vec<_> = many.into_iter().map(|before| RecordChange::Delete { before }).collect();
    bench.apply(&gone).await.expect("they are there");
}

async fn strangers_are_refused(bench: &Bench<'_>) {
    let stranger = ZoneKey { name: bench.zone.name.clone(), id: "Z0NOBODYHASTHIS".into() };
    let error = bench.provider.records(&stranger).await.expect_err("nobody has this zone");
    assert_eq!(error.retry(), Retry::OnChange, "{error}");
    let outside = record("www.example.org", RecordType::A, &["192.0.2.1"]);
    let error = bench.apply(&[create(&outside)]).await.expect_err("it lies elsewhere");
    assert_eq!(error.retry(), Retry::OnChange, "{error}");
}
