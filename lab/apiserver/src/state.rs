//! What is stored: every object, every change of one, one revision counter. In: whole objects; out:
//! the objects as stored. The rules of metadata are here, those of verbs in `verbs`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::{Place, faults::Faults, selector::Selector};

/// The store, and what goes wrong with it.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) objects: BTreeMap<Place, Value>,
    pub(crate) history: Vec<Change>,
    pub(crate) revision: u64,
    /// Watches from revisions before this one are refused.
    pub(crate) compacted: u64,
    /// Collections that are not known.
    pub(crate) absent: BTreeSet<String>,
    pub(crate) faults: Faults,
    pub(crate) uids: u64,
}

/// One change of one object.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    pub(crate) revision: u64,
    pub(crate) place: Place,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub(crate) what: &'static str,
    /// The object after it; of a deleted one the last content at the revision of its deletion.
    pub(crate) object: Value,
}

impl State {
    /// The objects that are meant, as they were at a revision.
    pub(crate) fn objects_at(&self, revision: u64, selector: &Selector) -> BTreeMap<Place, Value> {
        let mut objects = BTreeMap::new();
        if revision >= self.revision {
            objects = self.objects.clone();
        } else {
            for change in self.history.iter().take_while(|change| change.revision <= revision) {
                match change.what {
                    "DELETED" => drop(objects.remove(&change.place)),
                    _ => drop(objects.insert(change.place.clone(), change.object.clone())),
                }
            }
        }
        objects.retain(|place, object| selector.meets(place, object));
        objects
    }

    /// A new object, with what the server gives to it.
    pub(crate) fn create(&mut self, place: &Place, mut object: Value, now: &str) -> Value {
        self.uids += 1;
        let meta = &mut object["metadata"];
        meta["uid"] = json!(format!("00000000-0000-4000-8000-{:012x}", self.uids));
        meta["creationTimestamp"] = json!(now);
        meta["generation"] = json!(1);
        meta["name"] = json!(place.name);
        if !place.namespace.is_empty() {
            meta["namespace"] = json!(place.namespace);
        }
        for theirs in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
            if let Some(meta) = meta.as_object_mut() {
                meta.remove(theirs);
            }
        }
        self.store(place, object, "ADDED")
    }

    /// Another content for an object that is there: what the server owns stays. Nothing happens where
    /// nothing differs; an object that is being deleted goes with its last finalizer.
    pub(crate) fn replace(&mut self, place: &Place, before: &Value, mut after: Value) -> Value {
        let owned =
            ["uid", "creationTimestamp", "generation", "deletionTimestamp", "resourceVersion"];
        for key in owned.into_iter().chain(["name", "namespace", "deletionGracePeriodSeconds"]) {
            match before["metadata"].get(key) {
                Some(value) => after["metadata"][key] = value.clone(),
                None => drop(after["metadata"].as_object_mut().and_then(|meta| meta.remove(key))),
            }
        }
        if *before == after {
            return after;
        }
        if before.get("spec") != after.get("spec") {
            let generation = before["metadata"]["generation"].as_u64().unwrap_or_default();
            after["metadata"]["generation"] = json!(generation + 1);
        }
        if is_deleting(&after) && finalizers(&after).is_empty() {
            return self.remove(place, after);
        }
        self.store(place, after, "MODIFIED")
    }

    /// Takes an object away, now.
    pub(crate) fn remove(&mut self, place: &Place, object: Value) -> Value {
        self.objects.remove(place);
        self.note(place, object, "DELETED")
    }

    /// Keeps an object under a new revision.
    pub(crate) fn store(&mut self, place: &Place, object: Value, what: &'static str) -> Value {
        let object = self.note(place, object, what);
        self.objects.insert(place.clone(), object.clone());
        object
    }

    fn note(&mut self, place: &Place, mut object: Value, what: &'static str) -> Value {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = json!(self.revision.to_string());
        let change =
            Change { revision: self.revision, place: place.clone(), what, object: object.clone() };
        self.history.push(change);
        object
    }
}

/// Whether an object waits for its finalizers.
pub(crate) fn is_deleting(object: &Value) -> bool {
    object.pointer("/metadata/deletionTimestamp").is_some_and(Value::is_string)
}

/// The finalizers of an object.
pub(crate) fn finalizers(object: &Value) -> BTreeSet<String> {
    let list = object.pointer("/metadata/finalizers").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}
