//! The query protocol (ELBv2, STS) and EC2's dialect of it: fields to tree.

use serde_json::{Map, Value};

use super::fields::{self, Node};
use super::model::{Kind, Model, Protocol, Reference, Shape};
use super::{Asked, input};
use crate::Fault;

pub(super) fn parse(asked: &Asked<'_>) -> Result<Value, Fault> {
    let Some(reference) = &asked.operation.input else {
        return Ok(Value::Object(Map::new()));
    };
    let reader = Reader { model: asked.model, ec2: asked.model.protocol() == Protocol::Ec2 };
    let shape = asked.model.shape(reference);
    reader.structure(shape, &fields::tree(asked.request), "")
}

struct Reader {
    model: &'static Model,
    ec2: bool,
}

impl Reader {
    fn value(&self, shape: &Shape, node: &Node, path: &str) -> Result<Value, Fault> {
        match shape.kind {
            Kind::Structure => self.structure(shape, node, path),
            Kind::List => self.list(shape, node, path),
            Kind::Map => self.map(shape, node, path),
            _ => {
                let text = node.text.as_deref().filter(|_| node.below.is_empty());
                let value = text.and_then(|text| input::scalar(shape, text));
                value.ok_or_else(|| self.malformed(node, path))
            }
        }
    }

    fn structure(&self, shape: &Shape, node: &Node, path: &str) -> Result<Value, Fault> {
        let mut tree = Map::new();
        for (part, below) in &node.below {
            let path = if path.is_empty() { part.clone() } else { format!("{path}.{part}") };
            let named =
                shape.members.iter().find(|(name, member)| self.name(name, member) == *part);
            let (name, member) = named.ok_or_else(|| self.unknown(&path))?;
            tree.insert(name.clone(), self.value(self.model.shape(member), below, &path)?);
        }
        Ok(Value::Object(tree))
    }

    fn list(&self, shape: &Shape, node: &Node, path: &str) -> Result<Value, Fault> {
        if node.below.is_empty() && node.text.as_deref() == Some("") {
            return Ok(Value::Array(Vec::new()));
        }
        let item = shape.item();
        let wrapped = (!self.ec2 && !shape.flattened)
            .then(|| item.location_name.as_deref().unwrap_or("member"));
        let numbered = match wrapped {
            Some(name) => node.below.get(name),
            None => Some(node),
        };
        let items = numbered.and_then(Node::numbered).ok_or_else(|| self.malformed(node, path))?;
        let shape = self.model.shape(item);
        let read = |(index, node): (usize, &Node)| {
            self.value(shape, node, &format!("{path}.{}", index + 1))
        };
        items.into_iter().enumerate().map(read).collect()
    }

    fn map(&self, shape: &Shape, node: &Node, path: &str) -> Result<Value, Fault> {
        let entries = node.below.get("entry").and_then(Node::numbered);
        let mut tree = Map::new();
        for entry in entries.ok_or_else(|| self.malformed(node, path))? {
            let (Some(key), Some(value)) = (entry.below.get("key"), entry.below.get("value"))
            else {
                return Err(self.malformed(entry, path));
            };
            let value = self.value(self.model.shape(shape.map_value()), value, path)?;
            tree.insert(key.text.clone().unwrap_or_default(), value);
        }
        Ok(Value::Object(tree))
    }

    /// The name of a member in a request: EC2 prefers `queryName`, else the capitalised `locationName`.
    fn name(&self, name: &str, member: &Reference) -> String {
        if !self.ec2 {
            return member.location_name.clone().unwrap_or_else(|| name.to_owned());
        }
        let capitalised = |text: &str| {
            let mut chars = text.chars();
            chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str())
        };
        let named = member.query_name.clone();
        named
            .or_else(|| capitalised(member.location_name.as_deref()?))
            .unwrap_or_else(|| name.to_owned())
    }

    fn unknown(&self, path: &str) -> Fault {
        let code = if self.ec2 { "UnknownParameter" } else { "ValidationError" };
        Fault::new(code, format!("The parameter {path} is not recognized"))
    }

    fn malformed(&self, node: &Node, path: &str) -> Fault {
        let code = if self.ec2 { "InvalidParameterValue" } else { "ValidationError" };
        let text = node.text.as_deref().unwrap_or_default();
        Fault::new(code, format!("Invalid value '{text}' for {path}."))
    }
}
