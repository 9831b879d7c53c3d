//! What a snapshot keeps.

use serde_json::Value;

use super::World;
use crate::elbv2;

/// All of the world's load balancing.
pub(super) fn of(world: &World) -> Value {
    elbv2::snapshot(&world.emulator.account())
}
