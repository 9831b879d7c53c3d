//! Patches of an object: JSON merge patch (RFC 7396) and JSON patch (RFC 6902: add, replace, remove, test).
//! A strategic patch and an applied object are taken as merge patches: lists are replaced.

use serde_json::{Map, Value};

use crate::answer::Refusal;

/// The object after the patch.
pub(crate) fn patched(object: &Value, patch: &Value, content_type: &str) -> Result<Value, Refusal> {
    let mut object = object.clone();
    if content_type.starts_with("application/json-patch") {
        let steps = patch.as_array().ok_or_else(|| Refusal::bad_request("no JSON patch"))?;
        for step in steps {
            json_step(&mut object, step)
                .ok_or_else(|| Refusal::invalid("the JSON patch does not apply"))?;
        }
    } else {
        merge(&mut object, patch);
    }
    Ok(object)
}

/// RFC 7396.
pub(crate) fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// One step of RFC 6902; nothing where it does not apply.
fn json_step(object: &mut Value, step: &Value) -> Option<()> {
    let (op, path) = (step["op"].as_str()?, step["path"].as_str()?);
    let (parent, last) = path.rsplit_once('/')?;
    let last = last.replace("~1", "/").replace("~0", "~");
    if op == "test" {
        return (object.pointer(path) == step.get("value")).then_some(());
    }
    match (op, object.pointer_mut(parent)?) {
        ("add", Value::Object(map)) => drop(map.insert(last, step.get("value")?.clone())),
        ("replace", Value::Object(map)) => *map.get_mut(&last)? = step.get("value")?.clone(),
        ("remove", Value::Object(map)) => drop(map.remove(&last)?),
        ("add", Value::Array(list)) => {
            let at = if last == "-" { list.len() } else { last.parse().ok()? };
            (at <= list.len()).then(|| list.insert(at, step["value"].clone()))?;
        }
        ("replace", Value::Array(list)) => {
            *list.get_mut(last.parse::<usize>().ok()?)? = step.get("value")?.clone();
        }
        ("remove", Value::Array(list)) => {
            let at: usize = last.parse().ok()?;
            (at < list.len()).then(|| list.remove(at))?;
        }
        _ => return None,
    }
    Some(())
}
