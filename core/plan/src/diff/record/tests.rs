//! The algorithm of dns.md 4 and 5.1, case by case, and its laws.

use inroad_desired::{
    Desired, Resource, arbitrate,
    txt::{Labels, Naming},
};
use inroad_words::{
    Kind, ObjectKey, Origins, Unit,
    controller::{Controller, DnsPolicy},
    observed::Observed,
    record::RecordData,
};
use proptest::prelude::*;

use super::*;
use crate::{Plan, diff, simulate};

mod guards;

type Seen = BTreeMap<RecordKey, Record>;

fn zone() -> ZoneKey {
    ZoneKey { name: "ex.com".into(), id: "Z1".into() }
}

fn record(name: &str, record_type: RecordType, value: &str) -> Record {
    let key = RecordKey { name: name.into(), record_type, set_identifier: String::new() };
    let data = RecordData::Values([value.to_owned()].into());
    Record { key, ttl: None, data, properties: BTreeMap::new() }
}

fn mark(name: &str, record_type: RecordType, owner: &str, resource: &str) -> Record {
    let naming = Naming::new(&DnsSettings::default());
    let value = Labels::new(owner, resource).to_value();
    record(&naming.to_txt_name(name, record_type), RecordType::TXT, &value)
}

fn wish(record: Record, object: &str) -> Candidate {
    let key = ObjectKey::new(Kind::Ingress, "shop", object);
    let resource = key.to_string();
    let mark = mark(&record.key.name, record.key.record_type, "default", &resource);
    let origins = Origins::of(Origin::field(&key, "/spec/rules/0/host"));
    Candidate { record: Resource { spec: record, origins }, mark, resource }
}

fn seen(records: impl IntoIterator<Item = Record>) -> Seen {
    records.into_iter().map(|record| (record.key.clone(), record)).collect()
}

fn controller(policy: DnsPolicy) -> Controller {
    let mut controller = Controller::default();
    controller.dns.policy = policy;
    controller
}

fn plan(wanted: Vec<Candidate>, seen: &Seen, controller: &Controller) -> (Plan, Seen) {
    let mut desired = Desired::nothing(Unit::Zone(zone()));
    desired.records = Some(arbitrate(wanted).0);
    let observed = Observed { records: Some(seen.clone()), ..Observed::default() };
    let plan = diff(&desired, &observed, controller);
    let after = simulate(&plan, &observed).records.unwrap_or_default();
    (plan, after)
}

/// `+` created, `~` upserted, `-` deleted, `!` held.
fn written(plan: &Plan) -> Vec<String> {
    let changes = plan.ops.values().flat_map(|step| match &step.op {
        Op::ChangeRecords { changes, .. } => changes.clone(),
        other => panic!("a zone's plan has no {other:?}"),
    });
    let changes = changes.map(|change| match &change {
        RecordChange::Create { record } => format!("+ {}", record.key),
        RecordChange::Upsert { record, .. } if change.is_news() => format!("~ {}", record.key),
        RecordChange::Upsert { record, .. } => format!("= {}", record.key),
        RecordChange::Delete { before } => format!("- {}", before.key),
    });
    changes.chain(plan.holds.iter().map(|hold| format!("! {}", hold.subject))).collect()
}

struct Case {
    title: &'static str,
    wanted: Vec<Candidate>,
    seen: Vec<Record>,
    policy: DnsPolicy,
    expected: &'static [&'static str],
}

