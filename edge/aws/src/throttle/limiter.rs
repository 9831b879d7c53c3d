//! The buckets themselves. An urgent call takes its token at once, into debt if need be, and sleeps
//! until it is paid: turns are kept in order, and each sleeper wakes once. A background call waits until
//! more than the reserved share is there, so that it can never make an urgent one wait for long.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use regex::Regex;
use tokio::time::{Instant, sleep};

use super::{Rate, Throttle};
use crate::client::Service;

/// Which share of each burst is kept for urgent calls.
const RESERVED: f64 = 0.5;
/// What every service may be asked while AWS does not complain: more than one process ever asks.
const FLOOR: (f64, u32) = (200.0, 400);
/// Throttled answers come in swarms; one swarm slows down once.
const SWARM: Duration = Duration::from_secs(1);
/// What a swarm leaves of the pace, and the least that is ever left.
const SLOWER: f64 = 0.5;
const SLOWEST: f64 = 1.0 / 64.0;
/// How much of the full pace comes back each second.
const FASTER: f64 = 0.02;

/// Who waits for the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// A target or a user's change.
    Urgent,
    /// Nobody: a check for drift, a re-tagging.
    Background,
}

/// Every bucket of a connection.
#[derive(Debug)]
pub(crate) struct Limiter {
    throttle: Option<Throttle>,
    paces: Mutex<BTreeMap<Service, Pace>>,
}

/// One service: its buckets, and how much of their rates it may use now. Time comes in from outside.
#[derive(Debug)]
pub(super) struct Pace {
    share: f64,
    slowed: Option<Instant>,
    at: Instant,
    buckets: Vec<Bucket>,
}

#[derive(Debug)]
struct Bucket {
    /// `None`: every operation.
    operations: Option<Regex>,
    per_second: f64,
    burst: f64,
    /// Below 0: so many have been promised.
    tokens: f64,
}

impl Limiter {
    pub(crate) fn new(throttle: Option<Throttle>) -> Self {
        Self { throttle, paces: Mutex::default() }
    }

    /// Waits for this call's turn.
    pub(crate) async fn turn(&self, service: Service, operation: &str, lane: Lane) {
        let Some(throttle) = &self.throttle else { return };
        let take = |pace: &mut Pace| pace.take(operation, lane);
        match lane {
            Lane::Urgent => {
                let wait = self.at(throttle, service, take).0;
                if !wait.is_zero() {
                    sleep(wait).await;
                }
            }
            Lane::Background => loop {
                match self.at(throttle, service, take) {
                    (_, true) => return,
                    (wait, false) => sleep(wait.max(Duration::from_millis(1))).await,
                }
            },
        }
    }

    /// Counts an attempt that did not wait: the SDK's own retry.
    pub(crate) fn also(&self, service: Service, operation: &str) {
        if let Some(throttle) = &self.throttle {
            self.at(throttle, service, |pace| pace.take(operation, Lane::Urgent));
        }
    }

    /// AWS said that this service is asked too fast.
    pub(crate) fn slow(&self, service: Service) {
        if let Some(throttle) = &self.throttle {
            self.at(throttle, service, Pace::slow);
        }
    }

    fn at<T>(&self, throttle: &Throttle, service: Service, work: impl FnOnce(&mut Pace) -> T) -> T {
        let mut paces = self.paces.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let pace = paces.entry(service).or_insert_with(|| Pace::new(throttle.of(service), now));
        pace.pass(now);
        work(pace)
    }
}

impl Pace {
    pub(super) fn new(rates: &[Rate], now: Instant) -> Self {
        let bucket = |operations, per_second, burst: u32| Bucket {
            operations,
            per_second,
            burst: burst.into(),
            tokens: burst.into(),
        };
        let named =
            rates.iter().map(|it| bucket(Some(it.operations.clone()), it.per_second, it.burst));
        let floor = bucket(None, FLOOR.0, FLOOR.1);
        let buckets = named.chain([floor]).collect();
        Self { share: 1.0, slowed: None, at: now, buckets }
    }

    /// Time passes: buckets fill at the pace of now, and the pace recovers.
    pub(super) fn pass(&mut self, now: Instant) {
        let seconds = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        for bucket in &mut self.buckets {
            let filled = bucket.tokens + seconds * bucket.per_second * self.share;
            bucket.tokens = filled.min(bucket.burst);
        }
        self.share = (self.share + seconds * FASTER).min(1.0);
    }

    /// Takes a token of every bucket that counts the operation; how long until all are paid, and
    /// whether they were taken at all.
    pub(super) fn take(&mut self, operation: &str, lane: Lane) -> (Duration, bool) {
        let share = self.share;
        let counts = |bucket: &&mut Bucket| {
            bucket.operations.as_ref().is_none_or(|pattern| pattern.is_match(operation))
        };
        let kept = |bucket: &Bucket| match lane {
            Lane::Urgent => 0.0,
            Lane::Background => (bucket.burst * RESERVED).floor(),
        };
        let mut buckets: Vec<&mut Bucket> = self.buckets.iter_mut().filter(counts).collect();
        let lacks = |it: &&mut Bucket| (1.0 + kept(it) - it.tokens) / (it.per_second * share);
        let wait = buckets.iter().map(lacks).fold(0.0, f64::max);
        let taken = lane == Lane::Urgent || wait <= 0.0;
        if taken {
            buckets.iter_mut().for_each(|bucket| bucket.tokens -= 1.0);
        }
        (Duration::from_secs_f64(wait), taken)
    }

    pub(super) fn slow(&mut self) {
        if self.slowed.is_some_and(|at| self.at.duration_since(at) < SWARM) {
            return;
        }
        self.slowed = Some(self.at);
        self.share = (self.share * SLOWER).max(SLOWEST);
        // What was saved up belongs to the time before.
        self.buckets.iter_mut().for_each(|bucket| bucket.tokens = bucket.tokens.min(1.0));
    }
}
