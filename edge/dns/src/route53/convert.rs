//! Record sets in Route 53's shape and in ours. What Route 53 lists is kept as it spells it, so that a
//! deletion names what is there.

use std::collections::BTreeMap;

use aws_sdk_route53::{
    error::BuildError,
    types::{
        AliasTarget, Coordinates, GeoLocation, GeoProximityLocation, ResourceRecord,
        ResourceRecordSet, ResourceRecordSetFailover, ResourceRecordSetRegion, RrType,
        builders::ResourceRecordSetBuilder,
    },
};
use inroad_words::{
    capability::ROUTE53,
    record::{Record, RecordData, RecordKey, RecordType},
};

/// A name as we spell it: lower case, no trailing dot, Route 53's octal escapes (`\052`) undone.
pub(super) fn name(spelled: &str) -> String {
    let mut bytes = Vec::with_capacity(spelled.len());
    let mut rest = spelled.trim_end_matches('.').as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let octal = after.get(..3).filter(|it| first == b'\\' && it.iter().all(u8::is_ascii_digit));
        let byte = octal
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| u8::from_str_radix(digits, 8).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { &after[3..] } else { after };
    }
    String::from_utf8_lossy(&bytes).to_lowercase()
}

/// A listed record set; `None` for types that inroad has no words for.
pub(super) fn from_route53(set: &ResourceRecordSet, zone: &str) -> Option<Record> {
    let record_type = RecordType::parse(set.r#type.as_str())?;
    let set_identifier = set.set_identifier.clone().unwrap_or_default();
    let data = match &set.alias_target {
        Some(alias) => RecordData::Alias {
            target: name(&alias.dns_name),
            zone: (alias.hosted_zone_id != zone).then(|| alias.hosted_zone_id.clone()),
            evaluate_health: alias.evaluate_target_health,
        },
        None => {
            RecordData::Values(set.resource_records().iter().map(|it| it.value.clone()).collect())
        }
    };
    Some(Record {
        key: RecordKey { name: name(&set.name), record_type, set_identifier },
        ttl: set.ttl.and_then(|ttl| u32::try_from(ttl).ok()),
        data,
        properties: properties(set),
    })
}

/// Routing policy and health check in ExternalDNS's words.
fn properties(set: &ResourceRecordSet) -> BTreeMap<String, String> {
    let mut found: Vec<(&str, Option<String>)> = vec![
        ("aws/weight", set.weight.map(|it| it.to_string())),
        ("aws/region", set.region.as_ref().map(|it| it.as_str().to_owned())),
        ("aws/failover", set.failover.as_ref().map(|it| it.as_str().to_owned())),
        ("aws/multi-value-answer", set.multi_value_answer.filter(|it| *it).map(|_| String::new())),
        ("aws/health-check-id", set.health_check_id.clone()),
    ];
    if let Some(place) = &set.geo_location {
        found.extend([
            ("aws/geolocation-continent-code", place.continent_code.clone()),
            ("aws/geolocation-country-code", place.country_code.clone()),
            ("aws/geolocation-subdivision-code", place.subdivision_code.clone()),
        ]);
    }
    if let Some(place) = &set.geo_proximity_location {
        let at = place.coordinates.as_ref().map(|it| format!("{},{}", it.latitude, it.longitude));
        found.extend([
            ("aws/geoproximity-region", place.aws_region.clone()),
            ("aws/geoproximity-bias", Some(place.bias.unwrap_or_default().to_string())),
            ("aws/geoproximity-coordinates", at),
            ("aws/geoproximity-local-zone-group", place.local_zone_group.clone()),
        ]);
    }
    found.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))).collect()
}

