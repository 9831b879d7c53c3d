//! Answers back to trees, as a client reads them: what [`super::render`] writes, and what the real
//! services write. They may say more than the model knows: that is left out.

use serde_json::{Map, Value};

use super::model::{Kind, Model, Protocol, Reference, Shape};
use super::xml::{self, Element};
use super::{Asked, input, json};

/// The tree of a successful answer's body; `None` where it is not what the operation answers.
pub(super) fn read(asked: &Asked<'_>, body: &[u8]) -> Option<Value> {
    let model = asked.model;
    let shape = model.shape(asked.operation.output.as_ref()?);
    if model.protocol() == Protocol::Json {
        return told(model, shape, serde_json::from_slice(body).ok()?);
    }
    let root = xml::read(std::str::from_utf8(body).ok()?).ok()?;
    let fields = match model.protocol() {
        Protocol::Query => {
            root.children.iter().find(|child| child.name.ends_with("Result")).unwrap_or(&root)
        }
        Protocol::Ec2 | Protocol::RestXml | Protocol::Json => &root,
    };
    Some(structure(model, shape, fields))
}

fn structure(model: &Model, shape: &Shape, element: &Element) -> Value {
    let members = shape.members.iter().filter(|(_, member)| member.location.is_none());
    let read = |(name, member): (&String, &Reference)| {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let mut found = element.children.iter().filter(|child| child.name == wire);
        let inner = model.shape(member);
        let value = match inner.kind == Kind::List && (inner.flattened || member.flattened) {
            true => {
                let items: Vec<Value> =
                    found.filter_map(|it| value(model, model.shape(inner.item()), it)).collect();
                (!items.is_empty()).then_some(Value::Array(items))
            }
            false => value(model, inner, found.next()?),
        };
        Some((name.clone(), value?))
    };
    Value::Object(members.filter_map(read).collect::<Map<_, _>>())
}

/// No answer here holds a map.
fn value(model: &Model, shape: &Shape, element: &Element) -> Option<Value> {
    match shape.kind {
        Kind::Structure => Some(structure(model, shape, element)),
        Kind::List => {
            let item = model.shape(shape.item());
            Some(element.children.iter().filter_map(|child| value(model, item, child)).collect())
        }
        _ => input::scalar(shape, &element.text),
    }
}

fn told(model: &Model, shape: &Shape, tree: Value) -> Option<Value> {
    match (shape.kind, tree) {
        (_, Value::Null) => None,
        (Kind::Structure, Value::Object(members)) => {
            let read = |(name, below): (String, Value)| {
                let member = shape.members.get(&name)?;
                Some((name, told(model, model.shape(member), below)?))
            };
            Some(Value::Object(members.into_iter().filter_map(read).collect()))
        }
        (Kind::List, Value::Array(items)) => {
            let item = model.shape(shape.item());
            Some(items.into_iter().filter_map(|tree| told(model, item, tree)).collect())
        }
        (Kind::Timestamp, tree) => json::time(&tree),
        (_, tree) => Some(tree),
    }
}
