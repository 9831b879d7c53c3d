//! From what is wanted and what is there to the steps between. Forbidden: the world, intents, SDKs.
#![warn(missing_docs)]

pub mod op;

pub use op::{Op, OpOutputs, RecordChange};
