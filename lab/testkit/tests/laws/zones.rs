//! What may go from a zone, and what never does: a world through the corridor against a zone that holds
//! records of ours, of others and of nobody, kept for objects that are read or not.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::txt::{Labels, Naming};
use inroad_plan::{Op, RecordChange, simulate};
use inroad_testkit::{Account, Corridor, Planned, Surroundings, strategies};
use inroad_words::{
    Unit, ZoneKey,
    controller::{Controller, DnsSettings, Source},
    observed::Observed,
    record::{Record, RecordData, RecordKey, RecordType},
};
use inroad_world::Object;
use proptest::{
    collection::{btree_map, vec},
    prelude::*,
    sample::{select, subsequence},
    strategy::ValueTree,
    test_runner::TestRunner,
};
use serde_json::json;

use crate::config;

/// A record of a zone: its name's number, its type's, its owner and for which object it is kept.
type Kept = BTreeMap<(u8, RecordType), (&'static str, String)>;

/// One world, what its zone holds, and the flags.
#[derive(Debug, Clone)]
struct Scene {
    objects: Vec<Object>,
    kept: Kept,
    controller: Controller,
}

/// A Service that has its load balancer, as somebody else made it.
fn published() -> impl Strategy<Value = Object> {
    let hosts = vec!["q0.example.com", "q1.example.com,q2.example.com", "h0.example.com"];
    (select(vec!["a", "b"]), 0..4_u8, select(hosts), 1..4_u8).prop_map(
        |(namespace, name, hosts, address)| {
            let service = json!({
                "apiVersion": "v1", "kind": "Service",
                "metadata": {
                    "name": format!("s{name}"), "namespace": namespace,
                    "annotations": {"external-dns.alpha.kubernetes.io/hostname": hosts},
                },
                "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
                "status": {"loadBalancer": {"ingress": [{"ip": format!("192.0.2.{address}")}]}},
            });
            strategies::objects(&service.to_string()).remove(0)
        },
    )
}

fn kept() -> impl Strategy<Value = Kept> {
    let kinds = ["ingress", "ingress", "service", "service", "crd", "gateway"];
    let object = (select(kinds.to_vec()), select(vec!["a", "b", "c"]), 0..4_u8);
    let object = object.prop_map(|(kind, namespace, name)| {
        let letter = kind.chars().next().unwrap_or_default();
        format!("{kind}/{namespace}/{letter}{name}")
    });
    let owner = select(vec!["default", "default", "default", "other", ""]);
    let resource = prop_oneof![8 => object, 1 => Just(String::new())];
    let types = select(vec![RecordType::A, RecordType::AAAA, RecordType::CNAME]);
    btree_map((0..8_u8, types), (owner, resource), 0..10)
}

fn scene() -> impl Strategy<Value = Scene> {
    let sources = [Source::Ingress, Source::Service, Source::Other("crd".into())];
    let namespace = prop::option::weighted(0.3, Just("a".to_owned()));
    let worlds = prop_oneof![1 => Just(0..1_usize), 3 => Just(0..8)];
    let objects = worlds.prop_flat_map(|size| {
        (vec(strategies::object(), size.clone()), vec(published(), size))
            .prop_map(|(some, more)| some.into_iter().chain(more).collect())
    });
    let flags = (subsequence(sources.to_vec(), 0..=3), namespace, select(vec![0, 1, 2, 500_usize]));
    (objects, kept(), flags).prop_map(|(objects, kept, (sources, namespace, most))| {
        let mut controller = strategies::controller();
        controller.sources.sources = sources.into_iter().collect();
        controller.sources.namespace = namespace;
        controller.guard.max_deletes = most;
        Scene { objects, kept, controller }
    })
}

fn name(number: u8) -> String {
    format!("{}{}.example.com", ["h", "q"][usize::from(number % 2)], number / 2)
}

fn record(name: String, record_type: RecordType, value: &str) -> Record {
    let key = RecordKey { name, record_type, set_identifier: String::new() };
    let data = RecordData::Values([value.to_owned()].into());
    Record { key, ttl: Some(300), data, properties: BTreeMap::new() }
}

/// What the zone holds: each record and, where somebody owns it, its mark.
fn zone_of(kept: &Kept) -> BTreeMap<RecordKey, Record> {
    let naming = Naming::new(&DnsSettings::default());
    let records = kept.iter().flat_map(|((number, record_type), (owner, resource))| {
        let value = match record_type {
            RecordType::A => "192.0.2.77",
            RecordType::AAAA => "2001:db8::77",
            _ => "old.example.net",
        };
        let mark = naming.to_txt_name(&name(*number), *record_type);
        let labels = Labels::new(owner, resource).to_value();
        let mark = (!owner.is_empty()).then(|| record(mark, RecordType::TXT, &labels));
        [Some(record(name(*number), *record_type, value)), mark]
    });
    records.flatten().map(|it| (it.key.clone(), it)).collect()
}

fn planned(scene: &Scene) -> Planned {
    let unit = Unit::Zone(ZoneKey { name: "example.com".into(), id: "Z1".into() });
    let observed = Observed { records: Some(zone_of(&scene.kept)), ..Observed::default() };
    let mut account = Account::default();
    account.observed.insert(unit.clone(), observed);
    let world = strategies::world(scene.objects.clone());
    let surroundings = Surroundings::usual();
    let corridor =
        Corridor { world: &world, surroundings: &surroundings, controller: &scene.controller };
    let mut plans = corridor.look(&account).into_iter();
    plans.find(|it| it.unit == unit).expect("the zone is there")
}

fn changes(planned: &Planned) -> impl Iterator<Item = &RecordChange> {
    planned.plan.ops.values().flat_map(|step| match &step.op {
        Op::ChangeRecords { changes, .. } => changes.as_slice(),
        other => panic!("a zone's plan has no {other:?}"),
    })
}

/// What was there and is changed or goes.
fn touched(planned: &Planned) -> BTreeSet<&RecordKey> {
    let all = changes(planned).filter_map(|change| match change {
        RecordChange::Create { .. } => None,
        RecordChange::Upsert { before, .. } | RecordChange::Delete { before } => Some(&before.key),
    });
    all.filter(|key| key.record_type != RecordType::TXT).collect()
}

/// Whether an object of this label would be in the world if it existed.
fn is_read(resource: &str, controller: &Controller) -> bool {
    let sources = &controller.sources;
    let serves = |name: &str| sources.sources.contains(&Source::parse(name));
    match resource.split('/').collect::<Vec<_>>()[..] {
        [kind @ ("ingress" | "service"), namespace, _] => {
            serves(kind) && sources.namespace.as_ref().is_none_or(|only| only == namespace)
        }
        // ExternalDNS's own: it says of no object, and only one who reads everything may judge.
        [""] => !sources.sources.is_empty() && !serves("crd"),
        _ => false,
    }
}

/// Names at which records of ours stood and none stands.
fn emptied(scene: &Scene, planned: &Planned) -> BTreeSet<String> {
    let after = simulate(&planned.plan, &planned.observed).records.unwrap_or_default();
    let stands = |name: &String| {
        after.keys().any(|key| key.name == *name && key.record_type != RecordType::TXT)
    };
    let ours = scene.kept.iter().filter(|(_, (owner, _))| *owner == "default");
    ours.map(|((number, _), _)| name(*number)).filter(|name| !stands(name)).collect()
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn only_what_is_ours_and_whose_object_is_read_goes(scene in scene()) {
        let planned = planned(&scene);
        let (touched, emptied) = (touched(&planned), emptied(&scene, &planned));
        for ((number, record_type), (owner, resource)) in &scene.kept {
            let key = record(name(*number), *record_type, "").key;
            // What says of no object is anybody's who wants it, as with ExternalDNS.
            let moves =
                touched.contains(&key) && (!resource.is_empty() || emptied.contains(&key.name));
            let ours = *owner == "default" && is_read(resource, &scene.controller);
            prop_assert!(ours || !moves, "{key} of {owner:?} for {resource:?}");
        }
        if scene.objects.is_empty() {
            prop_assert!(planned.plan.is_empty(), "an empty world: {:#?}", planned.plan);
        }
        let most = scene.controller.guard.max_deletes;
        prop_assert!(most == 0 || emptied.len() <= most, "more than {most} go: {emptied:?}");
    }
}

/// The law above is met from both sides: things go, and every reason to stay is a reason somewhere.
#[test]
fn things_go_and_every_reason_to_stay_is_met() {
    let mut runner = TestRunner::deterministic();
    let mut met: BTreeMap<&str, usize> = BTreeMap::new();
    for _ in 0..1000 {
        let scene = scene().new_tree(&mut runner).expect("nothing is filtered").current();
        let planned = planned(&scene);
        if !emptied(&scene, &planned).is_empty() {
            *met.entry("goes").or_default() += 1;
        }
        for code in ["PL0006", "PL0008", "PL0009"] {
            let holds = &planned.plan.holds;
            let is_met = holds.iter().any(|hold| hold.reason.to_string().contains(code));
            *met.entry(code).or_default() += usize::from(is_met);
        }
    }
    assert!(met.len() == 4 && met.values().all(|count| *count >= 10), "{met:?}");
}
