//! Tags of hosted zones and health checks.

use serde_json::{Value, json};

use super::input::{invalid, required};
use super::state::no_such_zone;
use crate::{Account, Fault};

type ResourceKey = (String, String);

pub(super) fn list_one(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let key = resource(account, input, required(input, "ResourceId")?)?;
    Ok(json!({"ResourceTagSet": tag_set(account, &key)}))
}

pub(super) fn list_many(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let ids = input["ResourceIds"].as_array().filter(|ids| (1..=10).contains(&ids.len()));
    let ids = ids.ok_or_else(|| invalid("ResourceIds must hold 1 to 10 ids"))?;
    let mut sets = Vec::new();
    for id in ids {
        let key = resource(account, input, id.as_str().unwrap_or_default())?;
        sets.push(tag_set(account, &key));
    }
    Ok(json!({"ResourceTagSets": sets}))
}

pub(super) fn change(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let key = resource(account, input, required(input, "ResourceId")?)?;
    let added = input["AddTags"].as_array().map(Vec::as_slice).unwrap_or_default();
    let removed = input["RemoveTagKeys"].as_array().map(Vec::as_slice).unwrap_or_default();
    if added.is_empty() && removed.is_empty() {
        return Err(invalid("Either AddTags or RemoveTagKeys must be given"));
    }
    let mut tags = account.route53.tags.get(&key).cloned().unwrap_or_default();
    for gone in removed.iter().filter_map(Value::as_str) {
        tags.remove(gone);
    }
    for tag in added {
        let value = tag["Value"].as_str().unwrap_or_default();
        tags.insert(required(tag, "Key")?.to_owned(), value.to_owned());
    }
    let most = account.settings.quotas.tags_per_resource;
    if tags.len() > most {
        return Err(invalid(format!("A resource cannot have more than {most} tags")));
    }
    account.route53.tags.insert(key, tags);
    Ok(json!({}))
}

fn resource(account: &Account, input: &Value, id: &str) -> Result<ResourceKey, Fault> {
    let kind = required(input, "ResourceType")?;
    let id = id.trim_start_matches('/').trim_start_matches("hostedzone/");
    let key = (kind.to_owned(), id.to_owned());
    match kind {
        "hostedzone" if account.route53.zones.contains_key(id) => Ok(key),
        "hostedzone" => Err(no_such_zone(id)),
        "healthcheck" if account.route53.health_checks.contains_key(id) => Ok(key),
        "healthcheck" => Err(no_such_health_check(id)),
        _ => Err(invalid(format!("Invalid ResourceType: '{kind}'"))),
    }
}

pub(super) fn no_such_health_check(id: &str) -> Fault {
    let message = format!("A health check with id {id} does not exist.");
    Fault::new("NoSuchHealthCheck", message).status(404)
}

fn tag_set(account: &Account, key: &ResourceKey) -> Value {
    let tags = account.route53.tags.get(key).into_iter().flatten();
    let tags: Vec<Value> = tags.map(|(key, value)| json!({"Key": key, "Value": value})).collect();
    json!({"ResourceType": key.0, "ResourceId": key.1, "Tags": tags})
}
