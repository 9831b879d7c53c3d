//! Hosted zones and their record sets.

use serde_json::Value;

use crate::{Account, Fault};

/// What the service remembers.
#[derive(Debug, Default)]
pub struct Route53 {}
/// One operation of the service.
pub(crate) fn call(
    _account: &mut Account,
    operation: &str,
    _input: &Value,
) -> Result<Value, Fault> {
    Err(Fault::new("InvalidAction", format!("{operation} is not emulated")))
}
