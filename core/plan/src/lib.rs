//! From what is wanted and what is there to the steps between. Forbidden: the world, intents, SDKs.
#![warn(missing_docs)]

mod batch;
pub mod codes;
mod diff;
mod draft;
mod fingerprint;
mod guard;
mod keep;
pub mod op;
mod order;
pub mod ownership;
pub mod phrase;
pub mod plan;
mod policy;
mod refers;
pub mod render;
pub mod run;
pub mod simulate;
mod succession;

pub use batch::record_groups;
pub use diff::diff;
pub use fingerprint::{FINGERPRINT_TAG, fingerprint, settled};
pub use keep::outputs_of;
pub use op::{Op, OpOutputs, RecordChange};
pub use plan::{OpId, Plan};
pub use render::render;
pub use run::{Outcome, Run, StepError};
pub use simulate::{left_behind, simulate};
