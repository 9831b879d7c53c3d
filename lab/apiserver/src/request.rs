//! What a request is about, read from its path and query.

use std::collections::BTreeMap;

use http::Method;
use serde_json::Value;
use url::form_urlencoded;

use crate::faults::verb;

/// Where an object is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Group, version and plural, as in the path: `v1/services`, `networking.k8s.io/v1/ingresses`.
    pub collection: String,
    /// The namespace; empty for what lives in none.
    pub namespace: String,
    /// The name.
    pub name: String,
}

impl Place {
    /// Where an object belongs, by its `apiVersion`, `kind` and `metadata`. What has no namespace there
    /// lives in none.
    pub fn of(object: &Value) -> Self {
        let text = |pointer| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let plural = plural(&text("/kind").to_lowercase());
        Self {
            collection: format!("{}/{plural}", text("/apiVersion")),
            namespace: text("/metadata/namespace").to_owned(),
            name: text("/metadata/name").to_owned(),
        }
    }
}

/// English plurals, as far as Kubernetes' kinds need them.
fn plural(kind: &str) -> String {
    match kind {
        kind if kind.ends_with("params") || kind == "endpoints" => kind.to_owned(),
        kind if kind.ends_with('s') => format!("{kind}es"),
        kind => match kind.strip_suffix('y').filter(|stem| !stem.ends_with(['a', 'e', 'o'])) {
            Some(stem) => format!("{stem}ies"),
            None => format!("{kind}s"),
        },
    }
}

/// What a request asks for, as RBAC names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// `get`, `list`, `watch`, `create`, `update`, `patch` or `delete`.
    pub verb: &'static str,
    /// The API group; empty for the core one.
    pub group: String,
    /// The plural, and the subresource after a slash.
    pub resource: String,
}

impl Asked {
    /// Whether it changes something.
    pub fn is_write(&self) -> bool {
        !matches!(self.verb, "get" | "list" | "watch")
    }

    /// Reads method, path and query; `None` for a path that is no collection's.
    pub fn of<B>(request: &http::Request<B>) -> Option<Self> {
        let request = Request::read(request, &[])?;
        let (version, plural) = request.place.collection.rsplit_once('/')?;
        let group = version.rsplit_once('/').map_or("", |(group, _)| group);
        let status = if request.status { "/status" } else { "" };
        let (verb, resource) = (verb(&request), format!("{plural}{status}"));
        Some(Self { verb, group: group.to_owned(), resource })
    }
}

/// A request of the API.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// The collection and namespace, and the name where one object is meant.
    pub(crate) place: Place,
    /// Whether `/status` is meant.
    pub(crate) status: bool,
    pub(crate) query: BTreeMap<String, String>,
    pub(crate) content_type: String,
    pub(crate) body: Value,
}

impl Request {
    /// Reads a request; `None` for a path that is no collection's.
    pub(crate) fn read<B>(request: &http::Request<B>, body: &[u8]) -> Option<Self> {
        let uri = request.uri();
        let steps: Vec<&str> = uri.path().split('/').filter(|step| !step.is_empty()).collect();
        let (group, rest) = match steps.as_slice() {
            ["api", version, rest @ ..] => ((*version).to_owned(), rest),
            ["apis", group, version, rest @ ..] => (format!("{group}/{version}"), rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !matches!(rest, [] | ["status"]) => {
                (*namespace, rest)
            }
            rest => ("", rest),
        };
        let (plural, name, status) = match rest {
            [plural] => (*plural, "", false),
            [plural, name] => (*plural, *name, false),
            [plural, name, "status"] => (*plural, *name, true),
            _ => return None,
        };
        let place = Place {
            collection: format!("{group}/{plural}"),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        let query = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
        let content_type = request.headers().get(http::header::CONTENT_TYPE);
        Some(Self {
            method: request.method().clone(),
            place,
            status,
            query: query.into_owned().collect(),
            content_type: content_type.and_then(|it| it.to_str().ok()).unwrap_or_default().into(),
            body: serde_json::from_slice(body).unwrap_or_default(),
        })
    }

    /// A query parameter.
    pub(crate) fn asked(&self, key: &str) -> Option<&str> {
        self.query.get(key).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether this opens a watch.
    pub(crate) fn watches(&self) -> bool {
        self.method == Method::GET
            && self.asked("watch").is_some_and(|it| it == "true" || it == "1")
    }
}
