//! Who may write, how fast is asked, and what is counted.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use inroad_aws::{Aws, Connect, Error, apply, gather};
use inroad_emulator::{
    Emulator,
    faults::{Effect, Script},
};
use inroad_plan::Op;
use inroad_words::{ResourceKind, Retry, facts::Need};

use crate::world::{World, key, stack};

fn connect(world: &World) -> Connect {
    Connect {
        region: Some("us-west-2".into()),
        http: Some(world.emulator.connector()),
        credentials: Some(Credentials::new("id", "secret", None, None, "test")),
        ..Connect::default()
    }
}

fn create(world: &World) -> Op {
    Op::CreateTargetGroup { key: key(ResourceKind::TargetGroup), spec: world.target_group() }
}

#[tokio::test]
async fn a_closed_gate_lets_reads_pass_and_no_write() {
    let mut world = World::new().await;
    let gate: inroad_aws::Gate = Arc::new(|| false);
    world.aws = Aws::connect(Connect { gate: Some(gate), ..connect(&world) }).await;
    let error = world.try_op(&create(&world)).await.expect_err("nobody leads");
    assert!(matches!(error, Error::NotLeading(_)), "{error:?}");
    assert_eq!(error.retry(), Retry::OnChange);
    assert!(world.aws.calls().is_empty(), "nothing has left: {:?}", world.aws.calls());
    world.seen(&stack()).await;
}

/// The lease runs out between an attempt and the SDK's own next one.
#[tokio::test]
async fn the_gate_is_asked_before_each_attempt() {
    let world = World::new().await;
    let asked = Arc::new(AtomicU32::new(0));
    let counter = asked.clone();
    let gate: inroad_aws::Gate = Arc::new(move || counter.fetch_add(1, Ordering::SeqCst) == 0);
    let aws = Aws::connect(Connect { gate: Some(gate), ..connect(&world) }).await;
    let script = Script::new("elasticloadbalancing", "CreateTargetGroup", 1, Effect::Throttle);
    world.emulator.script(script);
    let error = apply(&aws, &create(&world)).await.expect_err("the second attempt may not leave");
    assert!(matches!(error, Error::NotLeading(_)), "{error:?}");
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(aws.calls()["elasticloadbalancing:CreateTargetGroup"], 1);
}

#[tokio::test]
async fn answers_are_counted_by_what_they_say() {
    let world = World::new().await;
    let script = Script::new("elasticloadbalancing", "CreateTargetGroup", 1, Effect::Throttle);
    world.emulator.script(script);
    world.op(create(&world)).await;
    let answers = world.aws.answers();
    let told: BTreeMap<_, _> = answers
        .iter()
        .filter(|(answer, _)| answer.operation == "CreateTargetGroup")
        .map(|(answer, sum)| {
            ((answer.status, answer.code.as_str(), answer.throttled), sum.attempts)
        })
        .collect();
    let wanted = [((Some(200), "", false), 1), ((Some(400), "Throttling", true), 1)];
    assert_eq!(told, BTreeMap::from(wanted));
    assert_eq!(world.aws.calls()["elasticloadbalancing:CreateTargetGroup"], 2);
}

#[tokio::test]
async fn retries_end_where_they_are_told_to() {
    let world = World::new().await;
    let mut once = connect(&world);
    once.patience.attempts = 1;
    let aws = Aws::connect(once).await;
    world.emulator.script(Script::new("*", "*", 1, Effect::Throttle));
    let error = apply(&aws, &create(&world)).await.expect_err("one attempt");
    assert!(matches!(error, Error::Throttled(_)), "{error:?}");
    assert_eq!(aws.calls().values().sum::<u64>(), 1);
}

/// Never answers.
#[derive(Debug)]
struct Silence;

impl HttpConnector for Silence {
    fn call(&self, _request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(std::future::pending())
    }
}

#[tokio::test]
async fn nobody_is_waited_for_for_ever() {
    let world = World::new().await;
    let mut silent = connect(&world);
    silent.http = Some(http_client_fn(|_, _| SharedHttpConnector::new(Silence)));
    silent.patience.attempt = Duration::from_millis(20);
    silent.patience.call = Duration::from_millis(30);
    let aws = Aws::connect(silent).await;
    let error = apply(&aws, &create(&world)).await.expect_err("nobody answers");
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    assert_eq!(
        error.retry(),
        Retry::Soon,
        "whether it was done is seen when it is looked at again"
    );
    let default = Connect::default().patience;
    assert!(default.attempt <= default.call && default.call <= Duration::from_secs(120));
}

/// Writes down where each request goes, and passes it on.
#[derive(Debug)]
struct Recorder {
    inner: Emulator,
    seen: Arc<Mutex<Vec<String>>>,
}

impl HttpConnector for Recorder {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        self.seen.lock().expect("nobody panics with it").push(request.uri().to_owned());
        HttpConnector::call(&self.inner, request)
    }
}

#[tokio::test]
async fn each_service_has_its_own_endpoint() {
    let world = World::new().await;
    let seen = Arc::default();
    let mut connect = connect(&world);
    let recorder = Recorder { inner: world.emulator.clone(), seen: Arc::clone(&seen) };
    let recorder = SharedHttpConnector::new(recorder);
    connect.http = Some(http_client_fn(move |_, _| recorder.clone()));
    let url = "http://balancers.test";
    connect.endpoints.insert("elastic load balancing V2".into(), url.into());
    let aws = Aws::connect(connect).await;
    assert_eq!(aws.endpoint("Elastic Load Balancing v2"), Some(url));
    assert_eq!(aws.endpoint("Route 53"), None);
    apply(&aws, &create(&world)).await.expect("the emulator listens everywhere");
    gather(&aws, &BTreeSet::from([Need::Vpc]), &world.own.vpc).await;
    let seen = seen.lock().expect("nobody panics with it").clone();
    assert!(seen[0].starts_with(url), "{seen:?}");
    assert!(seen[1].contains("ec2.us-west-2"), "{seen:?}");
}
