//! Tags on certificates.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{arn_of, find, find_mut};
use crate::{Account, Fault};

/// Most tags of one certificate (ACM guide, "Tag restrictions").
const LIMIT: usize = 50;

/// The `Tags` member, checked; a tag without a value has an empty one.
pub(super) fn given(input: &Value) -> Result<BTreeMap<String, String>, Fault> {
    let mut tags = BTreeMap::new();
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let value = tag["Value"].as_str().unwrap_or_default();
        if key.is_empty() || key.starts_with("aws:") || value.starts_with("aws:") {
            let message = format!("The tag '{key}' is not valid");
            return Err(Fault::new("InvalidTagException", message));
        }
        if tags.insert(key.to_owned(), value.to_owned()).is_some() {
            let message = format!("The tag '{key}' is there twice");
            return Err(Fault::new("InvalidParameterException", message));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

fn check_count(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    if tags.len() <= LIMIT {
        return Ok(());
    }
    let message = format!("A certificate can have at most {LIMIT} tags");
    Err(Fault::new("TooManyTagsException", message))
}

pub(super) fn add(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = arn_of(input)?.to_owned();
    let mut tags = find(account, &arn)?.tags.clone();
    tags.extend(given(input)?);
    check_count(&tags)?;
    find_mut(account, &arn)?.tags = tags;
    Ok(json!({}))
}

/// A tag with a value goes only where it has that value.
pub(super) fn remove(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = arn_of(input)?.to_owned();
    given(input)?;
    let found = find_mut(account, &arn)?;
    for tag in input["Tags"].as_array().into_iter().flatten() {
        let key = tag["Key"].as_str().unwrap_or_default();
        let wanted = tag["Value"].as_str();
        if wanted.is_none_or(|value| found.tags.get(key).is_some_and(|own| own == value)) {
            found.tags.remove(key);
        }
    }
    Ok(json!({}))
}

pub(super) fn list(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let tags = &find(account, arn_of(input)?)?.tags;
    let tags: Vec<Value> =
        tags.iter().map(|(key, value)| json!({ "Key": key, "Value": value })).collect();
    Ok(json!({ "Tags": tags }))
}
