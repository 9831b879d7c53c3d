//! From intents, plans and what came of them to what a person reads. Forbidden: clients, the world's
//! store, any decision.
#![warn(missing_docs)]

mod explain;
mod report;
mod result;

pub use explain::{explain, waits};
pub use report::{Event, EventKind, Failure, IngressStatus, Ran, Report, before, failed, report};
pub use result::{Balancer, Group, balancer, records};
