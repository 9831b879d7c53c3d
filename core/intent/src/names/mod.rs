//! Names that objects claim in a zone.

use inroad_words::{Diagnostic, ZoneKey, controller::Controller};
use inroad_world::Lens;

use crate::model::ZoneIntent;

/// The claims to names of one zone.
pub(crate) fn compile(
    _lens: &Lens<'_>,
    _zone: &ZoneKey,
    _controller: &Controller,
    _diagnostics: &mut Vec<Diagnostic>,
) -> ZoneIntent {
    ZoneIntent::default()
}
