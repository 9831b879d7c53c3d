//! What AWS's front ends check before an operation sees its input: presence, ranges, lengths, choices
//! and patterns, all from the model.

use serde_json::Value;

use super::model::{Kind, Model, Operation, Protocol, Shape};
use crate::Fault;

/// The first constraint that is broken for EC2, all of them for the other services.
pub(super) fn input(model: &Model, operation: &Operation, tree: &Value) -> Result<(), Fault> {
    let Some(reference) = &operation.input else { return Ok(()) };
    let mut found = Vec::new();
    check(model, model.shape(reference), tree, "", &mut found);
    let Some(first) = found.first() else { return Ok(()) };
    if model.protocol() == Protocol::Ec2 {
        return Err(first.ec2());
    }
    let errors = if found.len() == 1 { "error" } else { "errors" };
    let all: Vec<String> = found.iter().map(Broken::text).collect();
    let message = format!("{} validation {errors} detected: {}", found.len(), all.join("; "));
    Err(Fault::new(code(model.service), message))
}

/// The code under which a service reports a broken constraint.
fn code(service: &str) -> &'static str {
    match service {
        "route53" => "InvalidInput",
        "acm" => "ValidationException",
        "tagging" => "InvalidParameterException",
        _ => "ValidationError",
    }
}

/// One broken constraint.
struct Broken {
    path: String,
    value: Option<String>,
    rule: String,
}

impl Broken {
    fn text(&self) -> String {
        let value = self.value.as_ref().map_or("null".to_owned(), |value| format!("'{value}'"));
        format!("Value {value} at '{}' failed to satisfy constraint: {}", self.path, self.rule)
    }

    fn ec2(&self) -> Fault {
        match &self.value {
            None => {
                let message = format!("The request must contain the parameter {}", self.path);
                Fault::new("MissingParameter", message)
            }
            Some(value) => {
                let (path, rule) = (&self.path, &self.rule);
                let message = format!("Value ({value}) for parameter {path} is invalid. {rule}");
                Fault::new("InvalidParameterValue", message)
            }
        }
    }
}

fn check(model: &Model, shape: &Shape, tree: &Value, path: &str, found: &mut Vec<Broken>) {
    match tree {
        Value::Object(members) if shape.kind == Kind::Structure => {
            for name in shape.required.iter().filter(|name| !members.contains_key(*name)) {
                let rule = "Member must not be null".to_owned();
                let path = below(model, shape, path, name);
                found.push(Broken { path, value: None, rule });
            }
            for (name, value) in members {
                if let Some(member) = shape.members.get(name) {
                    check(
                        model,
                        model.shape(member),
                        value,
                        &below(model, shape, path, name),
                        found,
                    );
                }
            }
        }
        Value::Array(items) => {
            sized(model, shape, tree, items.len(), path, found);
            for (index, item) in items.iter().enumerate() {
                let path = format!("{path}.{}.member", index + 1);
                check(model, model.shape(shape.item()), item, &path, found);
            }
        }
        Value::String(text) => self::text(model, shape, tree, text, path, found),
        Value::Number(number) => {
            let outside = |value: i64| {
                let low = shape.min.filter(|min| value < *min).map(|min| ("greater", min));
                low.or(shape.max.filter(|max| value > *max).map(|max| ("less", max)))
            };
            if let Some((word, limit)) = number.as_i64().and_then(outside) {
                let rule = format!("Member must have value {word} than or equal to {limit}");
                found.push(broken(path, tree, rule));
            }
        }
        _ => {}
    }
}

fn text(
    model: &Model,
    shape: &Shape,
    tree: &Value,
    text: &str,
    path: &str,
    found: &mut Vec<Broken>,
) {
    // A blob's limits count its bytes; they are checked by the service that knows what they mean.
    if shape.kind != Kind::String {
        return;
    }
    if !shape.choices.is_empty() && !shape.choices.iter().any(|choice| choice == text) {
        let choices = shape.choices.join(", ");
        found.push(broken(path, tree, format!("Member must satisfy enum value set: [{choices}]")));
    }
    sized(model, shape, tree, text.chars().count(), path, found);
    if let Some(pattern) = &shape.pattern
        && shape.regex().is_some_and(|regex| !regex.is_match(text))
    {
        let rule = format!("Member must satisfy regular expression pattern: {pattern}");
        found.push(broken(path, tree, rule));
    }
}

/// Lengths. EC2 has its own words for each, so its operations check them.
fn sized(
    model: &Model,
    shape: &Shape,
    tree: &Value,
    length: usize,
    path: &str,
    found: &mut Vec<Broken>,
) {
    if model.protocol() == Protocol::Ec2 {
        return;
    }
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let low = shape.min.filter(|min| length < *min).map(|min| ("greater", min));
    let outside = low.or(shape.max.filter(|max| length > *max).map(|max| ("less", max)));
    if let Some((word, limit)) = outside {
        let rule = format!("Member must have length {word} than or equal to {limit}");
        found.push(broken(path, tree, rule));
    }
}

fn broken(path: &str, tree: &Value, rule: String) -> Broken {
    let value = match tree {
        Value::String(text) => text.clone(),
        Value::Array(items) => {
            let items: Vec<String> = items
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    };
    Broken { path: path.to_owned(), value: Some(value), rule }
}

/// `loadBalancers.1.member.name`: how these messages write a path. EC2 speaks of its names on the wire.
fn below(model: &Model, shape: &Shape, path: &str, name: &str) -> String {
    let wire = shape.members.get(name).and_then(|member| member.location_name.as_deref());
    let name = wire.filter(|_| model.protocol() == Protocol::Ec2).unwrap_or(name);
    let mut chars = name.chars();
    let first = chars.next().map(|first| first.to_ascii_lowercase().to_string());
    let name = first.unwrap_or_default() + chars.as_str();
    if path.is_empty() { name } else { format!("{path}.{name}") }
}
