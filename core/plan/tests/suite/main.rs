//! What the room promises: laws over generated stacks, and plans with blessed text.
#![allow(clippy::disallowed_methods)] // blessed texts are files; what core itself may not do its tests must

mod laws;
mod plans;
mod quotas;
mod routing;
mod worlds;
