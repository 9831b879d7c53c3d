//! One object of the cluster with its key and, where it came from a file, the places of its fields.

use std::{collections::BTreeMap, sync::Arc};

use inroad_words::{Kind, Mark, ObjectKey};
use k8s_openapi::{
    api::{
        core::v1::{Namespace, Node, Pod, Service},
        discovery::v1::EndpointSlice,
        networking::v1::{Ingress, IngressClass},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    crd::{IngressClassParams, TargetGroupBinding},
    tidy,
};

/// One object. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Object {
    /// What it is called.
    pub key: ObjectKey,
    /// What it says.
    pub data: ObjectData,
    /// Where it says so; empty for objects from an API server.
    pub marks: Arc<Marks>,
}

/// Two objects are equal when they say the same, wherever they stand.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key && self.data == other.data
    }
}

/// An object's content by kind.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)] // the variants are the kinds themselves
pub enum ObjectData {
    Ingress(Arc<Ingress>),
    IngressClass(Arc<IngressClass>),
    IngressClassParams(Arc<IngressClassParams>),
    TargetGroupBinding(Arc<TargetGroupBinding>),
    Service(Arc<Service>),
    EndpointSlice(Arc<EndpointSlice>),
    Node(Arc<Node>),
    Pod(Arc<Pod>),
    Namespace(Arc<Namespace>),
}

/// A Kubernetes type that the world keeps.
pub trait Resource: Sized + 'static {
    /// Its kind.
    const KIND: Kind;
    /// The object's content, where it is of this type.
    fn of(data: &ObjectData) -> Option<&Self>;
    /// The content as the world keeps it.
    fn into_data(self) -> ObjectData;
    /// `metadata`.
    fn meta(&self) -> &ObjectMeta;
    /// `metadata`, to be tidied.
    fn meta_mut(&mut self) -> &mut ObjectMeta;
    /// Drops what nobody here reads: it would only cost memory, and make work due when it changes.
    fn tidy(&mut self) {}
}

macro_rules! resource {
    ($($kind:ident $({ $tidy:item })?),+) => {$(
        impl Resource for $kind {
            const KIND: Kind = Kind::$kind;
            fn of(data: &ObjectData) -> Option<&Self> {
                match data {
                    ObjectData::$kind(object) => Some(object),
                    _ => None,
                }
            }
            fn into_data(self) -> ObjectData {
                ObjectData::$kind(Arc::new(self))
            }
            fn meta(&self) -> &ObjectMeta {
                &self.metadata
            }
            fn meta_mut(&mut self) -> &mut ObjectMeta {
                &mut self.metadata
            }
            $($tidy)?
        }
    )+};
}

resource!(
    Ingress,
    IngressClass,
    IngressClassParams,
    TargetGroupBinding,
    Service,
    EndpointSlice,
    Node {
        fn tidy(&mut self) {
            tidy::node(self);
        }
    },
    Pod {
        fn tidy(&mut self) {
            tidy::pod(self);
        }
    },
    Namespace
);

impl Object {
    /// An object as the world keeps it: without managed fields, resource version, the copy that
    /// `kubectl apply` leaves, and what [`Resource::tidy`] drops. A namespaced object without a
    /// namespace is in `default`.
    pub fn new<T: Resource>(mut content: T, marks: impl Into<Arc<Marks>>) -> Self {
        content.tidy();
        let meta = content.meta_mut();
        tidy::meta(meta);
        if T::KIND.is_namespaced() {
            meta.namespace.get_or_insert_with(|| "default".into());
        } else {
            meta.namespace = None;
        }
        let (namespace, name) = (meta.namespace.clone(), meta.name.clone());
        let key = ObjectKey::new(T::KIND, namespace.unwrap_or_default(), name.unwrap_or_default());
        Self { key, data: content.into_data(), marks: marks.into() }
    }

    /// The content, where it is of type `T`.
    pub fn get<T: Resource>(&self) -> Option<&T> {
        T::of(&self.data)
    }

    /// Where a field stands, by JSON pointer; else the nearest enclosing field; `None` for an
    /// object that came from no file.
    pub fn mark(&self, pointer: &str) -> Option<&Mark> {
        self.marks.nearest(pointer)
    }
}

/// JSON pointer (RFC 6901) -> place. A field's place is that of its key, an item's that of the
/// item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks(BTreeMap<String, Mark>);

impl Marks {
    pub(crate) fn insert(&mut self, pointer: String, mark: Mark) {
        self.0.insert(pointer, mark);
    }

    /// The place of a field, else of the nearest enclosing one.
    pub fn nearest(&self, pointer: &str) -> Option<&Mark> {
        let mut pointer = pointer;
        loop {
            if let Some(mark) = self.0.get(pointer) {
                return Some(mark);
            }
            pointer = &pointer[..pointer.rfind('/')?];
        }
    }

    /// The places within one field, as if that field were the whole.
    pub(crate) fn below(&self, pointer: &str) -> Marks {
        let within = |(path, mark): (&String, &Mark)| {
            let rest = path.strip_prefix(pointer)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| (rest.to_owned(), mark.clone()))
        };
        Marks(self.0.iter().filter_map(within).collect())
    }
}

/// One step of a JSON pointer.
pub(crate) fn escape(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}