#[allow(clippy::too_many_lines)] // one table
fn cases() -> Vec<Case> {
    use RecordType::{A, AAAA, CNAME, TXT};
    let case = |title, wanted, seen, expected| Case {
        title,
        wanted,
        seen,
        policy: DnsPolicy::Sync,
        expected,
    };
    let a = |value| record("www.ex.com", A, value);
    let ours = |record_type| mark("www.ex.com", record_type, "default", "ingress/shop/web");
    let cname = || record("www.ex.com", CNAME, "old.net");
    let old = |name, owner| record(name, TXT, &Labels::new(owner, "ingress/shop/web").to_value());
    let alias = || Record {
        data: RecordData::Alias {
            target: "lb.example.net".into(),
            zone: Some("Z9".into()),
            evaluate_health: true,
        },
        ..a("-")
    };
    vec![
        case(
            "a free name",
            vec![wish(a("192.0.2.1"), "web")],
            vec![],
            &["+ A www.ex.com", "+ TXT a-www.ex.com"],
        ),
        case(
            "nothing to do, whatever the TTL that nobody asks for",
            vec![wish(a("192.0.2.1"), "web")],
            vec![Record { ttl: Some(60), ..a("192.0.2.1") }, ours(A)],
            &[],
        ),
        case(
            "another value",
            vec![wish(a("192.0.2.2"), "web")],
            vec![a("192.0.2.1"), ours(A)],
            &["~ A www.ex.com", "= TXT a-www.ex.com"],
        ),
        case(
            "another TTL",
            vec![wish(Record { ttl: Some(30), ..a("192.0.2.1") }, "web")],
            vec![Record { ttl: Some(60), ..a("192.0.2.1") }, ours(A)],
            &["~ A www.ex.com", "= TXT a-www.ex.com"],
        ),
        case(
            "another spelling",
            vec![wish(record("www.ex.com", AAAA, "2001:db8::1"), "web")],
            vec![record("www.ex.com", AAAA, "2001:DB8:0:0:0:0:0:1"), ours(AAAA)],
            &[],
        ),
        case(
            "another type is another record",
            vec![wish(a("192.0.2.1"), "web")],
            vec![cname(), ours(CNAME)],
            &[
                "- CNAME www.ex.com",
                "+ A www.ex.com",
                "- TXT cname-www.ex.com",
                "+ TXT a-www.ex.com",
            ],
        ),
        case(
            "nobody wants it any more",
            vec![],
            vec![a("192.0.2.1"), ours(A)],
            &["- A www.ex.com", "- TXT a-www.ex.com"],
        ),
        case(
            "others' records stay",
            vec![],
            vec![
                a("192.0.2.1"),
                mark("www.ex.com", A, "other", "x"),
                record("b.ex.com", A, "192.0.2.9"),
            ],
            &[],
        ),
        case(
            "a foreign A keeps an AAAA out",
            vec![wish(record("www.ex.com", AAAA, "2001:db8::1"), "web")],
            vec![a("192.0.2.1")],
            &["! AAAA www.ex.com"],
        ),
        case(
            "the resource that has the name keeps it",
            vec![wish(a("192.0.2.1"), "first"), wish(a("192.0.2.2"), "web")],
            vec![a("192.0.2.2"), ours(A)],
            &[],
        ),
        case(
            "a resource that lets go leaves the name to the next",
            vec![wish(a("192.0.2.3"), "next")],
            vec![a("192.0.2.2"), ours(A)],
            &["~ A www.ex.com", "~ TXT a-www.ex.com"],
        ),
        case(
            "a mark that is missing is written",
            vec![wish(a("192.0.2.1"), "web")],
            vec![a("192.0.2.1"), old("www.ex.com", "default")],
            &["+ TXT a-www.ex.com"],
        ),
        case(
            "an alias marked like a CNAME is ours",
            vec![],
            vec![alias(), ours(CNAME)],
            &["- A www.ex.com", "- TXT cname-www.ex.com"],
        ),
        case(
            "a mark of another owner on a free name",
            vec![wish(a("192.0.2.1"), "web")],
            vec![mark("www.ex.com", A, "other", "x")],
            &["! A www.ex.com"],
        ),
        case(
            "a mark of ours without its record is taken up again",
            vec![wish(a("192.0.2.1"), "web")],
            vec![ours(A)],
            &["+ A www.ex.com"],
        ),
        Case {
            policy: DnsPolicy::UpsertOnly,
            ..case(
                "upsert-only keeps, and does not make what cannot stand beside",
                vec![wish(a("192.0.2.1"), "web")],
                vec![cname(), ours(CNAME)],
                &["! CNAME www.ex.com", "! A www.ex.com"],
            )
        },
        Case {
            policy: DnsPolicy::CreateOnly,
            ..case(
                "create-only changes nothing",
                vec![
                    wish(a("192.0.2.2"), "web"),
                    wish(record("new.ex.com", A, "192.0.2.2"), "web"),
                ],
                vec![a("192.0.2.1"), ours(A)],
                &["+ A new.ex.com", "+ TXT a-new.ex.com", "! A www.ex.com"],
            )
        },
    ]
}

