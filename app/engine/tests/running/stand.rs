//! The engine between an API server and an account, all in one thread, so that whoever looks around finds
//! silence only where nobody has anything to do. Calls are counted where they arrive: every attempt.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use inroad_apiserver::Server;
use inroad_cluster::{Writer, live};
use inroad_dns::{Cached, Route53};
use inroad_emulator::{Quotas, Settings, seed};
use inroad_engine::Edges;
use inroad_engine::live::{Engine, Halves, Lead, Pace, Setup, Told};
use inroad_sim::account::controller;
use inroad_words::Kind;
use serde_json::Value;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::account::Lab;

/// Between two looks around.
const LOOK: Duration = Duration::from_millis(50);
/// How long a zone is remembered.
const KEEP: Duration = Duration::from_secs(600);
/// As many looks as must find nothing new: longer than first attempts are put off.
const SILENCE: usize = 30;

pub(crate) struct Stand {
    pub(crate) lab: Lab,
    pub(crate) api: Server,
    /// How engines keep time.
    pub(crate) pace: Pace,
    /// What engines have told of so far.
    told: Arc<AtomicUsize>,
}

/// A process under way.
pub(crate) struct Process {
    stop: CancellationToken,
    engine: JoinHandle<Vec<String>>,
}

impl Process {
    /// Ends it; what failed in its life.
    pub(crate) async fn end(self) -> Vec<String> {
        self.stop.cancel();
        self.engine.await.expect("an engine does not panic")
    }
}

/// Calls by operation.
pub(crate) struct Count(pub(crate) BTreeMap<String, usize>);

impl Count {
    /// All of them.
    pub(crate) fn all(&self) -> usize {
        self.0.values().sum()
    }

    /// Those of these operations.
    pub(crate) fn of(&self, operations: &[&str]) -> usize {
        let named = |name: &str| operations.iter().any(|one| name.ends_with(&format!(":{one}")));
        self.0.iter().filter(|(name, _)| named(name)).map(|(_, count)| count).sum()
    }
}

impl Stand {
    pub(crate) fn new(objects: impl IntoIterator<Item = Value>) -> Self {
        let quotas = Quotas {
            load_balancers: 100,
            rules_per_load_balancer: 1000,
            target_groups_per_load_balancer: 1000,
            targets_per_load_balancer: 5000,
            ..Quotas::default()
        };
        let lab = Lab::of(Settings { quotas, ..Settings::default() });
        let stand = Self { lab, api: Server::new(), pace: Pace::default(), told: Arc::default() };
        stand.apply(objects);
        stand
    }

    /// How many targets each target group has whose name begins so; those that are drained have left.
    pub(crate) fn registered(&self, name: &str) -> Vec<usize> {
        let all = seed::snapshot(&self.lab.emulator.account());
        let groups = all["TargetGroups"].as_array().cloned().unwrap_or_default();
        let ours = groups
            .iter()
            .filter(|it| it["TargetGroupName"].as_str().is_some_and(|it| it.starts_with(name)));
        ours.map(|group| {
            let targets = group["TargetHealthDescriptions"].as_array();
            let staying = |it: &&Value| it["TargetHealth"]["State"] != "draining";
            targets.into_iter().flatten().filter(staying).count()
        })
        .collect()
    }

    pub(crate) fn apply(&self, objects: impl IntoIterator<Item = Value>) {
        for object in objects {
            self.api.apply(&object);
        }
    }

    /// Starts a process and waits until it has done what is due.
    pub(crate) async fn start(&self) -> (Process, Count) {
        let before = self.lab.calls();
        let client = self.api.client();
        let kinds: BTreeSet<Kind> = Kind::ALL.iter().copied().collect();
        let (_, lead) = watch::channel(Lead { balancers: true, dns: true });
        let engine = Engine::new(Setup {
            edges: self.edges().await,
            writer: Writer::new(client.clone(), Arc::new(|| true)),
            controller: controller(),
            halves: Halves { balancers: true, dns: true },
            pace: self.pace.clone(),
            kinds: kinds.clone(),
            lead,
            act: true,
            seed: 1,
        });
        let feed = live::feed(client, live::Watching { kinds, namespace: None });
        let stop = CancellationToken::new();
        let (stopped, told) = (stop.clone(), self.told.clone());
        let engine = tokio::spawn(async move {
            let mut failures = Vec::new();
            let mut tell = |event: Told<'_>| {
                told.fetch_add(1, Ordering::Relaxed);
                match event {
                    Told::Failed(unit, error) => failures.push(format!("{unit:?}: {error}")),
                    Told::Turn { outcome, .. } => {
                        failures.extend(outcome.failed.values().map(ToString::to_string));
                    }
                    _ => {}
                }
            };
            engine.run(feed, stopped, &mut tell).await;
            failures
        });
        self.silence().await;
        (Process { stop, engine }, self.since(before))
    }

    async fn edges(&self) -> Edges {
        let aws = self.lab.edges().await.aws;
        let dns = Arc::new(Cached::new(Route53::new(aws.config()), KEEP));
        Edges { aws, dns }
    }

    /// Does something and waits; the calls that it makes.
    pub(crate) async fn after(&self, change: impl FnOnce(&Self)) -> Count {
        let before = self.lab.calls();
        change(self);
        self.silence().await;
        self.since(before)
    }

    async fn silence(&self) {
        let (mut last, mut looks) = ((0, 0, 0), 0);
        while looks < SILENCE {
            tokio::time::sleep(LOOK).await;
            let now = (self.lab.calls(), self.told.load(Ordering::Relaxed), self.api.revision());
            looks = if now == last { looks + 1 } else { 0 };
            last = now;
        }
    }

    fn since(&self, before: usize) -> Count {
        let mut by = BTreeMap::new();
        for call in self.lab.emulator.calls().iter().skip(before) {
            *by.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
        }
        Count(by)
    }
}
