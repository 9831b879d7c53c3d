//! Who am I. Every caller is the same user, since signatures are not checked.

use serde_json::{Value, json};

use crate::{Account, Fault};

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, _input: &Value) -> Result<Value, Fault> {
    if operation != "GetCallerIdentity" {
        return Err(Fault::new("InvalidAction", format!("{operation} is not emulated")));
    }
    let id = &account.settings.account_id;
    Ok(json!({
        "Account": id,
        "Arn": format!("arn:aws:iam::{id}:user/inroad"),
        "UserId": "AIDAINROADEMULATORUSER",
    }))
}
