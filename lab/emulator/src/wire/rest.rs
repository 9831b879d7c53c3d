//! The REST-XML protocol (Route 53): path, URL query, headers and XML body to tree.

use bytes::Bytes;
use http::Request;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use super::model::{Kind, Location, Model, Reference, Shape};
use super::xml::{self, Element};
use super::{Asked, header, input};
use crate::Fault;

/// The operation whose method and path template fit.
pub(super) fn operation(model: &'static Model, request: &Request<Bytes>) -> Option<&'static str> {
    let fits = |(name, operation): (&'static String, &super::Operation)| {
        let fits = operation.http.method == request.method().as_str()
            && labels(&operation.http.request_uri, request.uri().path()).is_some();
        fits.then_some(name.as_str())
    };
    model.operations.iter().find_map(fits)
}

/// The values of the `{Labels}` of a path template, where the path fits it. A trailing slash is nothing.
fn labels(template: &str, path: &str) -> Option<Vec<(String, String)>> {
    let template: Vec<&str> = template.trim_end_matches('/').split('/').collect();
    let path: Vec<&str> = path.trim_end_matches('/').split('/').collect();
    if template.len() != path.len() {
        return None;
    }
    let mut found = Vec::new();
    for (wanted, part) in template.into_iter().zip(path) {
        match wanted.strip_prefix('{').and_then(|label| label.strip_suffix('}')) {
            Some(label) => {
                let decoded = percent_decode_str(part).decode_utf8_lossy().into_owned();
                found.push((label.to_owned(), decoded));
            }
            None if wanted == part => {}
            None => return None,
        }
    }
    Some(found)
}

pub(super) fn parse(asked: &Asked<'_>) -> Result<Value, Fault> {
    let Some(reference) = &asked.operation.input else {
        return Ok(Value::Object(Map::new()));
    };
    let shape = asked.model.shape(reference);
    let mut tree = match asked.request.body().is_empty() {
        true => Map::new(),
        false => body(asked, shape)?,
    };
    for (name, member) in &shape.members {
        if let Some(text) = outside_body(asked, name, member) {
            let value = input::scalar(asked.model.shape(member), &text);
            tree.insert(name.clone(), value.ok_or_else(|| invalid(&format!("{name}: '{text}'")))?);
        }
    }
    Ok(Value::Object(tree))
}

/// A member that travels in the path, the URL's query or a header.
fn outside_body(asked: &Asked<'_>, name: &str, member: &Reference) -> Option<String> {
    let wire = member.location_name.as_deref().unwrap_or(name);
    let uri = asked.request.uri();
    match member.location? {
        Location::Uri => {
            let labels = labels(&asked.operation.http.request_uri, uri.path())?;
            labels.into_iter().find(|(label, _)| label == wire).map(|(_, value)| value)
        }
        Location::Querystring => {
            let query = uri.query().unwrap_or_default().as_bytes();
            let mut pairs = url::form_urlencoded::parse(query);
            pairs.find(|(key, _)| key == wire).map(|(_, value)| value.into_owned())
        }
        Location::Header => header(asked.request.headers(), wire).map(str::to_owned),
    }
}

fn body(asked: &Asked<'_>, shape: &Shape) -> Result<Map<String, Value>, Fault> {
    let text =
        std::str::from_utf8(asked.request.body()).map_err(|error| invalid(&error.to_string()))?;
    let root = xml::read(text).map_err(|error| invalid(&error))?;
    structure(asked.model, shape, &root)
}

fn structure(model: &Model, shape: &Shape, element: &Element) -> Result<Map<String, Value>, Fault> {
    let mut tree = Map::new();
    for child in &element.children {
        let named = |(name, member): &(&String, &Reference)| {
            member.location.is_none()
                && member.location_name.as_ref().unwrap_or(name) == &child.name
        };
        let found = shape.members.iter().find(named);
        let (name, member) = found.ok_or_else(|| {
            invalid(&format!("invalid content was found starting with element '{}'", child.name))
        })?;
        tree.insert(name.clone(), value(model, model.shape(member), child)?);
    }
    Ok(tree)
}

fn value(model: &Model, shape: &Shape, element: &Element) -> Result<Value, Fault> {
    match shape.kind {
        Kind::Structure => structure(model, shape, element).map(Value::Object),
        Kind::List => {
            let item = model.shape(shape.item());
            element.children.iter().map(|child| value(model, item, child)).collect()
        }
        _ => input::scalar(shape, &element.text).ok_or_else(|| {
            invalid(&format!("'{}' is not a valid value of {}", element.text, element.name))
        }),
    }
}

fn invalid(what: &str) -> Fault {
    Fault::new("InvalidInput", format!("Invalid XML ; {what}"))
}
