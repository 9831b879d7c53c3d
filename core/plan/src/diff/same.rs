//! Whether a record that is there is the one that is wanted, whatever the spelling (dns.md 3).

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv6Addr,
};

use inroad_words::record::{Record, RecordData, RecordType};

/// The first field in which they differ. A TTL that nobody asks for never differs.
pub(super) fn differs(there: &Record, wanted: &Record) -> Option<&'static str> {
    let fields = [
        ("targets", data(there) != data(wanted)),
        ("ttl", wanted.ttl.is_some() && there.ttl != wanted.ttl),
        ("properties", there.properties != wanted.properties),
    ];
    fields.into_iter().find(|(_, differ)| *differ).map(|(field, _)| field)
}

/// Whether it has values and so a TTL.
pub(super) fn is_plain(record: &Record) -> bool {
    matches!(record.data, RecordData::Values(_))
}

fn data(record: &Record) -> RecordData {
    match &record.data {
        RecordData::Values(values) => {
            let kind = record.key.record_type;
            let spelled: BTreeSet<_> = values.iter().map(|value| spelled(kind, value)).collect();
            RecordData::Values(spelled)
        }
        RecordData::Alias { target, zone, evaluate_health } => RecordData::Alias {
            target: name(target),
            zone: zone.clone(),
            evaluate_health: *evaluate_health,
        },
    }
}

fn spelled(record_type: RecordType, value: &str) -> String {
    match record_type {
        RecordType::TXT => value.to_owned(),
        RecordType::AAAA => {
            value.parse::<Ipv6Addr>().map_or_else(|_| value.to_owned(), |it| it.to_string())
        }
        _ => name(value),
    }
}

fn name(value: &str) -> String {
    value.trim_end_matches('.').to_lowercase()
}

/// The routing policy, without its numbers: a provider cannot turn one into another in place.
pub(super) fn routing(record: &Record) -> BTreeSet<&str> {
    const KINDS: [&str; 4] = ["aws/weight", "aws/region", "aws/failover", "aws/geolocation-"];
    let said: &BTreeMap<String, String> = &record.properties;
    let kinds = said.keys().filter_map(|key| KINDS.into_iter().find(|it| key.starts_with(it)));
    kinds.collect()
}
