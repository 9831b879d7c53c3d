//! A folder of manifests as a feed: each scan reads every file again and tells what is different.
//!
//! A file that does not parse keeps what it last held, object by object: a slip of the editor must
//! not take a running load balancer down.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::{Path, PathBuf},
};

use inroad_words::{Code, Diagnostic, Mark, ObjectKey, Origin};
use inroad_world::{Change, Finalizers, Object, manifest};

use crate::FeedError;

/// An object is in two places; the later one counts.
const DUPLICATE_OBJECT: Code = Code("CL0001");
/// A file cannot be read.
const UNREADABLE_FILE: Code = Code("CL0002");

/// A folder that is the cluster.
#[derive(Debug)]
pub struct Folder {
    root: PathBuf,
    files: BTreeMap<PathBuf, BTreeMap<ObjectKey, Object>>,
    /// Files that could never be read as a whole.
    unknown: BTreeSet<PathBuf>,
    told: BTreeMap<ObjectKey, Object>,
    finalizers: Finalizers,
}

/// What one look at the folder found.
#[derive(Debug, Default)]
pub struct Scan {
    /// What is different since the last look.
    pub changes: Vec<Change>,
    /// Every mistake that is in the files now.
    pub diagnostics: Vec<Diagnostic>,
    /// Where the mistakes stand whose objects are left out: no world knows these places.
    pub places: BTreeMap<Origin, Mark>,
    /// An object that was served before is in none of the files, and one of them cannot be read: what
    /// else was in it nobody knows.
    pub misses: bool,
    /// Kinds that nobody here reads (`apps/v1 Deployment`).
    pub unknown: BTreeSet<String>,
}

impl Folder {
    /// A feed on this folder; the first scan tells everything that is in it.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where it is no folder.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, FeedError> {
        let root = root.into();
        match fs::read_dir(&root) {
            Ok(_) => Ok(Self {
                root,
                files: BTreeMap::new(),
                unknown: BTreeSet::new(),
                told: BTreeMap::new(),
                finalizers: Finalizers::default(),
            }),
            Err(source) => Err(FeedError::Unreadable { path: root, source }),
        }
    }

    /// Who carries finalizers: nobody else keeps them for the objects of a folder. What changes here
    /// is seen by the next scan.
    pub fn finalizers(&mut self) -> &mut Finalizers {
        &mut self.finalizers
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Reads every manifest again. Files that are gone take their objects with them; those that carry
    /// finalizers are deleted and stay until they are released. As long as a file cannot be read of
    /// which nobody knows what was in it, nothing counts as gone.
    ///
    /// # Errors
    /// [`FeedError::Unreadable`] where the folder itself cannot be listed any more: then nothing has
    /// changed, least of all to nothing.
    pub fn scan(&mut self) -> Result<Scan, FeedError> {
        let paths = self.manifests()?;
        let mut scan = Scan::default();
        self.files.retain(|path, _| paths.contains(path));
        self.unknown.retain(|path| paths.contains(path));
        for path in paths {
            let last = self.files.remove(&path);
            let is_new = last.is_none();
            let (now, whole) = read(&path, &self.root, last.unwrap_or_default(), &mut scan);
            if whole {
                self.unknown.remove(&path);
            } else if is_new {
                self.unknown.insert(path.clone());
            }
            self.files.insert(path, now);
        }
        let merged = self.merge(&mut scan.diagnostics);
        let now = self.finalizers.over(merged.clone(), self.unknown.is_empty());
        scan.misses = self.finalizers.misses(&merged);
        scan.changes = changes(&self.told, &now);
        self.told = now;
        Ok(scan)
    }

    fn manifests(&self) -> Result<BTreeSet<PathBuf>, FeedError> {
        let mut paths = BTreeSet::new();
        for entry in walkdir::WalkDir::new(&self.root).follow_links(true).sort_by_file_name() {
            let entry = match entry {
                Ok(entry) => entry,
                // A file that went away while we looked is just not there; a folder that cannot be
                // listed must not look empty.
                Err(error) if error.depth() > 0 && is_not_found(&error) => continue,
                Err(error) => {
                    let source = error
                        .into_io_error()
                        .unwrap_or_else(|| io::Error::other("a loop of symbolic links"));
                    return Err(FeedError::Unreadable { path: self.root.clone(), source });
                }
            };
            if entry.file_type().is_file() && is_manifest(entry.path()) {
                paths.insert(entry.into_path());
            }
        }
        Ok(paths)
    }

    fn merge(&self, diagnostics: &mut Vec<Diagnostic>) -> BTreeMap<ObjectKey, Object> {
        let mut merged: BTreeMap<ObjectKey, Object> = BTreeMap::new();
        for object in self.files.values().flat_map(BTreeMap::values) {
            keep(&mut merged, object.clone(), diagnostics);
        }
        merged
    }
}

/// The later of two objects counts, which is said.
fn keep(
    objects: &mut BTreeMap<ObjectKey, Object>,
    object: Object,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let key = object.key.clone();
    if let Some(earlier) = objects.insert(key.clone(), object) {
        let place = earlier.mark("").map_or_else(String::new, |m| format!(" at {m}"));
        let message = format!("{key} stands here again, after one{place}");
        let help = "keep one of the two; the later one counts";
        let origin = Origin::field(&key, "");
        diagnostics.push(Diagnostic::warning(DUPLICATE_OBJECT, origin, message).help(help));
    }
}

fn is_not_found(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|e| e.kind() == io::ErrorKind::NotFound)
}

fn is_manifest(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or_default();
    !hidden && ["yaml", "yml", "json"].contains(&extension)
}

/// The objects of a file, and whether it could be read as a whole.
fn read(
    path: &Path,
    root: &Path,
    last: BTreeMap<ObjectKey, Object>,
    scan: &mut Scan,
) -> (BTreeMap<ObjectKey, Object>, bool) {
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let text = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => {
            let origin = Origin::File(Mark { file: name.clone(), line: 1, column: 1 });
            let message = format!("{name} cannot be read: {error}");
            scan.diagnostics.push(
                Diagnostic::error(UNREADABLE_FILE, origin, message)
                    .help("make it readable or take it away; what it last held stays"),
            );
            return (last, false);
        }
    };
    let parsed = manifest::parse(&name, &text);
    let broken = parsed.diagnostics.iter().any(|d| d.severity == inroad_words::Severity::Error);
    let places =
        parsed.diagnostics.iter().filter_map(|d| Some((d.origin.clone(), parsed.mark(&d.origin)?)));
    scan.places.extend(places);
    scan.diagnostics.extend(parsed.diagnostics);
    scan.unknown.extend(parsed.unknown);
    let mut now = if broken { last } else { BTreeMap::new() };
    let mut fresh = BTreeMap::new();
    for object in parsed.objects {
        keep(&mut fresh, object, &mut scan.diagnostics);
    }
    now.extend(fresh);
    (now, !broken)
}

fn changes(before: &BTreeMap<ObjectKey, Object>, now: &BTreeMap<ObjectKey, Object>) -> Vec<Change> {
    let gone = before.keys().filter(|key| !now.contains_key(key)).cloned().map(Change::Removed);
    let come = now
        .iter()
        .filter(|(key, object)| before.get(key) != Some(object))
        .map(|(_, object)| Change::Applied(object.clone()));
    gone.chain(come).collect()
}
