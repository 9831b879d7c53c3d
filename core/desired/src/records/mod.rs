//! Records of a zone: which claim to a name holds, and what is written for it.

pub mod txt;

use std::collections::BTreeSet;

use inroad_intent::model::ZoneIntent;
use inroad_words::{
    Origin, Unit,
    controller::Controller,
    facts::{Facts, Need},
    hold::{Hold, HoldReason},
};

use crate::model::{Desired, Shaped};

/// What has to be asked for a zone.
pub(crate) fn needs(_zone: &ZoneIntent, _controller: &Controller) -> BTreeSet<Need> {
    BTreeSet::new()
}

/// What should be in a zone. Claims are not settled here yet, so the zone as a whole stays as it is.
pub(crate) fn shape(zone: &ZoneIntent, _facts: &Facts, _controller: &Controller) -> Shaped {
    let mut desired = Desired::nothing(Unit::Zone(zone.zone.clone()));
    desired.held.unit = Some(Hold {
        subject: desired.unit.to_string(),
        reason: HoldReason::Policy("records are left alone".into()),
        origin: Origin::Default,
    });
    Shaped { desired, diagnostics: Vec::new() }
}
