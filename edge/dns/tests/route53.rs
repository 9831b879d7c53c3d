//! Route 53, as the emulated account has it, behind the unmodified SDK.

mod battery;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::Duration,
};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::{Credentials, provider::SharedCredentialsProvider};
use battery::{Bench, contract, create, record};
use inroad_dns::{Cached, DnsError, Provider, Route53};
use inroad_emulator::{
    Emulator, Fault, Settings,
    faults::{Effect, Script},
};
use inroad_plan::RecordChange;
use inroad_words::{
    Retry, ZoneKey,
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
    // With a memory of what was written, and without.
    for keep in [Duration::ZERO, Duration::from_secs(3600)] {
        let emulator = Emulator::new(Settings::default());
        let zone = zone(&emulator);
        let provider = Cached::new(route53(&emulator), keep);
        contract(&Bench { provider: &provider, zone }).await;
    }
}

/// Listings that the account answered.
fn listings(emulator: &Emulator) -> usize {
    let calls = emulator.calls();
    calls.iter().filter(|call| call.operation.starts_with("List")).count()
}

#[tokio::test]
async fn a_zone_is_read_once_and_again_when_its_time_is_over() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    let provider = Cached::new(route53(&emulator), Duration::from_secs(3));
    let bench = Bench { provider: &provider, zone };
    let first = record("a.example.com", RecordType::A, &["192.0.2.1"]);
    assert!(bench.records().await.is_empty());
    bench.apply(&[create(&first)]).await.expect("a free name");
    assert_eq!(
        bench.records().await.into_values().collect::<Vec<_>>(),
        std::slice::from_ref(&first)
    );
    for _ in 0..3 {
        assert_eq!(provider.zones().await.map(|it| it.len()).ok(), Some(1));
    }
    assert_eq!(listings(&emulator), 2, "records once, zones once");
    assert_eq!(provider.calls().into_values().sum::<u64>(), 3);
    // Somebody else takes it away: unseen, until the time is over, somebody asks, or a batch fails.
    let stranger = route53(&emulator);
    let takes = || async {
        let gone = [RecordChange::Delete { before: first.clone() }];
        stranger.apply(&bench.zone, &gone).await.expect("it is there");
        assert_eq!(bench.records().await.len(), 1, "as far as is known");
    };
    takes().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(bench.records().await.is_empty());
    bench.apply(&[create(&first)]).await.expect("a free name");
    takes().await;
    provider.forget(Some(&bench.zone));
    assert!(bench.records().await.is_empty());
    bench.apply(&[create(&first)]).await.expect("a free name");
    takes().await;
    let upset = [RecordChange::Delete { before: first.clone() }];
    bench.apply(&upset).await.expect_err("it is gone");
    assert!(bench.records().await.is_empty());
}

#[tokio::test]
async fn who_may_not_write_sends_nothing() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    // The lease is lost while a batch is cut into smaller ones.
    let left = Arc::new(AtomicUsize::new(2));
    let asked = left.clone();
    let gate = move || asked.fetch_update(Relaxed, Relaxed, |it| it.checked_sub(1)).is_ok();
    let provider = Cached::new(route53(&emulator), Duration::from_secs(60)).gated(Arc::new(gate));
    let bench = Bench { provider: &provider, zone };
    let taken = record("b.example.com", RecordType::A, &["192.0.2.1"]);
    route53(&emulator).apply(&bench.zone, &[create(&taken)]).await.expect("a free name");
    let free = record("a.example.com", RecordType::A, &["192.0.2.1"]);
    let sent = || provider.calls().into_values().sum::<u64>();
    let before = sent();
    let error = bench.apply(&[create(&free), create(&taken)]).await.expect_err("it is shut");
    assert!(matches!(error, DnsError::NotLeading), "{error:?}");
    assert_eq!(sent() - before, 2, "both together, the first alone");
    assert_eq!(bench.records().await.len(), 2, "what was done is known");
    let again = bench.apply(&[create(&free)]).await.expect_err("it is shut");
    assert!(matches!(again, DnsError::NotLeading), "{again:?}");
}

#[tokio::test]
async fn who_asks_too_fast_waits_and_who_may_not_is_told_what_is_missing() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    let provider = Cached::new(route53(&emulator), Duration::from_secs(60));
    let bench = Bench { provider: &provider, zone };
    let change = "ChangeResourceRecordSets";
    let fails = |effect| emulator.script(Script::new("route53", change, 1, effect));
    let sent = || provider.calls().get("route53:ChangeResourceRecordSets").copied().unwrap_or(0);
    let made = [create(&record("a.example.com", RecordType::A, &["192.0.2.1"]))];

    fails(Effect::Throttle);
    let busy = Effect::Refuse(Fault::new("PriorRequestNotComplete", "one at a time"));
    emulator.script(Script::new("route53", change, 1, busy).after(1));
    bench.apply(&made).await.expect("it is done at the third attempt");
    assert_eq!(sent(), 3, "each attempt counts");

    // What may have been done is not sent again: it would be refused as being there.
    let lost = [create(&record("b.example.com", RecordType::A, &["192.0.2.1"]))];
    fails(Effect::LoseAnswer);
    let error = bench.apply(&lost).await.expect_err("nobody knows");
    assert!(matches!(error, DnsError::Silent { .. }), "{error:?}");
    assert_eq!((sent(), error.retry()), (4, Retry::Soon));
    assert_eq!(bench.records().await.len(), 2, "it was done, and is seen");

    fails(Effect::Refuse(Fault::new("AccessDenied", "not authorized").status(403)));
    let error = bench.apply(&made).await.expect_err("it is not allowed");
    assert!(matches!(error.retry(), Retry::After(_)), "{error:?}");
    let text = error.to_string();
    let on = format!("route53:{change} on hosted zone {} (example.com)", bench.zone.id);
    assert!(text.contains(&on), "{text}");
    assert_eq!(sent(), 5, "and is not tried again at once");
}

#[tokio::test]
async fn aliases_and_routing_read_back_as_they_were_written() {
    let emulator = Emulator::new(Settings::default());
    let zone = zone(&emulator);
    let provider = Cached::new(route53(&emulator), Duration::ZERO);
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
