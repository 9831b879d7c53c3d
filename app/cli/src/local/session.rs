//! One run of `local`: servers up, settle, show, watch.

use std::{collections::BTreeSet, net::SocketAddr, process::ExitCode, time::Duration};

use anyhow::Context;
use inroad_emulator::dns::{self, Addresses, DnsServer};
use inroad_engine::{Event, Settled};
use inroad_traffic::{Config, Routes, Traffic};
use inroad_words::{Diagnostic, Unit};
use k8s_openapi::api::core::v1::Node;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::{LocalArgs, backends::Backends, endpoints, ports, report};
use crate::{
    account::Account,
    cluster::{self, Cluster, Look},
    terminal,
};

/// How long the first health answers of new targets are waited for before the result is shown.
const HEALTH_PATIENCE: Duration = Duration::from_secs(20);
/// How often targets of what takes another's place are waited for before something else is done.
const SUCCESSIONS: usize = 3;
/// After which time what failed is tried again, at first and at most.
const RETRY: Duration = Duration::from_secs(2);
const LONGEST_RETRY: Duration = Duration::from_secs(60);
/// How long open connections may take to end at the close.
const CLOSE_PATIENCE: Duration = Duration::from_secs(3);

/// Everything that runs.
pub(super) struct Session {
    args: LocalArgs,
    once: bool,
    cluster: Cluster,
    traffic: Traffic,
    routes: Routes,
    backends: Backends,
    aws: SocketAddr,
    dns: DnsServer,
    stop: CancellationToken,
    said: Vec<Diagnostic>,
}

impl Session {
    /// Opens the folder, the account and every port.
    ///
    /// # Errors
    /// What keeps it from starting.
    pub(super) async fn open(args: LocalArgs) -> anyhow::Result<Self> {
        let once = args.settings.values()?.on("once");
        let account = args.state.as_deref().map_or(Account::Empty, Account::State);
        let cluster =
            Cluster::open(&args.dir, account, &args.settings, args.backend.clone()).await?;
        let emulator = cluster.emulator.clone();
        let stop = CancellationToken::new();
        let (listener, note) =
            ports::open("the AWS API", args.aws_listen, ports::AWS, TcpListener::bind).await?;
        let aws = listener.local_addr()?;
        tokio::spawn(inroad_emulator::serve(listener, emulator.clone(), stop.clone()));
        let addresses = Addresses::default();
        let serve =
            |address| dns::serve(address, emulator.clone(), addresses.clone(), stop.clone());
        let (dns, dns_note) = ports::open("DNS", args.dns_listen, ports::DNS, serve).await?;
        for note in [note, dns_note].into_iter().flatten() {
            terminal::note(&note);
        }
        let routes = Routes::new();
        let config = Config { own_addresses: !args.shared_address, ..Config::default() };
        let traffic = Traffic::start(emulator, addresses, routes.clone(), config, stop.clone());
        Ok(Self {
            args,
            once,
            cluster,
            traffic,
            routes,
            backends: Backends::default(),
            aws,
            dns,
            stop,
            said: Vec::new(),
        })
    }

    /// Settles, shows, and with a folder to watch does so for each save.
    ///
    /// # Errors
    /// The folder cannot be read any more, or a file cannot be written.
    pub(super) async fn work(&mut self) -> anyhow::Result<ExitCode> {
        terminal::title(&format!("{} is the cluster", self.cluster.root().display()));
        let mut saves = inroad_cluster::saves(self.cluster.root())?;
        let look = self.cluster.look()?;
        let mut failed = !self.settle(look, true).await?.failed.is_empty();
        if self.once {
            return Ok(ExitCode::from(u8::from(failed)));
        }
        terminal::watching(self.cluster.root());
        let mut patience = RETRY;
        loop {
            let again = failed;
            tokio::select! {
                () = saves.next() => patience = RETRY,
                () = tokio::time::sleep(patience), if failed => patience = LONGEST_RETRY.min(patience * 2),
            }
            let settled = match self.cluster.look() {
                Ok(look) => self.settle(look, again).await,
                Err(error) => Err(error),
            };
            failed = match settled {
                Ok(settled) => !settled.failed.is_empty() || !settled.succeeding.is_empty(),
                // The folder may be on its way to another name, or AWS be told to refuse: what stands
                // stays, and it is tried again.
                Err(error) => {
                    terminal::failure(&format!("{error:#}"));
                    true
                }
            };
        }
    }

