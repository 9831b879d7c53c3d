//! All objects at one moment. In: [`Change`]s. Out: a new [`World`] and what of it is [`Touched`];
//! the old one stays as it was.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_words::{Kind, Mark, ObjectKey, Origin};
use k8s_openapi::api::{core::v1::Service, discovery::v1::EndpointSlice, networking::v1::Ingress};

use crate::{
    Read,
    object::{Object, Resource},
};

/// The label by which an EndpointSlice names its Service (Kubernetes' well-known labels).
pub const SERVICE_LABEL: &str = "kubernetes.io/service-name";

/// Departures beyond this are not remembered; a name whose object is forgotten stays.
const MOST_DEPARTED: usize = 10_000;

/// What happened to one object.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// It is there, new or as before.
    Applied(Object),
    /// It is gone.
    Removed(ObjectKey),
}

/// The questions whose answers a change has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched(pub BTreeSet<Read>);

impl Touched {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

type Objects = BTreeMap<ObjectKey, Arc<Object>>;

/// All objects at one moment. Immutable; a clone shares everything.
#[derive(Debug, Clone, Default)]
pub struct World {
    kinds: BTreeMap<Kind, Arc<Objects>>,
    slices: Arc<BTreeMap<ObjectKey, BTreeSet<ObjectKey>>>,
    departed: Arc<BTreeSet<ObjectKey>>,
    incomplete: BTreeSet<Kind>,
}

impl World {
    /// An empty world that is still to hear of these kinds. Of any other kind what is not there does not
    /// exist, as in [`World::default`].
    pub fn awaiting(kinds: impl IntoIterator<Item = Kind>) -> World {
        World::default().expecting(kinds)
    }

    /// The same world, known to lack something of these kinds.
    #[must_use]
    pub fn expecting(mut self, kinds: impl IntoIterator<Item = Kind>) -> World {
        self.incomplete.extend(kinds);
        self
    }

    /// The kinds that were never listed completely. What is not found of them may still be there, so
    /// nothing may be deleted for want of it.
    pub fn incomplete(&self) -> &BTreeSet<Kind> {
        &self.incomplete
    }

    /// Whether a kind was listed completely once.
    pub fn listed(&self, kind: Kind) -> bool {
        !self.incomplete.contains(&kind)
    }

    /// The world once a kind was listed completely. That never becomes untrue: a kind whose watch fails
    /// keeps its last objects.
    #[must_use]
    pub fn mark_listed(&self, kind: Kind) -> (World, Touched) {
        let mut world = self.clone();
        let touched = world.incomplete.remove(&kind).then_some(Read::Complete(kind));
        (world, Touched(touched.into_iter().collect()))
    }

    /// Whether an Ingress is there and carries a finalizer.
    pub fn carries(&self, object: &ObjectKey, finalizer: &str) -> bool {
        let ingress = self.get::<Ingress>(object).map(Resource::meta);
        let meta = ingress.or_else(|| self.get::<Service>(object).map(Resource::meta));
        let mut names = meta.into_iter().flat_map(|it| it.finalizers.iter().flatten());
        names.any(|name| name == finalizer)
    }

    /// The world after a change. An object that says what it said before touches nothing.
    #[must_use]
    pub fn absorb(&self, change: Change) -> (World, Touched) {
        self.absorb_all([change])
    }

    /// The world after many changes, at the price of one.
    #[must_use]
    pub fn absorb_all(&self, changes: impl IntoIterator<Item = Change>) -> (World, Touched) {
        let mut world = self.clone();
        let mut touched = Touched::default();
        for change in changes {
            match change {
                Change::Applied(object) => {
                    let (key, object) = (object.key.clone(), Arc::new(object));
                    world.replace(key, Some(object), &mut touched);
                }
                Change::Removed(key) => world.replace(key, None, &mut touched),
            }
        }
        (world, touched)
    }

    /// The world with one more (or another) object: "what if".
    #[must_use]
    pub fn with(&self, object: Object) -> World {
        self.absorb(Change::Applied(object)).0
    }

