//! Which objects a list or a watch is about.

use serde_json::Value;

use crate::{Place, request::Request};

/// A collection, or the part of it in one namespace, with equality selectors.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) place: Place,
    labels: Vec<(String, String)>,
    fields: Vec<(String, String)>,
}

impl Selector {
    pub(crate) fn of(request: &Request) -> Self {
        Self {
            place: request.place.clone(),
            labels: pairs(request.asked("labelSelector")),
            fields: pairs(request.asked("fieldSelector")),
        }
    }

    /// Whether an object is meant.
    pub(crate) fn meets(&self, place: &Place, object: &Value) -> bool {
        let field = |(path, value): &(String, String)| {
            let pointer = format!("/{}", path.replace('.', "/"));
            object.pointer(&pointer).and_then(Value::as_str).unwrap_or_default() == value
        };
        let label = |(key, value): &(String, String)| {
            object["metadata"]["labels"][key].as_str() == Some(value.as_str())
        };
        self.place.collection == place.collection
            && (self.place.namespace.is_empty() || self.place.namespace == place.namespace)
            && self.fields.iter().all(field)
            && self.labels.iter().all(label)
    }
}

fn pairs(text: Option<&str>) -> Vec<(String, String)> {
    let pairs = text.unwrap_or_default().split(',').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.trim_start_matches('=').to_owned())).collect()
}
