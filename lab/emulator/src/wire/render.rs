//! Trees to answers: XML or JSON by the model, and each protocol's shape of an error. An output that the
//! model does not know is our own bug and becomes `InternalFailure` with the member's name.

use std::io;

use bytes::Bytes;
use http::{HeaderValue, Response};
use quick_xml::Writer;
use quick_xml::events::BytesText;
use serde_json::{Map, Value, json};

use super::Asked;
use super::model::{Kind, Location, Model, Operation, Protocol, Reference, Shape};
use crate::Fault;

type Xml = Writer<Vec<u8>>;

/// A successful answer.
pub(super) fn output(asked: &Asked<'_>, tree: &Value, id: &str) -> Result<Response<Bytes>, Fault> {
    let model = asked.model;
    let reference = asked.operation.output.as_ref();
    let empty = Map::new();
    let members = tree.as_object().unwrap_or(&empty);
    if let Some(reference) = reference {
        known(model, model.shape(reference), tree, asked.name)?;
    }
    let body = match (model.protocol(), reference) {
        (Protocol::Json, None) => Vec::new(),
        (Protocol::Json, Some(reference)) => {
            to_json(model, model.shape(reference), tree).to_string().into_bytes()
        }
        _ => document(asked, members, id).map_err(|error| bug(&error.to_string()))?,
    };
    let mut response = respond(model, asked.operation.http.response_code.unwrap_or(200), body, id);
    if let Some(reference) = reference {
        headers(model.shape(reference), members, &mut response);
    }
    Ok(response)
}

fn bug(what: &str) -> Fault {
    tracing::error!(what, "the emulator answered outside the API's model");
    Fault::new("InternalFailure", what).status(500)
}

