//! Pagination: one page of a list, and the opaque token of the next.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use crate::Fault;

/// Cuts `items` to the page that `token` names, at most `size` long; gives the next page's token if there
/// is one. Without `size` everything comes at once. `None` for a token that nobody issued. The
/// token is a position, so a list that changes between pages may skip or repeat as AWS's lists may.
pub(crate) fn slice<T>(
    items: Vec<T>,
    token: Option<&str>,
    size: Option<usize>,
) -> Option<(Vec<T>, Option<String>)> {
    let start = match token.filter(|token| !token.is_empty()) {
        Some(token) => position(token)?,
        None => 0,
    };
    let total = items.len();
    let size = size.unwrap_or(total).max(1);
    let page: Vec<T> = items.into_iter().skip(start).take(size).collect();
    let next = start.saturating_add(page.len());
    Some((page, (next < total).then(|| token_of(next))))
}

fn token_of(position: usize) -> String {
    URL_SAFE_NO_PAD.encode(format!("inroad-page:{position}"))
}

fn position(token: &str) -> Option<usize> {
    let decoded = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    decoded.strip_prefix("inroad-page:")?.parse().ok()
}

/// Where an operation's page size and token travel, and how a bad token is refused.
pub(crate) struct Style {
    pub(crate) size: &'static str,
    pub(crate) token: &'static str,
    pub(crate) next: &'static str,
    /// Page length when the request gives none; `None` for no limit.
    pub(crate) default_size: Option<usize>,
    /// Error code for a token that nobody issued.
    pub(crate) bad_token: &'static str,
}

/// EC2's `MaxResults`, `NextToken`.
pub(crate) const EC2: Style = Style {
    size: "MaxResults",
    token: "NextToken",
    next: "NextToken",
    default_size: None,
    bad_token: "InvalidParameterValue",
};

/// `{list: page, NextToken: ...}` for a list of ready trees.
pub(crate) fn page(
    style: &Style,
    input: &Value,
    list: &str,
    items: Vec<Value>,
) -> Result<Value, Fault> {
    let size = input[style.size].as_u64().and_then(|size| usize::try_from(size).ok());
    let cut = slice(items, input[style.token].as_str(), size.or(style.default_size));
    let (items, next) = cut.ok_or_else(|| {
        Fault::new(style.bad_token, format!("The parameter {} is not valid.", style.token))
    })?;
    let mut answer = serde_json::Map::new();
    answer.insert(list.to_owned(), Value::Array(items));
    if let Some(next) = next {
        answer.insert(style.next.to_owned(), Value::String(next));
    }
    Ok(Value::Object(answer))
}
