//! Where the cluster is touched: a folder of manifests that is the cluster, or an API server. In: files and
//! objects, and what the core rooms want told; out: `Change`s for `World::absorb`, and writes to the API
//! server. Forbidden: intents, plans, anything that decides.

mod error;
pub mod folder;
mod kinds;
pub mod lease;
pub mod live;
mod news;
pub mod rights;
mod watch;
pub mod write;

pub use error::FeedError;
pub use folder::{Folder, Scan};
pub use kube::Client;
pub use lease::{Gate, Leadership, LeaseSettings, lead};
pub use news::News;
pub use watch::{Saves, saves};
pub use write::{WriteError, Writer};
