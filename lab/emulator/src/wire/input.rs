//! Text to typed values, the same for all protocols that carry scalars as text.

use serde_json::{Number, Value};

use super::model::{Kind, Shape};

/// A scalar of the model's type; `None` when the text is not one. Timestamps stay ISO 8601 text and
/// blobs base64 text, which is how they travel inside the emulator.
pub(super) fn scalar(shape: &Shape, text: &str) -> Option<Value> {
    match shape.kind {
        Kind::Integer => text.trim().parse::<i32>().ok().map(Value::from),
        Kind::Long => text.trim().parse::<i64>().ok().map(Value::from),
        Kind::Float | Kind::Double => {
            text.trim().parse().ok().and_then(Number::from_f64).map(Value::Number)
        }
        Kind::Boolean => text.trim().parse::<bool>().ok().map(Value::Bool),
        Kind::String | Kind::Timestamp | Kind::Blob => Some(Value::from(text)),
        Kind::Structure | Kind::List | Kind::Map => None,
    }
}
