//! Record sets of one zone against what the zone holds.

use inroad_words::ZoneKey;

use super::Room;

/// Nothing is wanted of the zone's records, so nothing is done to them.
pub(super) fn diff(_room: &mut Room<'_>, _zone: &ZoneKey) {}
