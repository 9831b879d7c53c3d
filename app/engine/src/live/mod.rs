//! Runs for ever: news of the cluster in, turns of units out. One queue, one turn a unit at a time, turns
//! of different units side by side. Everything that is remembered here can be found out again: the
//! process may die at any moment.

mod asked;
mod backoff;
mod begin;
mod bindings;
mod end;
mod hear;
mod memory;
mod queue;
mod restart;
mod start;
mod turn;

use std::{
    collections::BTreeSet,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::{FutureExt, Stream, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use inroad_aws::Inventory;
use inroad_cluster::{News, Writer};
use inroad_words::{Kind, StackKey, Unit, ZoneKey, controller::Controller};
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use self::{asked::Asked, backoff::Backoff, memory::Remembered, queue::Queue, turn::Hands};
use crate::{EngineError, Planned, pipeline::Edges};

pub use self::{asked::Halves, queue::Lane};

/// How the engine keeps time.
#[derive(Debug, Clone)]
pub struct Pace {
    /// Between two looks at what exists of a unit that nobody has changed.
    pub drift: Duration,
    /// The same for zones.
    pub zones: Duration,
    /// How long names are followed to where they led before, once they lead to another load balancer:
    /// more than the 60 s of an alias record.
    pub handover: Duration,
    /// Turns at the same time.
    pub at_once: usize,
    /// How long kinds that cannot be listed are waited for at the start; then it begins without them.
    pub patience: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            drift: Duration::from_secs(600),
            zones: Duration::from_secs(60),
            handover: Duration::from_secs(90),
            at_once: 8,
            patience: Duration::from_secs(60),
        }
    }
}

impl Pace {
    fn of(&self, unit: &Unit) -> Duration {
        match unit {
            Unit::Zone(_) => self.zones,
            Unit::Foundation | Unit::Stack(_) | Unit::Targets(_) => self.drift,
        }
    }
}

/// Which halves this process leads: only those may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lead {
    /// Load balancers and their targets.
    pub balancers: bool,
    /// DNS records.
    pub dns: bool,
}

impl Lead {
    fn of(self, unit: &Unit) -> bool {
        match unit {
            Unit::Zone(_) => self.dns,
            Unit::Foundation | Unit::Stack(_) | Unit::Targets(_) => self.balancers,
        }
    }
}

/// What is told to whoever counts and logs.
#[derive(Debug)]
pub enum Told<'a> {
    /// News of the cluster that is no change of an object.
    Cluster(&'a News),
    /// Kinds that are still not listed: none any more, or what cannot be was waited for long enough.
    Listed(&'a BTreeSet<Kind>),
    /// This process leads other halves than before.
    Leads(Lead),
    /// A unit had its turn.
    Turn {
        /// What was planned.
        planned: &'a Planned,
        /// What came of it.
        outcome: &'a inroad_plan::Outcome,
        /// From the beginning of the turn to its end.
        took: Duration,
    },
    /// A unit could not be planned; `None`: the outside did not say what is there at all.
    Failed(Option<&'a Unit>, &'a EngineError),
    /// A stack that AWS holds and that no object asks for or has asked for: it is left alone.
    Orphan(&'a StackKey),
    /// Nothing is due now: this many units are kept, and as many of them fail.
    Quiet {
        /// Units that are asked for.
        units: usize,
        /// Units whose last turn failed.
        failing: usize,
    },
}

type Tell<'a> = &'a mut (dyn FnMut(Told<'_>) + Send);

/// The engine.
pub struct Engine {
    hands: Arc<Hands>,
    pace: Pace,
    lead: watch::Receiver<Lead>,
    leads: Lead,
    asked: Asked,
    memory: Remembered,
    queue: Queue,
    backoff: Backoff,
    start: start::Start,
    random: fastrand::Rng,
    works: FuturesUnordered<BoxFuture<'static, Work>>,
    /// Whether nothing is under way, for others to ask.
    idle: Arc<AtomicBool>,
    /// A listing is under way, or when one may begin.
    listing: bool,
    list_at: Instant,
    /// The zones are being asked for, or when they are to be.
    naming: bool,
    zones_at: Instant,
    quiet: bool,
    /// The cluster knows TargetGroupBindings.
    publishes: bool,
}

/// What an engine is made of.
pub struct Setup {
    /// AWS and DNS.
    pub edges: Edges,
    /// The way back into the cluster.
    pub writer: Writer,
    /// The settings in force.
    pub controller: Controller,
    /// Which halves are on.
    pub halves: Halves,
    /// How it keeps time.
    pub pace: Pace,
    /// Kinds that the feed tells of: nothing is done before each was listed.
    pub kinds: BTreeSet<Kind>,
    /// Which halves this process leads, as that changes.
    pub lead: watch::Receiver<Lead>,
    /// Whether anything is done at all, or only planned.
    pub act: bool,
    /// Where chance comes from: it spreads what would otherwise come at once.
    pub seed: u64,
}

/// What has ended.
enum Work {
    Turn(Box<turn::Done>, Duration),
    Listing(Result<Inventory, EngineError>),
    Zones(Result<BTreeSet<ZoneKey>, EngineError>),
}

impl Engine {
    /// An engine that knows nothing yet.
    pub fn new(setup: Setup) -> Self {
        let Setup { edges, writer, controller, halves, pace, kinds, lead, act, seed } = setup;
        let stop = CancellationToken::new();
        Self {
            hands: Arc::new(Hands { edges, writer, controller, act, stop }),
            pace,
            start: start::Start::new(&kinds),
            lead,
            leads: Lead::default(),
            asked: Asked::new(halves, &kinds),
            memory: Remembered::default(),
            queue: Queue::default(),
            backoff: Backoff::default(),
            random: fastrand::Rng::with_seed(seed),
            works: FuturesUnordered::new(),
            idle: Arc::new(AtomicBool::new(true)),
            listing: false,
            list_at: Instant::now(),
            naming: false,
            zones_at: Instant::now(),
            quiet: false,
            publishes: false,
        }
    }

    /// Whether nothing is under way. Who has lost the lead must not contend for it again before: what was
    /// begun under the old lead would go on under the next.
    pub fn idle(&self) -> inroad_cluster::Gate {
        let idle = self.idle.clone();
        Arc::new(move || idle.load(Ordering::Acquire))
    }

    /// Runs until it is told to stop; turns under way then end with the steps that they have begun.
    pub async fn run(
        mut self,
        feed: impl Stream<Item = News>,
        stop: CancellationToken,
        tell: &mut (dyn FnMut(Told<'_>) + Send),
    ) {
        let mut feed = pin!(feed.fuse());
        let patience = Instant::now() + self.pace.patience;
        while !stop.is_cancelled() {
            self.follow_lead(tell);
            self.begin_works(tell);
            self.idle.store(self.works.is_empty(), Ordering::Release);
            let next = self.next_at().unwrap_or_else(|| Instant::now() + self.pace.drift);
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                Ok(()) = self.lead.changed() => {}
                Some(work) = self.works.next() => self.end(work, tell),
                Some(news) = feed.next() => {
                    let mut all = vec![news];
                    while let Some(Some(more)) = feed.next().now_or_never() {
                        all.push(more);
                    }
                    self.hear(all, tell);
                }
                () = tokio::time::sleep_until(patience), if !self.start.is_over() => {
                    self.begin(tell);
                }
                () = tokio::time::sleep_until(next) => {}
            }
        }
        self.hands.stop.cancel();
        while let Some(work) = self.works.next().await {
            self.end(work, tell);
        }
    }
}
