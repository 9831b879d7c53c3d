//! The cluster as we know it: objects in, an immutable [`World`] and a recording [`Lens`] out.
//! Forbidden: files, clients, clocks.
//!
//! [`manifest::parse`] reads text; [`World::absorb`] takes objects in and says what that touches; a
//! [`Lens`] answers questions and keeps them as [`Reads`].
#![warn(missing_docs)]

pub mod codes;
pub mod crd;
mod finalizers;
mod lens;
pub mod manifest;
mod object;
mod tidy;
mod world;
mod yaml;

pub use finalizers::{Carrier, Finalizers};
pub use lens::{Lens, Read, Reads};
pub use object::{Marks, Object, ObjectData, Resource};
pub use world::{Change, SERVICE_LABEL, Touched, World};
