//! What was told of one kind, so that a list can be told as a difference. In: objects as JSON; out:
//! changes and mistakes.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Diagnostic, Kind, ObjectKey};
use inroad_world::{Change, Object, manifest};
use serde_json::Value;

/// What an object as JSON is to us.
#[derive(Debug)]
pub(crate) enum Seen {
    /// An object, and its `metadata.resourceVersion`.
    Good(Object, String),
    /// One that cannot be read, and its `metadata.resourceVersion`.
    Bad(ObjectKey, String, Diagnostic),
}

/// Reads one object; nothing where it does not even have a name.
pub(crate) fn read(kind: Kind, value: &Value) -> Option<Seen> {
    let key = manifest::key(kind, value)?;
    let version = value.pointer("/metadata/resourceVersion").and_then(Value::as_str);
    let version = version.unwrap_or_default().to_owned();
    Some(match manifest::decode(kind, value) {
        Ok(object) => Seen::Good(object, version),
        Err(diagnostic) => Seen::Bad(key, version, diagnostic),
    })
}

/// The objects of one kind that were told, each with the revision at which it was.
///
/// Only keys and revisions: the objects themselves are in the world, once.
#[derive(Debug, Default)]
pub(crate) struct Told {
    objects: BTreeMap<ObjectKey, String>,
    mistakes: BTreeMap<ObjectKey, String>,
}

/// What there is to tell.
#[derive(Debug, Default)]
pub(crate) struct Difference {
    pub(crate) changes: Vec<Change>,
    pub(crate) mistakes: Vec<Diagnostic>,
}

impl Difference {
    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.mistakes.is_empty()
    }
}

impl Told {
    /// One object is there, new or as before.
    pub(crate) fn apply(&mut self, seen: Seen, out: &mut Difference) {
        match seen {
            Seen::Good(object, version) => {
                self.mistakes.remove(&object.key);
                let before = self.objects.insert(object.key.clone(), version.clone());
                // The same revision is the same object; none at all says nothing.
                if version.is_empty() || before.as_ref() != Some(&version) {
                    out.changes.push(Change::Applied(object));
                }
            }
            Seen::Bad(key, version, diagnostic) => {
                let before = self.mistakes.insert(key, version.clone());
                if version.is_empty() || before.as_ref() != Some(&version) {
                    out.mistakes.push(diagnostic);
                }
            }
        }
    }

    /// One object is gone.
    pub(crate) fn remove(&mut self, key: ObjectKey, out: &mut Difference) {
        let object = self.objects.remove(&key).is_some();
        let mistake = self.mistakes.remove(&key).is_some();
        if object || mistake {
            out.changes.push(Change::Removed(key));
        }
    }

    /// These are all the objects there are.
    pub(crate) fn replace(&mut self, all: Vec<Seen>) -> Difference {
        let mut out = Difference::default();
        let known = self.objects.keys().chain(self.mistakes.keys());
        let mut gone: BTreeSet<ObjectKey> = known.cloned().collect();
        for seen in &all {
            let (Seen::Good(Object { key, .. }, _) | Seen::Bad(key, ..)) = seen;
            gone.remove(key);
        }
        for key in gone {
            self.remove(key, &mut out);
        }
        for seen in all {
            self.apply(seen, &mut out);
        }
        out
    }
}
