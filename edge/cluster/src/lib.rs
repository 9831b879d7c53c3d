//! The feeds of the world. Today: a folder of manifests that is the cluster. In: files; out:
//! `Change`s for `World::absorb`. Forbidden: intents, plans, anything that decides.

mod error;
pub mod folder;
mod watch;

pub use error::FeedError;
pub use folder::{Folder, Scan};
pub use watch::{Saves, saves};
