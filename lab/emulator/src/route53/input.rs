//! Reading the members of a request, each with Route 53's own refusal.

use serde_json::Value;

use crate::Fault;

pub(super) fn invalid(message: impl Into<String>) -> Fault {
    Fault::new("InvalidInput", message)
}

pub(super) fn text<'a>(input: &'a Value, member: &str) -> Option<&'a str> {
    input[member].as_str()
}

pub(super) fn required<'a>(input: &'a Value, member: &str) -> Result<&'a str, Fault> {
    text(input, member).ok_or_else(|| invalid(format!("Invalid request: Missing field '{member}'")))
}

/// An id of a zone or change: with or without the path that the answers put in front.
pub(super) fn id(input: &Value, member: &str, path: &str) -> Result<String, Fault> {
    let given = required(input, member)?;
    let id = given.trim_start_matches('/').strip_prefix(path).unwrap_or(given);
    if id.is_empty() || id.len() > 32 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(invalid(format!("Invalid id: '{given}'")));
    }
    Ok(id.to_owned())
}

pub(super) fn zone_id(input: &Value, member: &str) -> Result<String, Fault> {
    id(input, member, "hostedzone/")
}

/// `MaxItems`: a number in a string. More than `most` is taken as `most`.
pub(super) fn page_size(input: &Value, most: usize) -> Result<usize, Fault> {
    let Some(given) = text(input, "MaxItems") else { return Ok(most) };
    match given.parse::<usize>() {
        Ok(size) if size > 0 => Ok(size.min(most)),
        _ => Err(invalid(format!("Invalid MaxItems: '{given}'"))),
    }
}
