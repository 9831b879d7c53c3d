//! What the room promises: laws over generated stacks, and plans with blessed text.

mod laws;
mod plans;
mod worlds;
