//! What the laws and cases of the core are told over: generated worlds, an outside that answers from
//! plain data, and the corridor walked through it. Only tests link it.
#![warn(missing_docs)]

mod account;
pub mod cases;
mod corridor;
mod finalizers;
mod intent_text;
pub mod strategies;
mod surroundings;

pub use account::{Account, Mischief};
pub use corridor::{Corridor, Planned};
pub use finalizers::sign;
pub use surroundings::{Question, Surroundings};
