//! From objects to what they ask for. In: a recording `Lens` on the world, a unit and the settings
//! in force. Out: [`Compiled`]. Forbidden: AWS facts, names that need hashing, anything of later
//! rooms.
#![warn(missing_docs)]

mod bindings;
pub mod codes;
mod compile;
mod foundation;
mod ingress;
mod kept;
mod listener;
pub mod model;
mod names;
mod open;
mod ports;
#[doc(hidden)]
pub mod probe;
mod said;
mod service;
pub mod settings;
mod split;
mod targets;

pub use bindings::{identities, standing};
pub use compile::{Stacks, compile, compile_stacks, compile_within, roots, stacks};
pub use model::{Compiled, Intent};
pub use names::{ascii_name, lies_in};
pub use split::split;