/// A record set to be sent.
pub(super) fn to_route53(record: &Record, zone: &str) -> Result<ResourceRecordSet, BuildError> {
    let mut set = ResourceRecordSet::builder()
        .name(&record.key.name)
        .r#type(RrType::from(record.key.record_type.as_str()));
    match &record.data {
        RecordData::Values(values) => {
            set = set.ttl(i64::from(record.ttl.unwrap_or(ROUTE53.default_ttl)));
            for value in values {
                set = set.resource_records(ResourceRecord::builder().value(value).build()?);
            }
        }
        RecordData::Alias { target, zone: other, evaluate_health } => {
            let alias = AliasTarget::builder()
                .dns_name(target)
                .hosted_zone_id(other.as_deref().unwrap_or(zone))
                .evaluate_target_health(*evaluate_health);
            set = set.alias_target(alias.build()?);
        }
    }
    if let Some(id) = record.properties.get("aws/health-check-id") {
        set = set.health_check_id(id);
    }
    if !record.key.set_identifier.is_empty() {
        set = routed(set.set_identifier(&record.key.set_identifier), &record.properties)?;
    }
    set.build()
}

fn routed(
    set: ResourceRecordSetBuilder,
    said: &BTreeMap<String, String>,
) -> Result<ResourceRecordSetBuilder, BuildError> {
    let get = |key: &str| said.get(key).map(String::as_str);
    let set = set
        .set_weight(get("aws/weight").map(|it| it.parse().unwrap_or_default()))
        .set_region(get("aws/region").map(ResourceRecordSetRegion::from))
        .set_failover(get("aws/failover").map(ResourceRecordSetFailover::from))
        .set_multi_value_answer(get("aws/multi-value-answer").map(|_| true));
    let geo = |key: &str| get(&format!("aws/geolocation-{key}")).map(str::to_owned);
    let continent = geo("continent-code");
    let country = geo("country-code").filter(|_| continent.is_none());
    let place = (continent.is_some() || country.is_some()).then(|| {
        GeoLocation::builder()
            .set_subdivision_code(geo("subdivision-code").filter(|_| continent.is_none()))
            .set_continent_code(continent)
            .set_country_code(country)
            .build()
    });
    Ok(set.set_geo_location(place).set_geo_proximity_location(near(said)?))
}

fn near(said: &BTreeMap<String, String>) -> Result<Option<GeoProximityLocation>, BuildError> {
    let get = |key: &str| said.get(&format!("aws/geoproximity-{key}")).cloned();
    if !said.keys().any(|key| key.starts_with("aws/geoproximity-")) {
        return Ok(None);
    }
    let at = match get("coordinates").as_deref().and_then(|it| it.split_once(',')) {
        Some((latitude, longitude)) => {
            Some(Coordinates::builder().latitude(latitude).longitude(longitude).build()?)
        }
        None => None,
    };
    let bias = get("bias").and_then(|it| it.parse().ok());
    let place = GeoProximityLocation::builder()
        .set_aws_region(get("region"))
        .set_local_zone_group(get("local-zone-group"))
        .set_coordinates(at)
        .set_bias(bias);
    Ok(Some(place.build()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_were_meant() {
        let cases = [
            ("\\052.Example.com.", "*.example.com"),
            ("a\\040b.example.com.", "a b.example.com"),
            ("plain.example.com", "plain.example.com"),
            ("odd\\09.example.com.", "odd\\09.example.com"),
        ];
        for (spelled, meant) in cases {
            assert_eq!(name(spelled), meant);
        }
    }

    #[test]
    fn what_is_sent_reads_back_as_it_was() {
        let routings: [&[(&str, &str)]; 7] = [
            &[("aws/weight", "10"), ("aws/health-check-id", "abc")],
            &[("aws/region", "eu-west-1")],
            &[("aws/failover", "PRIMARY")],
            &[("aws/multi-value-answer", "")],
            &[("aws/geolocation-continent-code", "EU")],
            &[("aws/geolocation-country-code", "US"), ("aws/geolocation-subdivision-code", "CA")],
            &[("aws/geoproximity-coordinates", "1.0,2.0"), ("aws/geoproximity-bias", "5")],
        ];
        for routing in routings {
            let pairs = routing.iter().map(|(key, value)| (key.to_string(), value.to_string()));
            let record = Record {
                key: RecordKey {
                    name: "www.example.com".into(),
                    record_type: RecordType::A,
                    set_identifier: "blue".into(),
                },
                ttl: Some(60),
                data: RecordData::Values(["192.0.2.1".to_owned()].into()),
                properties: pairs.collect(),
            };
            let sent = to_route53(&record, "Z1").expect("name and type are given");
            assert_eq!(from_route53(&sent, "Z1"), Some(record));
        }
    }
}
