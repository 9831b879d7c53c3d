//! What a zone may hold, and what the flags of its registry may be.

use std::collections::BTreeMap;

use inroad_testkit::{Account, Surroundings, strategies};
use inroad_words::{
    Unit,
    controller::{Controller, DnsPolicy, DnsSettings, Source},
    observed::Observed,
    record::{Record, RecordData, RecordKey, RecordType},
};
use proptest::{
    collection::{btree_map, btree_set, vec},
    prelude::*,
    sample::{select, subsequence},
};

use crate::{config, hostile, told::holds};

fn one_of(texts: &'static [&'static str]) -> impl Strategy<Value = String> {
    select(texts).prop_map(str::to_owned)
}

/// Names that the generated worlds ask for, with or without what a registry puts before them, and others.
fn name() -> impl Strategy<Value = String> {
    let known =
        &["h0", "h1", "*", "a-h0", "aaaa-h0", "cname-h1", "a-*", "cname-h0", "a", "a-", "-"];
    let label = prop_oneof![2 => one_of(known), 1 => hostile::text()];
    let parent = one_of(&["example.com", "h1.example.com", "other.org", ""]);
    (label, parent).prop_map(|(label, parent)| match (label.is_empty(), parent.is_empty()) {
        (true, _) => parent,
        (_, true) => label,
        _ => format!("{label}.{parent}"),
    })
}

fn record() -> impl Strategy<Value = Record> {
    let set = prop_oneof![3 => Just(String::new()), 1 => hostile::text()];
    let key = (name(), select(&RecordType::ALL[..]), set);
    let alias = (name(), prop::option::of(hostile::text()), any::<bool>());
    let data = prop_oneof![
        3 => btree_set(hostile::text(), 0..4).prop_map(RecordData::Values),
        1 => alias.prop_map(|(target, zone, evaluate_health)| {
            RecordData::Alias { target, zone, evaluate_health }
        }),
    ];
    let property =
        one_of(&["aws/weight", "aws/region", "alias", "aws/multi-value-answer", "aws/", ""]);
    let properties = btree_map(property, hostile::text(), 0..3);
    (key, prop::option::of(any::<u32>()), data, properties).prop_map(
        |((name, record_type, set_identifier), ttl, data, properties)| {
            let key = RecordKey { name, record_type, set_identifier };
            Record { key, ttl, data, properties }
        },
    )
}

fn affix() -> impl Strategy<Value = String> {
    let templates =
        &["", "", "", "txt.", "%{record_type}-", "-%{record_type}", "x%{record_type}y."];
    prop_oneof![4 => one_of(templates), 1 => hostile::text()]
}

/// Who we are in a zone.
fn registry() -> impl Strategy<Value = DnsSettings> {
    let owner = prop_oneof![3 => Just("default".to_owned()), 1 => hostile::text()];
    let wildcard = prop_oneof![one_of(&["", "any", "*"]), affix()];
    let before = prop::option::of(hostile::text());
    (owner, before, affix(), affix(), wildcard).prop_map(
        |(owner, before, prefix, suffix, wildcard)| DnsSettings {
            owner,
            migrate_from_owner: before,
            txt_prefix: prefix,
            txt_suffix: suffix,
            txt_wildcard_replacement: wildcard,
            ..DnsSettings::default()
        },
    )
}

fn controller() -> impl Strategy<Value = Controller> {
    let policies = [DnsPolicy::Sync, DnsPolicy::UpsertOnly, DnsPolicy::CreateOnly];
    let types = subsequence(RecordType::ALL.to_vec(), 1..=RecordType::ALL.len());
    let filters = (vec(hostile::text(), 0..2), vec(hostile::text(), 0..2));
    let sources = ["ingress", "service", "crd"].map(Source::parse);
    let read = (subsequence(sources.to_vec(), 0..=3), 0..4_usize);
    (registry(), select(policies.to_vec()), types, filters, read).prop_map(
        |(registry, policy, types, (domain_filter, exclude_domains), (sources, most))| {
            let mut controller = strategies::controller();
            let managed_types = types.into_iter().collect();
            let prefer_cname = most == 0;
            controller.dns = DnsSettings {
                policy,
                managed_types,
                domain_filter,
                exclude_domains,
                prefer_cname,
                ..registry
            };
            controller.sources.sources = sources.into_iter().collect();
            controller.guard.max_deletes = most;
            controller
        },
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn zones_may_hold_anything(
        objects in strategies::population(),
        records in vec(record(), 0..24),
        controller in controller(),
    ) {
        let (mut account, usual) = (Account::default(), Surroundings::usual());
        let records: BTreeMap<_, _> = records.into_iter().map(|it| (it.key.clone(), it)).collect();
        for zone in &usual.facts.zones {
            let observed = Observed { records: Some(records.clone()), ..Observed::default() };
            account.observed.insert(Unit::Zone(zone.key.clone()), observed);
        }
        holds(|| objects.clone(), &usual, &account, &controller)?;
    }
}
