//! Where a value was said: the object and field, a flag, or nobody.

use std::{collections::BTreeMap, fmt};

use serde::{Deserialize, Serialize};

use crate::{ObjectKey, StackKey, Unit};

/// The place that a value, or a mistake, comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// Nobody said it: a default of the field itself.
    Default,
    /// A flag or setting of inroad, by its long name without dashes.
    Flag(String),
    /// A field of an object, as a JSON pointer (RFC 6901): `/spec/rules/0/host`,
    /// `/metadata/annotations/alb.ingress.kubernetes.io~1scheme`. Empty: the object as a whole.
    Object {
        /// The object.
        object: ObjectKey,
        /// The field, as a JSON pointer.
        path: String,
    },
    /// What stands in AWS and carries this stack's tags, where no object can be named.
    Stack(StackKey),
    /// A file that holds no object that could be named (it does not parse).
    File(Mark),
}

impl Origin {
    /// A field of an object by JSON pointer.
    pub fn field(object: &ObjectKey, path: impl Into<String>) -> Self {
        Origin::Object { object: object.clone(), path: path.into() }
    }

    /// An annotation of an object by its full key.
    pub fn annotation(object: &ObjectKey, key: &str) -> Self {
        let escaped = key.replace('~', "~0").replace('/', "~1");
        Origin::field(object, format!("/metadata/annotations/{escaped}"))
    }

    /// The object that it lies in, where there is one.
    pub fn object(&self) -> Option<&ObjectKey> {
        match self {
            Origin::Object { object, .. } => Some(object),
            _ => None,
        }
    }
}

/// `shop/web#/spec/rules/0`, `shop/web@healthy-threshold-count` for an annotation, `--flag`, `default`.
impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => write!(f, "default"),
            Origin::Flag(name) => write!(f, "--{name}"),
            Origin::File(mark) => write!(f, "{mark}"),
            Origin::Stack(key) => write!(f, "{} in AWS", Unit::Stack(key.clone())),
            Origin::Object { object, path } if path.is_empty() => write!(f, "{object}"),
            Origin::Object { object, path } => match path.strip_prefix("/metadata/annotations/") {
                Some(key) => {
                    let suffix = key.split_once("~1").map_or(key, |(_, suffix)| suffix);
                    write!(f, "{object}@{suffix}")
                }
                None => write!(f, "{object}#{path}"),
            },
        }
    }
}

/// A place in a manifest file. Lines and columns count from 1.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Mark {
    /// The file as it was named to us.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// Field of a desired resource (in the spelling of the stack schema, `healthCheckConfig.path`) -> who
/// said it. The empty field is the resource itself: the object that made it be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origins(pub BTreeMap<String, Origin>);

impl Origins {
    /// Origins with just the resource's own.
    pub fn of(resource: Origin) -> Self {
        Self(BTreeMap::from([(String::new(), resource)]))
    }

    /// Adds one field's origin.
    #[must_use]
    pub fn with(mut self, field: impl Into<String>, origin: Origin) -> Self {
        self.0.insert(field.into(), origin);
        self
    }

    /// The origin of a field: its own, else the nearest enclosing field's, else the resource's.
    pub fn get(&self, field: &str) -> Origin {
        let mut field = field;
        loop {
            if let Some(origin) = self.0.get(field) {
                return origin.clone();
            }
            match field.rfind('.') {
                Some(dot) => field = &field[..dot],
                None if field.is_empty() => return Origin::Default,
                None => field = "",
            }
        }
    }
}
