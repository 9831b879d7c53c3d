//! Certificates.

mod state;

use serde_json::Value;

use crate::{Account, Fault};

pub use state::{Acm, Certificate, Pem};

/// One operation of the service.
pub(crate) fn call(
    _account: &mut Account,
    operation: &str,
    _input: &Value,
) -> Result<Value, Fault> {
    Err(Fault::new("InvalidAction", format!("{operation} is not emulated")))
}
