//! Values that are known, will be known, or may be chosen; each with where it came from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Field, Origin, ResourceKey};

/// Tags of an AWS resource.
pub type Tags = BTreeMap<String, String>;

/// A value that stands in the desired state: known now, or known after another resource is there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Value<T> {
    /// The value itself.
    Known(T),
    /// What `field` of the resource `of` turns out to be ("known after apply").
    Output {
        /// The resource whose attribute it is.
        of: ResourceKey,
        /// Which attribute.
        field: Field,
    },
}

impl<T> Value<T> {
    /// The value, where it is known.
    pub fn known(&self) -> Option<&T> {
        match self {
            Value::Known(value) => Some(value),
            Value::Output { .. } => None,
        }
    }

    /// The resource that it waits for, where it is not known.
    pub fn awaits(&self) -> Option<(&ResourceKey, Field)> {
        match self {
            Value::Known(_) => None,
            Value::Output { of, field } => Some((of, *field)),
        }
    }
}

/// A choice that is made only once: what exists is kept while every element of it is in `accept` and
/// it need not change; otherwise `prefer` is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pick<T: Ord> {
    /// True where an existing choice stays as it is, whatever `prefer` says (discovered subnets).
    pub keep: bool,
    /// What is taken where nothing exists, or where the choice is explicit.
    pub prefer: BTreeSet<T>,
}

/// A value and the place that says it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Said<T> {
    /// The value.
    pub value: T,
    /// Where it was said.
    pub origin: Origin,
}

impl<T> Said<T> {
    /// A value with its origin.
    pub fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }

    /// A value that nobody said.
    pub fn default_value(value: T) -> Self {
        Self { value, origin: Origin::Default }
    }

    /// The same origin for a value made of this one.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> Said<U> {
        Said { value: f(self.value), origin: self.origin }
    }
}
