//! What a cluster and an account would supply and a folder of manifests lacks: made up, always the
//! same for the same manifests, and said. In: the folder's world. Out: a world that a controller could
//! have found, what the AWS account must hold for it, and where targets lead.
//!
//! Nothing here decides anything about load balancers: it plays the cluster, the cloud and the platform
//! team that was there before.

mod account;
mod cluster;
mod document;
mod names;

pub(crate) use account::{Estate, furnish};
pub(crate) use cluster::{Backend, Pod, Wiring, supply};
