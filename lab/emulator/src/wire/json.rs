//! The JSON 1.1 protocol (ACM, Resource Groups Tagging): body to tree. The two differ only in how they
//! write time (seconds since 1970 outside, ISO 8601 inside).

use serde_json::{Map, Value};

use super::Asked;
use super::model::{Kind, Model, Shape};
use crate::Fault;

pub(super) fn parse(asked: &Asked<'_>) -> Result<Value, Fault> {
    let body = asked.request.body();
    let tree = match body.is_empty() {
        true => Value::Object(Map::new()),
        false => serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?,
    };
    match &asked.operation.input {
        Some(reference) => value(asked.model, asked.model.shape(reference), tree, ""),
        None => Ok(Value::Object(Map::new())),
    }
}

fn value(model: &Model, shape: &Shape, tree: Value, path: &str) -> Result<Value, Fault> {
    match (shape.kind, tree) {
        (Kind::Structure, Value::Object(members)) => structure(model, shape, members, path),
        (Kind::List, Value::Array(items)) => {
            let item = model.shape(shape.item());
            items.into_iter().map(|tree| value(model, item, tree, path)).collect()
        }
        (Kind::Timestamp, tree) => time(&tree).ok_or_else(|| malformed(path)),
        (Kind::Integer | Kind::Long, tree) if tree.is_i64() => Ok(tree),
        (Kind::Float | Kind::Double, tree) if tree.is_number() => Ok(tree),
        (Kind::Boolean, tree) if tree.is_boolean() => Ok(tree),
        (Kind::String | Kind::Blob, tree) if tree.is_string() => Ok(tree),
        _ => Err(malformed(&format!("{path} has another type in the API"))),
    }
}

fn structure(
    model: &Model,
    shape: &Shape,
    members: Map<String, Value>,
    path: &str,
) -> Result<Value, Fault> {
    let mut tree = Map::new();
    for (name, below) in members.into_iter().filter(|(_, below)| !below.is_null()) {
        let path = format!("{path}/{name}");
        let member = shape.members.get(&name);
        let member = member.ok_or_else(|| malformed(&format!("{path} is not in the API")))?;
        tree.insert(name, value(model, model.shape(member), below, &path)?);
    }
    Ok(Value::Object(tree))
}

/// Seconds since 1970 as the text that stands for time inside.
pub(super) fn time(tree: &Value) -> Option<Value> {
    let milliseconds = tree.as_f64()? * 1000.0;
    let time = jiff::Timestamp::from_millisecond(milliseconds.round() as i64).ok()?;
    Some(Value::from(time.to_string()))
}

fn malformed(what: &str) -> Fault {
    Fault::new("SerializationException", what)
}
