//! Which table is put to which room of inroad.

use super::{glob, ingress_model, tables::Case};

/// Runs one case; the error says where inroad differs from what is recorded.
pub(super) type Adapter = fn(&Case) -> Result<(), String>;

/// Tables by path, each with the adapter that understands them; the first that matches counts.
const ADAPTERS: &[(&str, Adapter)] =
    &[("albc/pkg/ingress/*__Test_defaultModelBuilder_Build.json", ingress_model::check)];

/// The adapter for a table.
pub(super) fn find(path: &str) -> Option<Adapter> {
    ADAPTERS.iter().find(|(pattern, _)| glob::matches(pattern, path)).map(|(_, adapter)| *adapter)
}
