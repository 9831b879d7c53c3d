//! What is written into a cluster, and by whom: the real client over an API server in one process.

mod bindings;
mod events;
mod finalizers;
mod lease;
mod rights;
mod wire;
