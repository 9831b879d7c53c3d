//! From what is asked for and what the outside said to what should be there. Forbidden: the world and
//! its objects, SDKs, any question that is not in `needs`.
#![warn(missing_docs)]

pub mod model;

pub use model::{Desired, Resource, Shaped};
