//! Tags on every kind of resource.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::answer::{Pair, list, parse, strings};
use super::state::Pairs;
use crate::{Account, Fault};

/// The `Tags` member of a creation, checked.
pub(super) fn given(account: &Account, input: &Value) -> Result<Pairs, Fault> {
    let mut tags = Pairs::new();
    merge(account, &mut tags, input)?;
    Ok(tags)
}

fn merge(account: &Account, tags: &mut Pairs, input: &Value) -> Result<(), Fault> {
    let pairs: Vec<Pair> = match &input["Tags"] {
        Value::Null => Vec::new(),
        given => parse(given)?,
    };
    let mut seen = BTreeSet::new();
    for pair in pairs {
        if !seen.insert(pair.key.clone()) {
            let message = format!("The tag key '{}' was specified more than once", pair.key);
            return Err(Fault::new("DuplicateTagKeys", message));
        }
        tags.insert(pair.key, pair.value);
    }
    let limit = account.settings.quotas.tags_per_resource;
    if tags.len() > limit {
        let message = format!("A resource can have at most {limit} tags");
        return Err(Fault::new("TooManyTags", message));
    }
    Ok(())
}

pub(super) fn add(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arns = strings(input, "ResourceArns");
    let mut changed = Vec::new();
    for arn in &arns {
        let mut tags = account.elbv2.tags_mut(arn)?.clone();
        merge(account, &mut tags, input)?;
        changed.push(tags);
    }
    for (arn, tags) in arns.iter().zip(changed) {
        *account.elbv2.tags_mut(arn)? = tags;
    }
    Ok(json!({}))
}

pub(super) fn remove(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let keys = strings(input, "TagKeys");
    let arns = strings(input, "ResourceArns");
    for arn in &arns {
        account.elbv2.tags_mut(arn)?;
    }
    for arn in &arns {
        account.elbv2.tags_mut(arn)?.retain(|key, _| !keys.contains(key));
    }
    Ok(json!({}))
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut descriptions = Vec::new();
    for arn in strings(input, "ResourceArns") {
        let tags = list(account.elbv2.tags_mut(&arn)?);
        descriptions.push(json!({ "ResourceArn": arn, "Tags": tags }));
    }
    Ok(json!({ "TagDescriptions": descriptions }))
}
