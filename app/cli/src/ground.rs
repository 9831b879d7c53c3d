//! What `plan` and `explain` look at: a cluster (a folder, or a live one) and an account (an emulated one, a
//! snapshot, or the real one), each read once. In: arguments. Out: a [`Ground`]. Forbidden: any write, anywhere.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    pin::pin,
    sync::Arc,
    time::Duration,
};

use anyhow::bail;
use clap::Args;
use futures::{Stream, StreamExt};
use inroad_cluster::{
    Gate, News,
    live::{Watching, connect, feed},
};
use inroad_engine::{Edges, Event, Memory, Session, Settled, live::Halves};
use inroad_words::{Diagnostic, Kind, Mark, Origin, controller::Controller};
use inroad_world::World;

use crate::{
    account::Account,
    cluster::Cluster,
    flags::{SettingsArgs, Values},
    run, settings,
};

/// Where the cluster and the account are.
#[derive(Debug, Args)]
pub(crate) struct FromArgs {
    /// Folder of manifests
    #[arg(required_unless_present = "live", conflicts_with = "live")]
    dir: Option<PathBuf>,
    /// The cluster and the account that `run` would serve, by the same flags; needs read rights only
    #[arg(long)]
    live: bool,
    /// The account as `local --state` has kept it; not given: an empty one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["live", "snapshot"])]
    state: Option<PathBuf>,
    /// The account as `snapshot` has written it: AWS is not asked, and nothing is made up in it
    #[arg(long, value_name = "FILE")]
    snapshot: Option<PathBuf>,
    #[command(flatten)]
    settings: SettingsArgs,
}

/// A world, an account, and what is to be said of both.
pub(crate) struct Ground {
    /// The cluster, in words.
    pub(crate) name: String,
    pub(crate) controller: Controller,
    pub(crate) halves: Halves,
    pub(crate) edges: Edges,
    pub(crate) memory: Memory,
    /// Objects that cannot be read.
    pub(crate) unread: Vec<Diagnostic>,
    /// What a reader should know of the ground itself.
    pub(crate) notes: Vec<String>,
    /// Where origins stand in files.
    pub(crate) places: BTreeMap<Origin, Mark>,
}

impl Ground {
    /// Reads the cluster and finds the account.
    ///
    /// # Errors
    /// A folder, a file, a cluster or an account that cannot be read, a setting that is none.
    pub(crate) async fn open(from: &FromArgs) -> anyhow::Result<Self> {
        let account = match (&from.snapshot, &from.state) {
            (Some(path), _) => Account::Snapshot(path),
            (None, Some(path)) => Account::State(path),
            (None, None) => Account::Empty,
        };
        match &from.dir {
            Some(dir) => {
                let cluster = Cluster::open(dir, account, &from.settings, Vec::new());
                cluster.await?.into_ground()
            }
            None => live(&from.settings.values()?, account).await,
        }
    }

    /// Plans everything and does nothing; what could not be planned comes in words.
    ///
    /// # Errors
    /// Not even a listing of what exists can be had.
    pub(crate) async fn plan(&mut self) -> anyhow::Result<(Settled, Vec<String>)> {
        let mut failures = Vec::new();
        let mut session = Session {
            edges: &self.edges,
            memory: &mut self.memory,
            controller: &self.controller,
            halves: self.halves,
            act: false,
            handover: Duration::ZERO,
        };
        let mut tell = |event: Event<'_>| {
            if let Event::Failed(unit, error) = event {
                failures.push(format!("{unit}: {error}"));
            }
        };
        let settled = session.settle(&mut tell).await?;
        Ok((settled, failures))
    }

    /// Every mistake, each once.
    pub(crate) fn diagnostics(&self) -> Vec<Diagnostic> {
        let mut all = self.memory.diagnostics();
        all.extend(self.unread.iter().cloned());
        all.into_iter().collect()
    }

    /// Where an origin stands in a file.
    pub(crate) fn mark(&self, origin: &Origin) -> Option<Mark> {
        self.places.get(origin).cloned().or_else(|| self.memory.world.mark(origin))
    }
}

/// A live cluster, with the account that it lives in or a snapshot of that.
async fn live(values: &Values, account: Account<'_>) -> anyhow::Result<Ground> {
    let (mut controller, halves) = settings::online(values)?;
    let client = connect(&run::access(values)).await?;
    let kinds = run::kinds(&controller, halves);
    let namespace = settings::namespace(values, halves);
    let feed = feed(client.clone(), Watching { kinds: kinds.clone(), namespace });
    let mut heard = Heard::default();
    heard.all(kinds, feed).await?;
    let edges = match account {
        Account::Snapshot(_) => {
            let opened = account.open(values).await?;
            controller.balancers.vpc_id = opened.vpc.unwrap_or_default();
            opened.edges
        }
        Account::State(_) | Account::Empty => {
            // Whatever is called, nothing is written.
            let closed: Gate = Arc::new(|| false);
            run::edges(values, &client, (closed.clone(), closed), &mut controller).await?
        }
    };
    Ok(Ground {
        name: "the cluster".into(),
        controller,
        halves: Halves { balancers: halves.balancers, dns: halves.dns },
        edges,
        memory: Memory { world: heard.world, ..Memory::default() },
        unread: heard.unread,
        notes: heard.notes,
        places: BTreeMap::new(),
    })
}

/// What a feed has told so far.
#[derive(Debug, Default)]
struct Heard {
    world: World,
    unread: Vec<Diagnostic>,
    notes: Vec<String>,
}

impl Heard {
    /// Listens until each of these kinds was listed completely.
    async fn all(
        &mut self,
        mut kinds: BTreeSet<Kind>,
        feed: impl Stream<Item = News>,
    ) -> anyhow::Result<()> {
        let mut feed = pin!(feed);
        while !kinds.is_empty()
            && let Some(news) = feed.next().await
        {
            match news {
                News::Changes { kind, changes, complete } => {
                    self.world = self.world.absorb_all(changes).0;
                    if complete {
                        kinds.remove(&kind);
                    }
                }
                News::Undecodable(diagnostic) => self.unread.push(diagnostic),
                News::Absent { kind } => {
                    self.notes.push(format!("the API server knows no {}", kind.as_str()));
                    kinds.remove(&kind);
                }
                // Half a world would be planned as if the rest had been deleted.
                News::Failing { kind, why } => bail!("{} cannot be read: {why}", kind.as_str()),
            }
        }
        Ok(())
    }
}