/// Checks that the tree has only members of the model, with the model's types.
pub(super) fn known(model: &Model, shape: &Shape, tree: &Value, path: &str) -> Result<(), Fault> {
    let fits = match (shape.kind, tree) {
        (_, Value::Null) => true,
        (Kind::Structure, Value::Object(members)) => {
            for (name, value) in members {
                let path = format!("{path}.{name}");
                let member = shape.members.get(name);
                let member = member.ok_or_else(|| bug(&format!("{path} is not in the API")))?;
                known(model, model.shape(member), value, &path)?;
            }
            true
        }
        (Kind::List, Value::Array(items)) => {
            let shape = model.shape(shape.item());
            items.iter().try_for_each(|item| known(model, shape, item, path))?;
            true
        }
        (Kind::Map, tree) => tree.is_object(),
        (Kind::String | Kind::Blob, tree) => tree.is_string(),
        (Kind::Timestamp, tree) => time(tree).is_some(),
        (Kind::Integer | Kind::Long, tree) => tree.is_i64(),
        (Kind::Float | Kind::Double, tree) => tree.is_number(),
        (Kind::Boolean, tree) => tree.is_boolean(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(bug(&format!("{path} has another type in the API: {tree}"))) }
}

fn time(tree: &Value) -> Option<jiff::Timestamp> {
    tree.as_str()?.parse().ok()
}

fn document(asked: &Asked<'_>, members: &Map<String, Value>, id: &str) -> io::Result<Vec<u8>> {
    let (model, name) = (asked.model, asked.name);
    let reference = asked.operation.output.as_ref();
    let shape = reference.map(|reference| model.shape(reference));
    let namespace = model.namespace();
    let root = match (model.protocol(), reference) {
        // The SDKs know a REST answer by the name of its shape.
        (Protocol::RestXml, Some(reference)) => reference.shape.clone(),
        _ => format!("{name}Response"),
    };
    let wrapper = reference.and_then(|reference| reference.result_wrapper.as_deref());
    let fields = |w: &mut Xml| -> io::Result<()> {
        shape.map_or(Ok(()), |shape| structure(model, shape, members, w))
    };
    xml(&root, namespace, |w| match model.protocol() {
        Protocol::Ec2 => {
            leaf(w, "requestId", id)?;
            if shape.is_some() { fields(w) } else { leaf(w, "return", "true") }
        }
        Protocol::Query => {
            let result = wrapper.map_or_else(|| format!("{name}Result"), str::to_owned);
            w.create_element(result).write_inner_content(|w| fields(w))?;
            w.create_element("ResponseMetadata")
                .write_inner_content(|w| leaf(w, "RequestId", id))?;
            Ok(())
        }
        Protocol::RestXml | Protocol::Json => fields(w),
    })
}

fn xml(
    root: &str,
    namespace: &str,
    inner: impl FnOnce(&mut Xml) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new(br#"<?xml version="1.0" encoding="UTF-8"?>"#.to_vec());
    let root = writer.create_element(root);
    let root = if namespace.is_empty() { root } else { root.with_attribute(("xmlns", namespace)) };
    root.write_inner_content(inner)?;
    Ok(writer.into_inner())
}

fn leaf(w: &mut Xml, name: &str, text: &str) -> io::Result<()> {
    w.create_element(name).write_text_content(BytesText::new(text)).map(drop)
}

fn structure(
    model: &Model,
    shape: &Shape,
    members: &Map<String, Value>,
    w: &mut Xml,
) -> io::Result<()> {
    for (name, value) in members {
        let Some(member) = shape.members.get(name) else { continue };
        if member.location.is_none() && !value.is_null() {
            element(model, member, member.location_name.as_deref().unwrap_or(name), value, w)?;
        }
    }
    Ok(())
}

fn element(
    model: &Model,
    reference: &Reference,
    name: &str,
    value: &Value,
    w: &mut Xml,
) -> io::Result<()> {
    let shape = model.shape(reference);
    match value {
        Value::Object(members) if shape.kind == Kind::Map => {
            let entries = |w: &mut Xml| {
                members.iter().try_for_each(|(key, value)| entry(model, shape, key, value, w))
            };
            w.create_element(name).write_inner_content(entries).map(drop)
        }
        Value::Object(members) => w
            .create_element(name)
            .write_inner_content(|w| structure(model, shape, members, w))
            .map(drop),
        Value::Array(items) => {
            let item = shape.item();
            if shape.flattened || reference.flattened {
                return items.iter().try_for_each(|value| element(model, item, name, value, w));
            }
            let inner = item.location_name.as_deref().unwrap_or("member");
            let list = |w: &mut Xml| {
                items.iter().try_for_each(|value| element(model, item, inner, value, w))
            };
            w.create_element(name).write_inner_content(list).map(drop)
        }
        scalar => leaf(w, name, &text(shape, scalar)),
    }
}

fn entry(model: &Model, shape: &Shape, key: &str, value: &Value, w: &mut Xml) -> io::Result<()> {
    let pair = |w: &mut Xml| {
        leaf(w, "key", key)?;
        element(model, shape.map_value(), "value", value, w)
    };
    w.create_element("entry").write_inner_content(pair).map(drop)
}

fn text(shape: &Shape, scalar: &Value) -> String {
    match (shape.kind, scalar) {
        (Kind::Timestamp, tree) => time(tree).map_or_else(String::new, |time| format!("{time:.3}")),
        (_, Value::String(text)) => text.clone(),
        (_, other) => other.to_string(),
    }
}

fn to_json(model: &Model, shape: &Shape, tree: &Value) -> Value {
    match (shape.kind, tree) {
        (Kind::Structure, Value::Object(members)) => {
            let known = members.iter().filter(|(_, value)| !value.is_null());
            let pairs = known.filter_map(|(name, value)| {
                let shape = model.shape(shape.members.get(name)?);
                Some((name.clone(), to_json(model, shape, value)))
            });
            Value::Object(pairs.collect())
        }
        (Kind::List, Value::Array(items)) => {
            let item = model.shape(shape.item());
            items.iter().map(|tree| to_json(model, item, tree)).collect()
        }
        (Kind::Timestamp, tree) => {
            time(tree).map_or(Value::Null, |time| json!(time.as_millisecond() as f64 / 1000.0))
        }
        (_, tree) => tree.clone(),
    }
}

fn headers(shape: &Shape, members: &Map<String, Value>, response: &mut Response<Bytes>) {
    for (name, member) in &shape.members {
        let wire = member.location_name.as_deref().unwrap_or(name);
        let value = members.get(name).and_then(Value::as_str).map(HeaderValue::from_str);
        let header = http::HeaderName::from_bytes(wire.as_bytes());
        if let (Some(Location::Header), Some(Ok(value)), Ok(header)) =
            (member.location, value, header)
        {
            response.headers_mut().insert(header, value);
        }
    }
}

/// An error, in the protocol's own shape and with the status that the model gives to its code.
pub(super) fn fault(
    model: &Model,
    operation: Option<&Operation>,
    fault: &Fault,
    id: &str,
) -> Response<Bytes> {
    let status = match (fault.status, model.error_status(&fault.code)) {
        (400, Some(modelled)) => modelled,
        (given, _) => given,
    };
    let body = match model.protocol() {
        Protocol::Json => json_error(model, operation, fault),
        Protocol::Ec2 => ec2_error(fault, id),
        Protocol::Query | Protocol::RestXml => error_response(model, status, fault, id),
    };
    respond(model, status, body, id)
}

fn json_error(model: &Model, operation: Option<&Operation>, fault: &Fault) -> Vec<u8> {
    let modelled = operation.is_some_and(|operation| operation.errors.contains(&fault.code));
    let shape = modelled.then(|| model.shapes.get(&fault.code)).flatten();
    let capital = shape.is_some_and(|shape| shape.members.contains_key("Message"));
    let key = if capital { "Message" } else { "message" };
    json!({"__type": fault.code, key: fault.message}).to_string().into_bytes()
}

fn ec2_error(fault: &Fault, id: &str) -> Vec<u8> {
    let error = |w: &mut Xml| {
        leaf(w, "Code", &fault.code)?;
        leaf(w, "Message", &fault.message)
    };
    let body = xml("Response", "", |w| {
        let errors = |w: &mut Xml| w.create_element("Error").write_inner_content(error).map(drop);
        w.create_element("Errors").write_inner_content(errors)?;
        leaf(w, "RequestID", id)
    });
    body.unwrap_or_default()
}

fn error_response(model: &Model, status: u16, fault: &Fault, id: &str) -> Vec<u8> {
    let side = if status < 500 { "Sender" } else { "Receiver" };
    let error = |w: &mut Xml| {
        leaf(w, "Type", side)?;
        leaf(w, "Code", &fault.code)?;
        leaf(w, "Message", &fault.message)
    };
    let body = xml("ErrorResponse", model.namespace(), |w| {
        w.create_element("Error").write_inner_content(error)?;
        leaf(w, "RequestId", id)
    });
    body.unwrap_or_default()
}

/// An error for a request whose service is not known.
pub(super) fn unrouted(fault: &Fault, id: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(ec2_error(fault, id)));
    *response.status_mut() = http::StatusCode::BAD_REQUEST;
    response.headers_mut().insert("content-type", HeaderValue::from_static("text/xml"));
    response
}

fn respond(model: &Model, status: u16, body: Vec<u8>, id: &str) -> Response<Bytes> {
    let kind = match model.protocol() {
        Protocol::Json => "application/x-amz-json-1.1",
        _ => "text/xml;charset=UTF-8",
    };
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    let id = HeaderValue::from_str(id).expect("a request id is hex digits and dashes");
    response.headers_mut().insert("x-amzn-requestid", id);
    response.headers_mut().insert("content-type", HeaderValue::from_static(kind));
    response
}
