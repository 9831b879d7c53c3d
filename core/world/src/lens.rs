//! A view on a [`World`] that remembers what it was asked: who reads through it becomes due when
//! any of the answers changes, without saying so by hand.

use std::{cell::RefCell, collections::BTreeSet};

use inroad_words::{Kind, ObjectKey};
use k8s_openapi::api::discovery::v1::EndpointSlice;

use crate::{
    object::Resource,
    world::{Touched, World},
};

/// What a compilation asked the world, misses included.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reads(pub BTreeSet<Read>);

/// One question to the world.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Read {
    /// One object, there or not.
    Object(ObjectKey),
    /// Every object of a kind.
    All(Kind),
    /// The EndpointSlices of a Service.
    SlicesOf(ObjectKey),
    /// Whether everything of a kind is known.
    Complete(Kind),
}

impl Read {
    /// The kind that is asked about.
    pub fn kind(&self) -> Kind {
        match self {
            Read::Object(key) => key.kind,
            Read::All(kind) | Read::Complete(kind) => *kind,
            Read::SlicesOf(_) => Kind::EndpointSlice,
        }
    }
}

impl Reads {
    /// Whether any of the answers has changed.
    pub fn touched_by(&self, touched: &Touched) -> bool {
        let (few, many) = if self.0.len() < touched.0.len() {
            (&self.0, &touched.0)
        } else {
            (&touched.0, &self.0)
        };
        few.iter().any(|read| many.contains(read))
    }
}

/// A recording view on a world.
#[derive(Debug)]
pub struct Lens<'w> {
    world: &'w World,
    reads: RefCell<BTreeSet<Read>>,
}

impl<'w> Lens<'w> {
    /// A view that has been asked nothing yet.
    pub fn new(world: &'w World) -> Self {
        Self { world, reads: RefCell::default() }
    }

    /// What was asked so far.
    pub fn into_reads(self) -> Reads {
        Reads(self.reads.into_inner())
    }

    /// What was asked so far, while more may be asked.
    pub fn reads(&self) -> Reads {
        Reads(self.reads.borrow().clone())
    }

    /// The kinds that were asked about and that are not completely known: what is not found of them
    /// may still be there.
    pub fn incomplete(&self) -> BTreeSet<Kind> {
        let mut reads = self.reads.borrow_mut();
        let incomplete = self.world.incomplete();
        let asked = reads.iter().map(Read::kind);
        let waits: BTreeSet<Kind> = asked.filter(|kind| incomplete.contains(kind)).collect();
        reads.extend(waits.iter().copied().map(Read::Complete));
        waits
    }

    /// An object by namespace (empty for cluster-scoped kinds) and name.
    pub fn get<T: Resource>(&self, namespace: &str, name: &str) -> Option<&'w T> {
        self.by_key(&ObjectKey::new(T::KIND, namespace, name))
    }

    /// An object by key; nothing where the key is of another kind than `T`.
    pub fn by_key<T: Resource>(&self, key: &ObjectKey) -> Option<&'w T> {
        self.reads.borrow_mut().insert(Read::Object(key.clone()));
        self.world.get(key)
    }

    /// All objects of type `T`, by namespace and name.
    pub fn all<T: Resource>(&self) -> impl Iterator<Item = (&'w ObjectKey, &'w T)> + use<'w, T> {
        self.reads.borrow_mut().insert(Read::All(T::KIND));
        self.world.all()
    }

    /// The objects of a kind that have gone; see [`World::departed`].
    pub fn departed(&self, kind: Kind) -> impl Iterator<Item = &'w ObjectKey> + use<'w> {
        self.reads.borrow_mut().insert(Read::All(kind));
        self.world.departed(kind)
    }

    /// The EndpointSlices that name a Service, by name.
    pub fn slices_of(
        &self,
        service: &ObjectKey,
    ) -> impl Iterator<Item = (&'w ObjectKey, &'w EndpointSlice)> {
        self.reads.borrow_mut().insert(Read::SlicesOf(service.clone()));
        self.world.slices_of(service)
    }
}
