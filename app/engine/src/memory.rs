//! What is remembered between runs. All of it is a cache: it can be told again from the cluster and from
//! ownership marks.

use std::collections::{BTreeMap, BTreeSet};

use inroad_status::Report;
use inroad_words::{Diagnostic, Unit, facts::Outputs};
use inroad_world::World;

use crate::Planned;

/// What is remembered.
#[derive(Debug, Default)]
pub struct Memory {
    /// The cluster as it is.
    pub world: World,
    /// What resources are known to be.
    pub outputs: Outputs,
    /// How each unit was planned last.
    pub planned: BTreeMap<Unit, Planned>,
    /// What each stack told the cluster last.
    pub reports: BTreeMap<Unit, Report>,
}

impl Memory {
    /// Takes what is known of a unit's resources now, in place of what was known before.
    pub fn know(&mut self, unit: &Unit, outputs: Outputs) {
        self.outputs.0.retain(|(key, _), _| key.unit != *unit);
        self.outputs.0.extend(outputs.0);
    }

    /// Every mistake that is known now, each once.
    pub fn diagnostics(&self) -> BTreeSet<Diagnostic> {
        let all = self.planned.values();
        let said = all.flat_map(|planned| {
            planned.compiled.diagnostics.iter().chain(&planned.shaped.diagnostics)
        });
        said.cloned().collect()
    }
}