    fn replace(&mut self, key: ObjectKey, new: Option<Arc<Object>>, touched: &mut Touched) {
        let objects = Arc::make_mut(self.kinds.entry(key.kind).or_default());
        let old = match &new {
            Some(object) => objects.insert(key.clone(), object.clone()),
            None => objects.remove(&key),
        };
        if old == new {
            return;
        }
        touched.0.insert(Read::All(key.kind));
        self.note_departure(&key, new.is_none());
        let [before, after] = [&old, &new].map(|object| object.as_deref().and_then(service_of));
        if before != after {
            let slices = Arc::make_mut(&mut self.slices);
            if let Some(set) = before.as_ref().and_then(|service| slices.get_mut(service)) {
                set.remove(&key);
            }
            if let Some(service) = &after {
                slices.entry(service.clone()).or_default().insert(key.clone());
            }
        }
        touched.0.extend(before.into_iter().chain(after).map(Read::SlicesOf));
        touched.0.insert(Read::Object(key));
    }

    /// That an object was seen to go is the reason for which its names may go.
    fn note_departure(&mut self, key: &ObjectKey, has_gone: bool) {
        if !matches!(key.kind, Kind::Ingress | Kind::Service) {
            return;
        }
        if has_gone && self.departed.len() < MOST_DEPARTED {
            Arc::make_mut(&mut self.departed).insert(key.clone());
        } else if !has_gone && self.departed.contains(key) {
            Arc::make_mut(&mut self.departed).remove(key);
        }
    }

    /// The Ingresses or Services that were here and are not any more. Not what left before this world
    /// began.
    pub fn departed(&self, kind: Kind) -> impl Iterator<Item = &ObjectKey> {
        self.departed.iter().filter(move |key| key.kind == kind)
    }

    /// An object by key.
    pub fn object(&self, key: &ObjectKey) -> Option<&Object> {
        self.kinds.get(&key.kind)?.get(key).map(Arc::as_ref)
    }

    /// The content of an object by key, where it is of type `T`.
    pub fn get<T: Resource>(&self, key: &ObjectKey) -> Option<&T> {
        self.object(key)?.get()
    }

    /// All objects of a kind, by namespace and name.
    pub fn objects(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.kinds.get(&kind).into_iter().flat_map(|objects| objects.values()).map(Arc::as_ref)
    }

    /// All contents of type `T`, by namespace and name.
    pub fn all<T: Resource>(&self) -> impl Iterator<Item = (&ObjectKey, &T)> {
        self.objects(T::KIND).filter_map(|object| Some((&object.key, object.get()?)))
    }

    /// The EndpointSlices that name a Service, by name.
    pub fn slices_of(
        &self,
        service: &ObjectKey,
    ) -> impl Iterator<Item = (&ObjectKey, &EndpointSlice)> {
        let keys = self.slices.get(service).into_iter().flatten();
        keys.filter_map(|key| Some((key, self.get(key)?)))
    }

    /// Where an origin stands in a file, where it does.
    pub fn mark(&self, origin: &Origin) -> Option<Mark> {
        match origin {
            Origin::File(mark) => Some(mark.clone()),
            Origin::Object { object, path } => self.object(object)?.mark(path).cloned(),
            Origin::Default | Origin::Flag(_) | Origin::Stack(_) => None,
        }
    }
}

/// Two worlds are equal when all their objects are, and the same is known of them.
impl PartialEq for World {
    fn eq(&self, other: &Self) -> bool {
        let all = |world: &World| -> Vec<Arc<Object>> {
            world.kinds.values().flat_map(|objects| objects.values().cloned()).collect()
        };
        all(self) == all(other) && self.incomplete == other.incomplete
    }
}

/// The Service that an EndpointSlice belongs to.
fn service_of(object: &Object) -> Option<ObjectKey> {
    let slice = object.get::<EndpointSlice>()?;
    let name = slice.metadata.labels.as_ref()?.get(SERVICE_LABEL)?;
    Some(ObjectKey::new(Kind::Service, &object.key.namespace, name))
}

#[cfg(test)]
mod tests;
