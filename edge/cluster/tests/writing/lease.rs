//! Who may write: the protocol of client-go's leader election, seen from outside. Time is paused, so
//! every moment is exact.

use std::{sync::Arc, time::Duration};

use inroad_apiserver::{
    Place, Server,
    faults::{Effect, Script},
};
use inroad_cluster::{
    LeaseSettings, lead,
    lease::{BALANCERS_LEASE, Leadership},
};
use serde_json::{Value, json};
use tokio::{sync::oneshot, time::Instant};

use super::wire::Wire;

const COLLECTION: &str = "coordination.k8s.io/v1/leases";

fn place() -> Place {
    Place {
        collection: COLLECTION.into(),
        namespace: "kube-system".into(),
        name: BALANCERS_LEASE.into(),
    }
}

/// One replica.
struct Replica {
    wire: Wire,
    leadership: Leadership,
    stop: Option<oneshot::Sender<()>>,
}

impl Replica {
    fn start(server: &Server, name: &str) -> Self {
        Self::start_with(server, |settings| settings.identity(name))
    }

    fn start_with(server: &Server, how: impl FnOnce(LeaseSettings) -> LeaseSettings) -> Self {
        let wire = Wire::to(server);
        let (stop, stopped) = oneshot::channel::<()>();
        let settings = how(LeaseSettings::new("kube-system", BALANCERS_LEASE));
        let leadership = lead(wire.client(), settings, async {
            // A test that ends without a word stops nothing.
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Self { wire, leadership, stop: Some(stop) }
    }

    fn writes(&self) -> bool {
        self.leadership.may_write()
    }

    async fn stop(&mut self) {
        let stop = self.stop.take().expect("it is stopped once");
        stop.send(()).expect("it still runs");
        self.leadership.released().await;
    }
}

fn seconds(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

fn spec(server: &Server) -> Value {
    server.get(&place()).expect("there is a Lease")["spec"].clone()
}

fn holder(server: &Server) -> String {
    spec(server)["holderIdentity"].as_str().expect("a holder").to_owned()
}

/// Lets time pass in small steps until `done`; says how long that took. At no step may two of them write.
async fn until(replicas: &[&Replica], patience: f64, done: impl Fn() -> bool) -> Duration {
    let began = Instant::now();
    while !done() {
        let passed = began.elapsed();
        assert!(passed < seconds(patience), "not after {passed:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
        let writers = replicas.iter().filter(|it| it.writes()).count();
        assert!(writers <= 1, "{writers} may write after {:?}", began.elapsed());
    }
    began.elapsed()
}

/// The same for a while.
async fn pass(replicas: &[&Replica], time: f64) {
    let end = Instant::now() + seconds(time);
    until(replicas, time + 1.0, || Instant::now() >= end).await;
}

#[tokio::test(start_paused = true)]
async fn a_free_lease_is_taken_and_renewed_and_a_follower_only_looks() {
    let server = Server::new();
    let first = Replica::start(&server, "first");
    until(&[&first], 0.2, || first.writes()).await;
    let taken = spec(&server);
    assert_eq!(
        (&taken["holderIdentity"], &taken["leaseDurationSeconds"], &taken["leaseTransitions"]),
        (&json!("first"), &json!(15), &json!(0))
    );
    assert_eq!(taken["acquireTime"], taken["renewTime"]);
    assert!(first.leadership.leads());
    assert_eq!(first.wire.writes(), ["create leases"]);

    let second = Replica::start(&server, "second");
    pass(&[&first, &second], 120.0).await;
    assert!(first.writes() && !second.writes() && !second.leadership.leads());
    // Every two seconds, and each a single request.
    let renewals = first.wire.asked();
    assert!((55..=61).contains(&renewals.len()), "{} renewals", renewals.len());
    assert!(renewals.iter().all(|it| it.verb == "update"), "{renewals:?}");
    let looks = second.wire.asked();
    assert!(looks.len() > 25 && looks.iter().all(|it| it.verb == "get"), "{looks:?}");
    let kept = spec(&server);
    assert_eq!(
        (&kept["acquireTime"], &kept["leaseTransitions"]),
        (&taken["acquireTime"], &json!(0))
    );
    assert_ne!(kept["renewTime"], taken["renewTime"]);
}

/// The API server is there for everybody but the leader: refused, or silent for ever.
#[tokio::test(start_paused = true)]
async fn a_leader_without_renewals_closes_by_its_own_clock_before_another_opens() {
    for silent in [false, true] {
        let server = Server::new();
        let first = Replica::start(&server, "first");
        until(&[&first], 0.2, || first.writes()).await;
        let second = Replica::start(&server, "second");
        pass(&[&first, &second], 9.0).await;
        let renewed = spec(&server)["renewTime"].clone();
        until(&[&first], 2.1, || spec(&server)["renewTime"] != renewed).await;
        match silent {
            true => first.wire.silence(true),
            false => server.script(Script::new("update", "leases", 100, Effect::Break)),
        }
        let closed = until(&[&first, &second], 15.0, || !first.writes()).await;
        let deadline = seconds(9.85)..=seconds(10.1);
        assert!(deadline.contains(&closed), "silent {silent}: it wrote for {closed:?}");
        // Nothing tells it: the process learns of it later than the gate.
        server.heal();
        if silent {
            let taken = until(&[&first, &second], 20.0, || second.writes()).await;
            assert!(taken > seconds(4.5), "15 s after the last renewal, not {taken:?} after 10");
            assert_eq!(
                (holder(&server), &spec(&server)["leaseTransitions"]),
                ("second".into(), &json!(1))
            );
            first.wire.silence(false);
            first.wire.asked();
            pass(&[&first, &second], 60.0).await;
            assert!(first.wire.writes().is_empty(), "who lost it looks only");
            assert!(!first.leadership.leads() && second.leadership.leads());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_back_need_not_expire() {
    let server = Server::new();
    let mut first = Replica::start(&server, "first");
    until(&[&first], 0.2, || first.writes()).await;
    let second = Replica::start(&server, "second");
    pass(&[&first, &second], 10.0).await;
    first.stop().await;
    assert!(!first.writes());
    let free = spec(&server);
    assert_eq!(
        (&free["holderIdentity"], &free["leaseDurationSeconds"], &free["leaseTransitions"]),
        (&json!(""), &json!(1), &json!(0))
    );
    let waited = until(&[&first, &second], 6.0, || second.writes()).await;
    assert!(waited <= seconds(4.5), "a retry, not an expiry: {waited:?}");
    let taken = spec(&server);
    assert_eq!(
        (&taken["leaseTransitions"], &taken["leaseDurationSeconds"]),
        (&json!(1), &json!(15))
    );

    // A follower that stops gives nothing back.
    let mut third = Replica::start(&server, "third");
    pass(&[&second, &third], 5.0).await;
    third.stop().await;
    assert!(third.wire.writes().is_empty() && holder(&server) == "second");
}

/// Who takes the Lease away need not be one of us.
#[tokio::test(start_paused = true)]
async fn a_lease_that_somebody_took_is_not_taken_back_while_they_hold_it() {
    let server = Server::new();
    let first = Replica::start(&server, "first");
    until(&[&first], 0.2, || first.writes()).await;
    let theirs = json!({ "spec": {
        "holderIdentity": "peer", "leaseDurationSeconds": 40, "leaseTransitions": 7,
    }});
    server.merge(&place(), &theirs);
    until(&[&first], 2.2, || !first.writes()).await;
    first.wire.asked();
    let waited = until(&[&first], 60.0, || first.writes()).await;
    assert!(waited >= seconds(39.0), "their own patience counts: {waited:?}");
    assert_eq!((holder(&server), &spec(&server)["leaseTransitions"]), ("first".into(), &json!(8)));
    assert_eq!(first.wire.writes(), ["update leases"], "one write when it had expired");
    // Each renewal moves the expiry.
    let renewed = Replica::start(&server, "late");
    pass(&[&first, &renewed], 60.0).await;
    assert!(!renewed.writes());
}

/// SIGSTOP: time goes on, nothing runs, and then everything at once.
#[tokio::test(start_paused = true)]
async fn a_leader_that_wakes_after_its_lease_writes_nothing() {
    let server = Server::new();
    let first = Replica::start(&server, "first");
    until(&[&first], 0.2, || first.writes()).await;
    pass(&[&first], 5.0).await;
    let gate = first.leadership.gate();
    server.merge(&place(), &json!({ "spec": { "holderIdentity": "peer", "leaseTransitions": 1 } }));
    first.wire.asked();
    tokio::time::advance(seconds(11.0)).await;
    assert!(!gate() && !first.writes(), "the first question after waking is answered with no");
    pass(&[&first], 10.0).await;
    assert!(first.wire.writes().is_empty() && !gate());
    assert_eq!(holder(&server), "peer");
}

/// The renewal was made, its answer never came: the version that we know is old, the holder is us.
#[tokio::test(start_paused = true)]
async fn a_lost_answer_loses_no_lease() {
    let server = Server::new();
    let first = Replica::start(&server, "first");
    until(&[&first], 0.2, || first.writes()).await;
    for _ in 0..5 {
        server.script(Script::new("update", "leases", 1, Effect::LoseAnswer));
        let end = Instant::now() + seconds(6.0);
        while Instant::now() < end {
            assert!(first.writes());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!((holder(&server), &spec(&server)["leaseTransitions"]), ("first".into(), &json!(0)));
    // The same for the first write of all.
    let server = Server::new();
    server.script(Script::new("create", "leases", 1, Effect::LoseAnswer));
    let other = Replica::start(&server, "other");
    until(&[&other], 5.0, || other.writes()).await;
    assert_eq!(spec(&server)["leaseTransitions"], json!(0), "it was ours all the time");
}

/// What was begun under an old lease must end before the next term.
#[tokio::test(start_paused = true)]
async fn nobody_contends_before_the_last_work_has_ended() {
    let server = Server::new();
    let idle = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = Arc::clone(&idle);
    let replica = Replica::start_with(&server, |settings| {
        settings
            .identity("busy")
            .idle(Arc::new(move || asked.load(std::sync::atomic::Ordering::SeqCst)))
    });
    pass(&[&replica], 30.0).await;
    assert!(replica.wire.writes().is_empty() && !replica.writes(), "it looks, and that is all");
    idle.store(true, std::sync::atomic::Ordering::SeqCst);
    until(&[&replica], 2.2, || replica.writes()).await;
    assert!(Leadership::always().may_write() && Leadership::always().leads());
}
