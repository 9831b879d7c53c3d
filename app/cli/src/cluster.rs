//! A folder that is a cluster, and the emulated account that it lives in: what `local`, `plan` and
//! `explain` have in common.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context;
use aws_credential_types::Credentials;
use inroad_aws::{Aws, Connect};
use inroad_cluster::Folder;
use inroad_dns::{Cached, Route53};
use inroad_emulator::{Emulator, Quotas, Settings, seed};
use inroad_engine::{Edges, Event, Memory, Session, Settled};
use inroad_words::{Diagnostic, Kind, Mark, Origin, controller::Controller};
use inroad_world::{Finalizers, World};
use k8s_openapi::api::networking::v1::Ingress;
use serde_json::Value;

use crate::{
    flags::SettingsArgs,
    settings,
    supply::{Backend, Estate, Wiring, furnish, supply},
};

/// Load balancers that the account may hold: AWS's own 50 is raised for whoever asks, and a folder of
/// manifests has nobody to ask.
const LOAD_BALANCERS: usize = 1000;

/// Where the state file keeps the Ingresses that carry finalizers, beside AWS's own member names.
const FINALIZERS: &str = "InroadFinalizers";

/// The folder, the account, and the way between.
pub(crate) struct Cluster {
    pub(crate) controller: Controller,
    pub(crate) edges: Edges,
    pub(crate) emulator: Emulator,
    pub(crate) memory: Memory,
    folder: Folder,
    files: World,
    region: String,
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
    /// Opens the folder and an account: an empty one, or the one that `state` keeps.
    ///
    /// # Errors
    /// A folder or state file that cannot be read, a setting that is none.
    pub(crate) async fn open(
        dir: &Path,
        state: Option<&Path>,
        args: &SettingsArgs,
        backends: Vec<Backend>,
    ) -> anyhow::Result<Self> {
        let values = args.values()?;
        let region = settings::region(&values);
        let emulator = Emulator::new(Settings {
            region: region.clone(),
            assume_healthy: false,
            quotas: Quotas { load_balancers: LOAD_BALANCERS, ..Quotas::default() },
            ..Settings::default()
        });
        let mut folder = Folder::open(dir)?;
        if let Some(path) = state {
            *folder.finalizers() = load(&emulator, path)?;
        }
        let aws = Aws::connect(Connect {
            region: Some(region.clone()),
            http: Some(emulator.connector()),
            credentials: Some(Credentials::new("local", "local", None, None, "local")),
            ..Connect::default()
        })
        .await;
        let dns = Arc::new(Cached::new(Route53::new(aws.config()), Duration::ZERO));
        Ok(Self {
            controller: settings::offline(&values)?,
            edges: Edges { aws, dns },
            emulator,
            memory: Memory::default(),
            folder,
            files: World::default(),
            region,
            backends,
            noted: BTreeSet::new(),
            places: BTreeMap::new(),
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
            act: true,
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
        let made = furnish(&self.emulator, &estate)?;
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

/// Restores the account, and gives the finalizers that were kept beside it.
fn load(emulator: &Emulator, path: &Path) -> anyhow::Result<Finalizers> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Default::default()),
        Err(error) => return Err(error).with_context(|| path.display().to_string()),
    };
    let document: Value = serde_json::from_str(&text)
        .with_context(|| format!("{} is no state file", path.display()))?;
    seed::restore(&mut emulator.account(), &document)
        .map_err(anyhow::Error::msg)
        .with_context(|| path.display().to_string())?;
    emulator.touched();
    let Some(carriers) = document.get(FINALIZERS) else { return Ok(Default::default()) };
    let carriers: Vec<Ingress> = serde_json::from_value(carriers.clone())
        .with_context(|| format!("{FINALIZERS} in {}", path.display()))?;
    Ok(Finalizers::remembered(carriers))
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
