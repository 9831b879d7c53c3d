//! Between trees and types: parses an operation's input, shapes what goes out, pages lists.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::state::Pairs;
use crate::Fault;

/// Most items of one page, also where the caller names no size (`PageSize` of the API: 1 to 400).
const PAGE: usize = 400;

/// The input as a type. A member of a wrong type or enum is the caller's error.
pub(super) fn parse<T: DeserializeOwned>(input: &Value) -> Result<T, Fault> {
    serde_json::from_value(input.clone()).map_err(|error| invalid(error.to_string()))
}

/// `ValidationError`: what AWS says of input that its model does not describe well enough.
pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("ValidationError", message)
}

/// `InvalidConfigurationRequest`.
pub(super) fn unconfigurable(message: impl Into<String>) -> Fault {
    Fault::new("InvalidConfigurationRequest", message)
}

/// The tree of a record.
pub(super) fn tree(record: &impl Serialize) -> Value {
    serde_json::to_value(record).expect("records have string keys and no failing serialisers")
}

/// The tree of a record as a map, to add members to.
pub(super) fn members(record: &impl Serialize) -> Map<String, Value> {
    match tree(record) {
        Value::Object(members) => members,
        other => unreachable!("records serialise as objects, not as {other}"),
    }
}

/// One page of `items` under `name`, with the marker of the next one where there is more.
pub(super) fn page(name: &str, items: Vec<Value>, input: &Value) -> Result<Value, Fault> {
    let start = match input["Marker"].as_str() {
        None => 0,
        Some(marker) => marker.parse().map_err(|_| invalid("The marker is not valid"))?,
    };
    let size = input["PageSize"].as_u64().map_or(PAGE, |size| (size as usize).clamp(1, PAGE));
    let total = items.len();
    let shown: Vec<Value> = items.into_iter().skip(start).take(size).collect();
    let end = start + shown.len();
    let mut answer = json!({ name: shown });
    if end < total {
        answer["NextMarker"] = end.to_string().into();
    }
    Ok(answer)
}

/// A tag or an attribute as the API writes it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: String,
}

/// `[{"Key", "Value"}]` of a map.
pub(super) fn list(pairs: &Pairs) -> Value {
    pairs.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect()
}

/// The strings of a list member; empty when it is absent.
pub(super) fn strings(input: &Value, member: &str) -> Vec<String> {
    let items = input[member].as_array().into_iter().flatten();
    items.filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A required string member; the wire has refused its absence already.
pub(super) fn text<'a>(input: &'a Value, member: &str) -> Result<&'a str, Fault> {
    input[member].as_str().ok_or_else(|| invalid(format!("{member} is required")))
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
