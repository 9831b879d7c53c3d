//! Collecting which fields differ, with who says what they are to be.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Origin, Origins, Tags};
use serde::Serialize;
use serde_json::Value;

use crate::plan::FieldChange;

/// Differences of one resource.
pub(super) struct Why<'a> {
    origins: &'a Origins,
    changes: Vec<FieldChange>,
}

impl<'a> Why<'a> {
    pub(super) fn new(origins: &'a Origins) -> Self {
        Self { origins, changes: Vec::new() }
    }

    /// Notes a field where it differs.
    pub(super) fn compare<T: Serialize + PartialEq>(&mut self, field: &str, have: &T, want: &T) {
        if have != want {
            self.note(field, Some(json(have)), Some(json(want)));
        }
    }

    /// Notes a field that differs.
    pub(super) fn note(&mut self, field: &str, before: Option<Value>, after: Option<Value>) {
        let origin = self.origins.get(field);
        self.changes.push(FieldChange { field: field.into(), before, after, origin });
    }

    /// Notes a field by what it says in words; what reads the same refers to another of that name.
    pub(super) fn words(&mut self, field: &str, before: String, after: String) {
        let after = if before == after { format!("{after} (replaced)") } else { after };
        self.note(field, Some(json(&before)), Some(json(&after)));
    }

    /// Notes the entries of a map that are set.
    pub(super) fn entries(
        &mut self,
        field: &str,
        have: &BTreeMap<String, String>,
        set: &BTreeMap<String, String>,
    ) {
        for (key, value) in set {
            self.note(&format!("{field}.{key}"), have.get(key).map(json), Some(json(value)));
        }
    }

    /// Notes tags that are set and removed.
    pub(super) fn tags(&mut self, have: &Tags, set: &Tags, remove: &BTreeSet<String>) {
        self.entries("tags", have, set);
        for key in remove {
            self.note(&format!("tags.{key}"), have.get(key).map(json), None);
        }
    }

    /// The first difference's origin, else the resource's own.
    pub(super) fn origin(&self) -> Origin {
        self.changes.first().map_or_else(|| self.origins.get(""), |first| first.origin.clone())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn into_changes(self) -> Vec<FieldChange> {
        self.changes
    }
}

/// A value as plans show it.
pub(super) fn json<T: Serialize + ?Sized>(value: &T) -> Value {
    // Strings, numbers and enums only: none of them has a way to fail.
    serde_json::to_value(value).unwrap_or(Value::Null)
}