#[test]
fn the_table_of_dns_md() {
    for Case { title, wanted, seen: records, policy, expected } in cases() {
        let controller = controller(policy);
        let (plan, after) = self::plan(wanted.clone(), &seen(records), &controller);
        assert_eq!(written(&plan), expected, "{title}");
        let (again, _) = self::plan(wanted, &after, &controller);
        assert!(again.is_empty(), "{title}, a second time: {:?}", written(&again));
    }
}

#[test]
fn other_values_in_our_txt_record_stay() {
    let mut shared = mark("www.ex.com", RecordType::A, "default", "ingress/shop/web");
    let RecordData::Values(values) = &mut shared.data else { panic!("a mark holds text") };
    values.insert("\"v=spf1 -all\"".into());
    let there = seen([record("www.ex.com", RecordType::A, "192.0.2.1"), shared.clone()]);
    let (_, after) = plan(vec![], &there, &controller(DnsPolicy::Sync));
    let left = RecordData::Values(["\"v=spf1 -all\"".to_owned()].into());
    assert_eq!(after[&shared.key].data, left);
    assert_eq!(after.len(), 1);
}

#[test]
fn batches_are_cut_between_names() {
    let wish = |number| wish(record(&format!("n{number}.ex.com"), RecordType::A, "1.1.1.1"), "web");
    let (plan, _) = plan((0..700).map(wish).collect(), &Seen::new(), &Controller::default());
    let sizes = plan.ops.values().map(|step| match &step.op {
        Op::ChangeRecords { changes, .. } => {
            assert!(crate::record_groups(changes).iter().all(|group| group.len() == 2));
            changes.len()
        }
        other => panic!("a zone's plan has no {other:?}"),
    });
    let sizes: Vec<usize> = sizes.collect();
    // A mark and an address are some 90 bytes: 32,000 bytes are the tighter limit.
    assert_eq!(sizes.iter().sum::<usize>(), 1400);
    assert!(sizes.len() > 1 && sizes.iter().all(|size| *size <= 1000), "{sizes:?}");
}

fn any_record() -> impl Strategy<Value = Record> {
    let types = prop::sample::select(vec![RecordType::A, RecordType::AAAA, RecordType::CNAME]);
    (0..4_u8, types, 1..4_u8).prop_map(|(name, record_type, value)| {
        let value = match record_type {
            RecordType::A => format!("192.0.2.{value}"),
            RecordType::AAAA => format!("2001:db8::{value}"),
            _ => format!("t{value}.net"),
        };
        record(&format!("n{name}.ex.com"), record_type, &value)
    })
}

proptest! {
    #[test]
    fn what_is_not_ours_stays_and_a_second_plan_is_empty(
        wanted in prop::collection::vec((any_record(), 0..3_u8), 0..6),
        there in prop::collection::vec((any_record(), 0..4_u8), 0..6),
    ) {
        let wanted: Vec<Candidate> =
            wanted.into_iter().map(|(record, by)| wish(record, &format!("i{by}"))).collect();
        let mut zone = Seen::new();
        for (record, owner) in there {
            let owner = ["default", "default", "other", ""][usize::from(owner)];
            let mark = mark(&record.key.name, record.key.record_type, owner, "ingress/shop/i1");
            zone.insert(record.key.clone(), record);
            if !owner.is_empty() {
                zone.insert(mark.key.clone(), mark);
            }
        }
        let controller = controller(DnsPolicy::Sync);
        let registry = Registry::read(&zone, &controller.dns);
        let (_, after) = plan(wanted.clone(), &zone, &controller);
        for record in zone.values().filter(|it| it.key.record_type != RecordType::TXT) {
            if registry.look_up(record).owner() != Some("default") {
                prop_assert_eq!(after.get(&record.key), Some(record));
            }
        }
        let (again, _) = plan(wanted, &after, &controller);
        prop_assert!(again.is_empty(), "{:?}", written(&again));
    }
}
