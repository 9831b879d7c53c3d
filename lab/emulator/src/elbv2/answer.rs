//! Between trees and types: parses an operation's input and shapes what goes out.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Fault;

/// The input as a type. A member of a wrong type or enum is the caller's error.
pub(super) fn parse<T: DeserializeOwned>(input: &Value) -> Result<T, Fault> {
    serde_json::from_value(input.clone())
        .map_err(|error| Fault::new("ValidationError", error.to_string()))
}

/// Times as the API writes them out, read in any ISO 8601 form (snapshots use a space for the `T`).
pub(super) mod time {
    use jiff::Timestamp;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(&time.to_string())
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}
