//! Everything outside of the processes: account, cluster, weather, and what was noticed.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use fastrand::Rng;
use inroad_apiserver::{Place, Server};
use inroad_cluster::lease::BALANCERS_LEASE;
use inroad_emulator::{Emulator, Settings, seed};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::Instant;

use crate::{
    account,
    watchman::Watchman,
    weather::{Luck, Weather},
    wish::{Way, Wish},
};

/// Where the lease is kept.
pub(crate) const LEASES: &str = "kube-system";

/// So many turns at one moment have no reason.
const TOO_MANY: u32 = 1000;

/// When every schedule begins: 2026-01-01T00:00:00Z.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or_default()
}

/// The outside of the processes of one schedule.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) emulator: Emulator,
    pub(crate) server: Server,
    began: Instant,
    inner: Mutex<Inner>,
}

#[derive(Debug)]
struct Inner {
    dice: Rng,
    aws: Weather,
    api: Weather,
    watchman: Watchman,
    trace: Vec<String>,
    wrongs: Vec<String>,
    writes: usize,
    /// Turns at the same moment.
    turns: (Duration, u32),
}

impl Stage {
    /// A cluster with these objects beside an account with none of ours.
    pub(crate) fn new(dice: Rng, wish: &Wish) -> Self {
        let (emulator, server) = (Emulator::new(Settings::default()), Server::new());
        emulator.stop_clock(beginning());
        account::furnish(&emulator);
        for object in wish.objects() {
            server.apply(&object);
        }
        let watchman = Watchman::new(&seed::snapshot(&emulator.account()));
        let inner = Inner {
            dice,
            aws: Weather::default(),
            api: Weather::default(),
            watchman,
            trace: Vec::new(),
            wrongs: Vec::new(),
            writes: 0,
            turns: (Duration::ZERO, 0),
        };
        Self { emulator, server, began: Instant::now(), inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The account as one document.
    pub(crate) fn snapshot(&self) -> Value {
        self.pass_time();
        seed::snapshot(&self.emulator.account())
    }

    /// The account's clock follows the schedule's.
    pub(crate) fn pass_time(&self) {
        self.emulator.stop_clock(self.time());
    }

    fn time(&self) -> Timestamp {
        beginning() + SignedDuration::try_from(self.began.elapsed()).unwrap_or_default()
    }

    /// The time in seconds since 1970.
    pub(crate) fn now(&self) -> String {
        self.time().as_second().to_string()
    }

    pub(crate) fn set_weather(&self, aws: Weather, api: Weather) {
        let mut inner = self.inner();
        (inner.aws, inner.api) = (aws, api);
    }

    /// Nothing gets through to AWS, or to the API server, or it does again.
    pub(crate) fn set_out(&self, aws: bool, out: bool) {
        let inner = &mut *self.inner();
        let weather = if aws { &mut inner.aws } else { &mut inner.api };
        weather.out = out;
    }

    /// What happens to the next call of AWS, and another roll for how.
    pub(crate) fn aws_luck(&self) -> (Luck, bool) {
        let inner = &mut *self.inner();
        (inner.aws.luck(&mut inner.dice), inner.dice.bool())
    }

    /// The same for the API server.
    pub(crate) fn api_luck(&self) -> (Luck, bool) {
        let inner = &mut *self.inner();
        (inner.api.luck(&mut inner.dice), inner.dice.bool())
    }

    /// Writes down what happens.
    pub(crate) fn note(&self, what: impl std::fmt::Display) {
        let line = format!("{:>9.3} {what}", self.began.elapsed().as_secs_f64());
        self.inner().trace.push(line);
    }

    /// Writes down what must not be.
    pub(crate) fn wrong(&self, what: impl std::fmt::Display) {
        self.note(format!("WRONG: {what}"));
        self.inner().wrongs.push(what.to_string());
    }

    pub(crate) fn is_wrong(&self) -> bool {
        !self.inner().wrongs.is_empty()
    }

    /// What was wrong, and everything that happened.
    pub(crate) fn verdict(&self) -> (Vec<String>, Vec<String>) {
        let inner = self.inner();
        (inner.wrongs.clone(), inner.trace.clone())
    }

    /// A write is about to be made: only who holds the lease may.
    pub(crate) fn check_lead(&self, identity: &str) {
        self.count_write();
        let holder = self.holder();
        if holder.as_deref() != Some(identity) {
            self.wrong(format!("{identity} writes while {holder:?} leads"));
        }
    }

    /// Something is about to be written, to AWS or to the cluster.
    pub(crate) fn count_write(&self) {
        self.inner().writes += 1;
    }

    /// Writes so far, of all processes; those of leases do not count.
    pub(crate) fn writes(&self) -> usize {
        self.inner().writes
    }

    /// Something had its turn. Who has one after another while no time passes would have them for ever.
    ///
    /// # Panics
    /// After far too many: nothing else ends an engine that never waits.
    pub(crate) fn count_turn(&self, what: &str) {
        let now = self.began.elapsed();
        let turns = {
            let inner = &mut *self.inner();
            let before = if inner.turns.0 == now { inner.turns.1 } else { 0 };
            inner.turns = (now, before + 1);
            before
        };
        if turns > TOO_MANY {
            self.wrong(format!("{what} has one turn after another"));
            panic!("{what} has one turn after another");
        }
    }

    /// Who holds the lease.
    pub(crate) fn holder(&self) -> Option<String> {
        let place = Place {
            collection: "coordination.k8s.io/v1/leases".into(),
            namespace: LEASES.into(),
            name: BALANCERS_LEASE.into(),
        };
        let lease = self.server.get(&place)?;
        Some(lease.pointer("/spec/holderIdentity")?.as_str()?.to_owned())
    }

    /// Something was written: is all still there that must be?
    pub(crate) fn look(&self) {
        let snapshot = self.snapshot();
        let wrongs = self.inner().watchman.look(&snapshot);
        if !wrongs.is_empty() {
            // Once said is enough.
            self.promise(BTreeSet::new());
        }
        wrongs.into_iter().for_each(|wrong| self.wrong(wrong));
    }

    /// Somebody changed something by hand: what does not work now is nobody's promise.
    pub(crate) fn forgive(&self) {
        let snapshot = self.snapshot();
        self.inner().watchman.forgive(&snapshot);
    }

    /// All of these ways work, and must go on to.
    pub(crate) fn promise(&self, ways: BTreeSet<Way>) {
        self.inner().watchman.promised = ways;
    }

    /// Only what is wished without a break is promised.
    pub(crate) fn keep_promised(&self, keep: impl Fn(&Way) -> bool) {
        self.inner().watchman.promised.retain(keep);
    }
}
