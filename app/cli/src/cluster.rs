//! A folder that is a cluster, and the emulated account that it lives in: what `local`, `plan` and
//! `explain` have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use inroad_cluster::Folder;
use inroad_emulator::{Emulator, seed};
use inroad_engine::{Edges, Event, Memory, Session, Settled, live::Halves};
use inroad_words::{Diagnostic, Kind, Mark, Origin, controller::Controller};
use inroad_world::World;

use crate::{
    account::{Account, FINALIZERS, Opened},
    flags::SettingsArgs,
    ground::Ground,
    settings,
    supply::{Backend, Estate, Wiring, furnish, supply},
};

/// How long a load balancer that is replaced goes on after the names have moved: as long as it takes to use
/// an address that was asked for just before.
const HANDOVER: Duration = Duration::from_secs(2);

/// The folder, the account, and the way between.
pub(crate) struct Cluster {
    pub(crate) controller: Controller,
    pub(crate) edges: Edges,
    pub(crate) emulator: Emulator,
    pub(crate) memory: Memory,
    folder: Folder,
    files: World,
    region: String,
    /// The account is a snapshot: what it lacks is a mistake to be shown.
    given: bool,
    backends: Vec<Backend>,
    noted: BTreeSet<String>,
    places: BTreeMap<Origin, Mark>,
}

/// What a look at the folder brought.
#[derive(Debug, Default)]
pub(crate) struct Look {
    /// Whether any object is different.
    pub(crate) changed: bool,
    /// Mistakes in the files themselves.
    pub(crate) diagnostics: Vec<Diagnostic>,
    /// What was supplied, where it was not said before.
    pub(crate) notes: Vec<String>,
    /// Where endpoints lead.
    pub(crate) wiring: Wiring,
}

impl Cluster {
    /// Opens the folder and an account.
    ///
    /// # Errors
    /// A folder or an account that cannot be read, a setting that is none.
    pub(crate) async fn open(
        dir: &Path,
        account: Account<'_>,
        args: &SettingsArgs,
        backends: Vec<Backend>,
    ) -> anyhow::Result<Self> {
        let values = args.values()?;
        let mut folder = Folder::open(dir)?;
        let Opened { emulator, edges, region, vpc, finalizers } = account.open(&values).await?;
        *folder.finalizers() = finalizers;
        let mut controller = settings::offline(&values)?;
        let given = vpc.is_some();
        if let Some(vpc) = vpc {
            controller.balancers.vpc_id = vpc;
        }
        Ok(Self {
            controller,
            edges,
            emulator,
            memory: Memory::default(),
            folder,
            files: World::default(),
            region,
            given,
            backends,
            noted: BTreeSet::new(),
            places: BTreeMap::new(),
        })
    }

    /// The folder as it is, with the account, to be looked at once.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(crate) fn into_ground(mut self) -> anyhow::Result<Ground> {
        let look = self.look()?;
        Ok(Ground {
            name: self.root().display().to_string(),
            controller: self.controller,
            halves: Halves::BOTH,
            edges: self.edges,
            memory: self.memory,
            unread: look.diagnostics,
            notes: look.notes,
            places: self.places,
        })
    }

    /// The folder.
    pub(crate) fn root(&self) -> &Path {
        self.folder.root()
    }

    /// Where an origin stands in a file.
    pub(crate) fn mark(&self, origin: &Origin) -> Option<Mark> {
        self.places.get(origin).cloned().or_else(|| self.memory.world.mark(origin))
    }

    /// Settles everything, and keeps the finalizers that come and go with it.
    ///
    /// # Errors
    /// Not even a listing of what exists can be had.
    pub(crate) async fn settle(
        &mut self,
        show: &mut (dyn FnMut(&Event<'_>) + Send),
    ) -> anyhow::Result<Settled> {
        let finalizers = self.folder.finalizers();
        let mut session = Session {
            edges: &self.edges,
            memory: &mut self.memory,
            controller: &self.controller,
            halves: Halves::BOTH,
            act: true,
            handover: HANDOVER,
        };
        let mut tell = |event: Event<'_>| {
            match &event {
                Event::Joining(new) => {
                    new.iter().for_each(|(object, it)| finalizers.add(object, it))
                }
                Event::Reported(_, report) => {
                    report.release.iter().for_each(|(object, it)| finalizers.release(object, it));
                }
                Event::Planned(_) | Event::Applied(..) | Event::Failed(..) => {}
            }
            show(&event);
        };
        Ok(session.settle(&mut tell).await?)
    }

    /// Keeps the account and the finalizers in a file, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(crate) fn keep(&mut self, path: &Path) -> anyhow::Result<()> {
        let mut document = seed::snapshot(&self.emulator.account());
        document[FINALIZERS] = serde_json::to_value(self.folder.finalizers().carriers())?;
        write(path, &serde_json::to_string_pretty(&document)?)
    }

    /// Reads the folder again, supplies what it lacks and brings the account to hold what it names.
    ///
    /// # Errors
    /// The folder cannot be listed.
    pub(crate) fn look(&mut self) -> anyhow::Result<Look> {
        let scan = self.folder.scan()?;
        let (files, touched) = self.files.absorb_all(scan.changes);
        self.files = files;
        self.places = scan.places;
        let supplied = supply(&self.files, &self.region, &self.backends);
        let balancers = &self.controller.balancers;
        let place = (self.region.as_str(), &*balancers.cluster_name, &*balancers.vpc_id);
        let estate = Estate::of(&supplied.world, &supplied.wiring, place);
        let made = if self.given { Vec::new() } else { furnish(&self.emulator, &estate)? };
        self.controller.balancers.vpc_id.clone_from(&estate.vpc);
        let lacking = if scan.misses { Kind::ALL } else { &[] };
        self.memory.world = supplied.world.expecting(lacking.iter().copied());
        self.controller.guard.incomplete = lacking.iter().copied().collect();
        let wiring = supplied.wiring;
        let unknown = scan.unknown.into_iter().map(|kind| format!("{kind} is left alone"));
        let supplied =
            supplied.notes.into_iter().chain(made).map(|note| format!("supplied: {note}"));
        let notes: Vec<String> =
            unknown.chain(supplied).filter(|note| self.noted.insert(note.clone())).collect();
        Ok(Look { changed: !touched.is_empty(), diagnostics: scan.diagnostics, notes, wiring })
    }
}

/// Writes a file by renaming it into place, so that nobody ever reads half of it.
///
/// # Errors
/// The file cannot be written.
pub(crate) fn write(path: &Path, text: &str) -> anyhow::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = PathBuf::from(beside);
    std::fs::write(&beside, text)
        .and_then(|()| std::fs::rename(&beside, path))
        .with_context(|| path.display().to_string())
}
