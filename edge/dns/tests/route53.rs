//! Route 53, as the emulated account has it, behind the unmodified SDK.

mod battery;

use std::collections::BTreeMap;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use battery::{Bench, contract, create, record};
use inroad_dns::{Provider, Route53};
use inroad_emulator::{Emulator, Settings};
use inroad_plan::RecordChange;
use inroad_words::{
    ZoneKey,
    record::{Record, RecordData, RecordType},
};
use serde_json::json;

fn route53(emulator: &Emulator) -> Route53 {
    let credentials = Credentials::from_keys("AKIDEXAMPLE", "secret", None);
    let config = SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-west-2"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .http_client(emulator.connector())
        .build();
    Route53::new(&config)
}

fn zone(emulator: &Emulator) -> ZoneKey {
    let input = json!({"Name": "example.com", "CallerReference": "one"});
    let made = emulator.call("route53", "CreateHostedZone", &input).expect("a first zone");
    let id = made["HostedZone"]["Id"].as_str().expect("an id");
    ZoneKey { name: "example.com".into(), id: id.trim_start_matches("/hostedzone/").into() }
}

#[tokio::test]
async fn it_does_what_every_provider_does() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    contract(&Bench { provider: &route53(&emulator), zone }).await;
}

#[tokio::test]
async fn aliases_and_routing_read_back_as_they_were_written() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    let provider = route53(&emulator);
    let bench = Bench { provider: &provider, zone };
    let alias = |name: &str, target: &str, zone: Option<&str>| Record {
        ttl: None,
        data: RecordData::Alias {
            target: target.into(),
            zone: zone.map(Into::into),
            evaluate_health: false,
        },
        ..record(name, RecordType::A, &[])
    };
    let weighted = |id: &str, weight: &str, value: &str| {
        let mut record = record("w.example.com", RecordType::A, &[value]);
        record.key.set_identifier = id.into();
        record.properties = BTreeMap::from([("aws/weight".into(), weight.into())]);
        record
    };
    let written = [
        alias("cdn.example.com", "d1.cloudfront.net", Some("Z2FDTNDATAQYW2")),
        record("here.example.com", RecordType::A, &["192.0.2.1"]),
        alias("same.example.com", "here.example.com", None),
        weighted("blue", "10", "192.0.2.1"),
        weighted("green", "0", "192.0.2.2"),
    ];
    bench.apply(&written.each_ref().map(create)).await.expect("all of it is legal");
    let read = bench.records().await;
    assert_eq!(read.into_values().collect::<Vec<_>>(), {
        let mut sorted = written.to_vec();
        sorted.sort_by(|a, b| a.key.cmp(&b.key));
        sorted
    });
    let gone = written.map(|before| RecordChange::Delete { before });
    let gone: Vec<RecordChange> = gone.into_iter().rev().collect();
    bench.apply(&gone).await.expect("they are there as they were read");
    assert!(bench.records().await.is_empty());
    assert_eq!(provider.zones().await.map(|it| it.len()).ok(), Some(1));
}
