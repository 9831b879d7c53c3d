//! The cluster as we know it: objects in, an immutable [`World`] and a recording `Lens` out. Forbidden:
//! files, clients, clocks.
#![warn(missing_docs)]

use std::collections::BTreeSet;

use inroad_words::ObjectKey;

/// What a compilation asked the world, misses included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads(pub BTreeSet<Read>);

/// One question to the world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// One object, there or not.
    Object(ObjectKey),
    /// Every object of a kind.
    All(inroad_words::Kind),
    /// The EndpointSlices of a Service.
    SlicesOf(ObjectKey),
}