    async fn settle(&mut self, look: Look, first: bool) -> anyhow::Result<Settled> {
        for note in &look.notes {
            terminal::note(note);
        }
        let instances = self.instances();
        self.backends.wire(&look.wiring, &instances, &self.routes).await?;
        let mut settled = Settled::default();
        if look.changed || first {
            settled = self.cluster.settle(&mut show).await?;
            for _ in 0..SUCCESSIONS {
                if settled.succeeding.is_empty() {
                    break;
                }
                self.wait().await;
                let mut changed = std::mem::take(&mut settled.changed);
                settled = self.cluster.settle(&mut show).await?;
                changed.append(&mut settled.changed);
                settled.changed = changed;
            }
        }
        self.say(look.diagnostics);
        self.wait().await;
        if first || !settled.changed.is_empty() {
            self.show((!first).then_some(&settled.changed));
        }
        self.write()?;
        Ok(settled)
    }

    /// Instance ids of the nodes: each forwards every nodePort, as kube-proxy does.
    fn instances(&self) -> Vec<String> {
        let nodes = self.cluster.memory.world.all::<Node>();
        let ids = nodes.filter_map(|(_, node)| {
            let provider = node.spec.as_ref()?.provider_id.as_ref()?;
            provider.rsplit('/').next().map(str::to_owned)
        });
        ids.collect()
    }

    /// Shows mistakes that were not shown last time, and which ones are mended.
    fn say(&mut self, files: Vec<Diagnostic>) {
        let mut now = files;
        now.extend(self.cluster.memory.diagnostics());
        now.sort();
        now.dedup();
        let new: Vec<&Diagnostic> = now.iter().filter(|d| !self.said.contains(d)).collect();
        terminal::diagnostics(&new, |origin| self.cluster.mark(origin));
        self.said = now;
    }

    /// Listeners open, and every target with its first health answer.
    async fn wait(&self) {
        self.traffic.settled().await;
        if tokio::time::timeout(HEALTH_PATIENCE, self.traffic.health_settled()).await.is_err() {
            terminal::note("some targets have not answered a health check yet");
        }
    }

    /// What stands now: everything, or what has changed.
    fn show(&self, only: Option<&BTreeSet<Unit>>) {
        let endpoints = self.traffic.endpoints();
        let (memory, dns) = (&self.cluster.memory, self.dns.local_addr());
        terminal::result(&report::text(memory, &self.cluster.emulator, &endpoints, only));
        if only.is_none() {
            terminal::services(self.aws, dns);
        }
        let account = self.cluster.emulator.account();
        terminal::tries(&report::tries(memory, &account, &endpoints, dns, only));
    }

    fn write(&mut self) -> anyhow::Result<()> {
        if let Some(path) = &self.args.state {
            self.cluster.keep(path).context("--state")?;
        }
        // Last: whoever waits for this file may look at the other.
        if let Some(path) = &self.args.endpoints {
            let endpoints = self.traffic.endpoints();
            let document = endpoints::document(self.aws, self.dns.local_addr(), &endpoints);
            cluster::write(path, &serde_json::to_string_pretty(&document)?)?;
        }
        Ok(())
    }

    /// Ends servers and connections.
    ///
    /// # Errors
    /// The state cannot be kept.
    pub(super) async fn close(mut self) -> anyhow::Result<()> {
        self.stop.cancel();
        if let Some(path) = &self.args.state {
            self.cluster.keep(path).context("--state")?;
        }
        // Whoever holds a connection open for longer is cut off: the user wants the terminal back.
        let _ = tokio::time::timeout(CLOSE_PATIENCE, self.traffic.stopped()).await;
        Ok(())
    }
}

fn show(event: &Event<'_>) {
    match event {
        Event::Planned(planned) => terminal::plan(&planned.plan),
        Event::Applied(planned, outcome) => terminal::outcome(&planned.plan, outcome),
        Event::Failed(unit, error) => terminal::failure(&format!("{unit}: {error}")),
        Event::Joining(_) | Event::Reported(..) => {}
    }
}
