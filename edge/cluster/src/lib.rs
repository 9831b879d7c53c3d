//! The feeds of the world: a folder of manifests that is the cluster, or an API server. In: files and
//! objects; out: `Change`s for `World::absorb`. Forbidden: intents, plans, anything that decides.

mod error;
pub mod folder;
pub mod live;
mod news;
mod watch;

pub use error::FeedError;
pub use folder::{Folder, Scan};
pub use news::News;
pub use watch::{Saves, saves};
