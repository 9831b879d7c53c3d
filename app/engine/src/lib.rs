//! Runs units through the corridor: compile, ask, shape, observe, diff, and, where it is told to, apply.
//! In: a world and the settings in force. Out: plans, outcomes, and whom they woke. It decides nothing
//! about load balancers or records; it only knows whose turn it is.

mod error;
pub mod live;
mod memory;
mod pipeline;
mod settle;

pub use error::EngineError;
pub use memory::Memory;
pub use pipeline::{Edges, Planned};
pub use settle::{Event, Session, Settled, Tell};
