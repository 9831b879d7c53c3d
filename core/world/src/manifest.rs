//! Manifest text to objects. In: the text of one file and what it is called. Out: the objects that
//! can be used and a [`Diagnostic`] for each that cannot. Other documents go on.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_words::{Diagnostic, Kind, Mark, ObjectKey, Origin};
use k8s_openapi::api::{
    core::v1::{Namespace, Node, Pod, Service},
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::{Path, Segment};

use crate::{
    codes,
    crd::{IngressClassParams, TargetGroupBinding},
    object::{Marks, Object, Resource, escape},
    yaml::{self, Document},
};

/// What a file holds.
#[derive(Debug, Clone, Default)]
pub struct Parsed {
    /// Objects of the kinds that inroad reads, in the order of the file.
    pub objects: Vec<Object>,
    /// What is wrong with the rest.
    pub diagnostics: Vec<Diagnostic>,
    /// Kinds that inroad does not read, as `apps/v1 Deployment`.
    pub unknown: BTreeSet<String>,
    /// The places of objects that were left out, for the diagnostics about them.
    pub rejected: BTreeMap<ObjectKey, Arc<Marks>>,
}

impl Parsed {
    /// Where an origin of one of `diagnostics` stands.
    pub fn mark(&self, origin: &Origin) -> Option<Mark> {
        match origin {
            Origin::File(mark) => Some(mark.clone()),
            Origin::Object { object, path } => {
                let kept = || self.objects.iter().rev().find(|o| o.key == *object);
                let marks = self.rejected.get(object).or_else(|| kept().map(|o| &o.marks));
                marks.and_then(|marks| marks.nearest(path)).cloned()
            }
            Origin::Default | Origin::Flag(_) | Origin::Stack(_) => None,
        }
    }
}

/// Reads a file of YAML or JSON documents. Documents without `apiVersion` and `kind` are left
/// alone; lists are taken apart. `file` is what places call it.
pub fn parse(file: &str, text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for document in yaml::documents(file, text) {
        match document {
            Ok(document) => parsed.take(document, None),
            Err(error) => parsed.diagnostics.push(
                Diagnostic::error(codes::MALFORMED, Origin::File(error.mark), error.message)
                    .help("this document is left out until it can be read"),
            ),
        }
    }
    parsed
}

impl Parsed {
    /// Takes one document in; `listed` is what a list says its items are.
    fn take(&mut self, document: Document, listed: Option<(&str, &str)>) {
        let text = |field: &str| document.value.get(field).and_then(Value::as_str);
        let named = text("apiVersion").zip(text("kind")).or(listed);
        let Some((version, kind)) = named.map(|(v, k)| (v.to_owned(), k.to_owned())) else {
            return;
        };
        let items = document.value.get("items").and_then(Value::as_array);
        if let (Some(item_kind), Some(items)) = (kind.strip_suffix("List"), items) {
            let listed = (!item_kind.is_empty()).then_some((version.as_str(), item_kind));
            for (index, item) in items.iter().enumerate() {
                let marks = document.marks.below(&format!("/items/{index}"));
                self.take(Document { value: item.clone(), marks }, listed);
            }
            return;
        }
        match (version.as_str(), kind.as_str()) {
            ("networking.k8s.io/v1", "Ingress") => self.object::<Ingress>(document),
            ("networking.k8s.io/v1", "IngressClass") => self.object::<IngressClass>(document),
            ("elbv2.k8s.aws/v1beta1", "IngressClassParams") => {
                self.object::<IngressClassParams>(document)
            }
            ("elbv2.k8s.aws/v1beta1", "TargetGroupBinding") => {
                self.object::<TargetGroupBinding>(document)
            }
            ("v1", "Service") => self.object::<Service>(document),
            ("discovery.k8s.io/v1", "EndpointSlice") => self.object::<EndpointSlice>(document),
            ("v1", "Node") => self.object::<Node>(document),
            ("v1", "Pod") => self.object::<Pod>(document),
            ("v1", "Namespace") => self.object::<Namespace>(document),
            _ => drop(self.unknown.insert(format!("{version} {kind}"))),
        }
    }

    fn object<T: Resource + DeserializeOwned>(&mut self, document: Document) {
        let Document { value, marks } = document;
        let marks = Arc::new(marks);
        match typed::<T>(&value, &marks) {
            Ok(object) => self.objects.push(object),
            Err(diagnostic) => {
                if let Origin::Object { object, .. } = &diagnostic.origin {
                    self.rejected.insert(object.clone(), marks);
                }
                self.diagnostics.push(diagnostic);
            }
        }
    }
}

/// One object of a known kind, as an API server writes it; `apiVersion` and `kind` may be missing,
/// as they are in lists.
///
/// # Errors
/// A [`Diagnostic`] that names the field where the object is not what Kubernetes says of the kind.
pub fn decode(kind: Kind, value: &Value) -> Result<Object, Diagnostic> {
    let decode = match kind {
        Kind::Ingress => typed::<Ingress>,
        Kind::IngressClass => typed::<IngressClass>,
        Kind::IngressClassParams => typed::<IngressClassParams>,
        Kind::TargetGroupBinding => typed::<TargetGroupBinding>,
        Kind::Service => typed::<Service>,
        Kind::EndpointSlice => typed::<EndpointSlice>,
        Kind::Node => typed::<Node>,
        Kind::Pod => typed::<Pod>,
        Kind::Namespace => typed::<Namespace>,
    };
    decode(value, &Arc::default())
}

fn typed<T: Resource + DeserializeOwned>(
    value: &Value,
    marks: &Arc<Marks>,
) -> Result<Object, Diagnostic> {
    let Some(key) = key(T::KIND, value) else { return Err(nameless(T::KIND, marks)) };
    match serde_path_to_error::deserialize::<_, T>(value) {
        Ok(content) => Ok(Object::new(content, marks.clone())),
        Err(error) => Err(wrong_field(&key, value, &error)),
    }
}

fn nameless(kind: Kind, marks: &Marks) -> Diagnostic {
    let mark = marks.nearest("/metadata").cloned();
    let origin = mark.map_or(Origin::Default, Origin::File);
    let message = format!("this {} has no metadata.name", kind.as_str());
    Diagnostic::error(codes::NAMELESS, origin, message)
        .help("give it a `metadata.name`; nothing else of it is read without one")
}

/// What an object of this kind is called; `None` where it has no name.
pub fn key(kind: Kind, value: &Value) -> Option<ObjectKey> {
    let name = value.pointer("/metadata/name")?.as_str().filter(|name| !name.is_empty())?;
    let namespace = value.pointer("/metadata/namespace").and_then(Value::as_str);
    let namespace = if kind.is_namespaced() { namespace.unwrap_or("default") } else { "" };
    Some(ObjectKey::new(kind, namespace, name))
}

fn wrong_field(
    key: &ObjectKey,
    value: &Value,
    error: &serde_path_to_error::Error<serde_json::Error>,
) -> Diagnostic {
    let pointer = pointer(error.path());
    let message = format!("{}: {}", error.path(), error.inner());
    let diagnostic =
        Diagnostic::error(codes::WRONG_FIELD, Origin::field(key, pointer.clone()), message);
    match value.pointer(&pointer) {
        Some(found @ (Value::Bool(_) | Value::Number(_)))
            if error.inner().to_string().contains("expected a string") =>
        {
            diagnostic.help(format!("quote it: \"{found}\""))
        }
        _ => diagnostic.help("this object is left out until the field is right"),
    }
}

/// A path of serde's as a JSON pointer, as far as it is known.
fn pointer(path: &Path) -> String {
    let mut pointer = String::new();
    for segment in path {
        let step = match segment {
            Segment::Seq { index } => index.to_string(),
            Segment::Map { key } => escape(key),
            Segment::Enum { .. } | Segment::Unknown => break,
        };
        pointer.push('/');
        pointer.push_str(&step);
    }
    pointer
}

#[cfg(test)]
mod tests;
