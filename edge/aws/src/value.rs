//! What a step refers to must be known by the time it is taken.

use inroad_words::Value;

use crate::Error;

/// The value, or the error that names what was not filled in.
pub(crate) fn known<T>(value: &Value<T>) -> Result<&T, Error> {
    match value {
        Value::Known(value) => Ok(value),
        Value::Output { of, field } => {
            Err(Error::Unsayable(format!("{field:?} of {of} is not known yet")))
        }
    }
}
