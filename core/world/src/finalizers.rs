//! Finalizers for a source that cannot keep them itself, such as a folder of files. In: the objects as
//! the source has them. Out: the objects as an API server would have them: with their finalizers, and
//! those that the source lost with a time of deletion until nobody holds them any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use inroad_words::{ObjectKey, StackKey};
use k8s_openapi::{
    api::{core::v1::Service, networking::v1::Ingress},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::object::{Marks, Object, Resource};

/// An object that can carry a finalizer of ours.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Carrier {
    /// An Ingress.
    Ingress(Box<Ingress>),
    /// A Service.
    Service(Box<Service>),
}

impl Carrier {
    /// The content of an object that can carry one.
    fn of(object: &Object) -> Option<Self> {
        let ingress = object.get::<Ingress>().cloned().map(Box::new).map(Carrier::Ingress);
        ingress.or_else(|| object.get::<Service>().cloned().map(Box::new).map(Carrier::Service))
    }

    /// `metadata`.
    pub fn meta(&self) -> &ObjectMeta {
        match self {
            Carrier::Ingress(it) => it.meta(),
            Carrier::Service(it) => it.meta(),
        }
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        match self {
            Carrier::Ingress(it) => it.meta_mut(),
            Carrier::Service(it) => it.meta_mut(),
        }
    }

    fn into_object(self, marks: impl Into<Arc<Marks>>) -> Object {
        match self {
            Carrier::Ingress(it) => Object::new(*it, marks),
            Carrier::Service(it) => Object::new(*it, marks),
        }
    }
}

/// What an object that can carry one says of its finalizers; `None` for all others.
fn written(object: &Object) -> Option<&[String]> {
    let ingress = object.get::<Ingress>().map(Resource::meta);
    let meta = ingress.or_else(|| object.get::<Service>().map(Resource::meta))?;
    Some(meta.finalizers.as_deref().unwrap_or_default())
}

/// Who carries which of our finalizers: Ingresses and Services.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Finalizers {
    /// Everything that can carry one, as its source last had it.
    seen: BTreeMap<ObjectKey, Seen>,
    added: BTreeMap<ObjectKey, BTreeSet<String>>,
    /// Taken away, and perhaps still written in a file.
    released: BTreeSet<(ObjectKey, String)>,
}

#[derive(Debug, Clone, PartialEq)]
struct Seen {
    object: Object,
    gone: bool,
}

impl Finalizers {
    /// Carriers that somebody remembers, as [`Finalizers::carriers`] gave them.
    pub fn remembered(carriers: impl IntoIterator<Item = Carrier>) -> Self {
        let mut finalizers = Self::default();
        for carrier in carriers {
            let object = carrier.into_object(Marks::default());
            let names = written(&object).unwrap_or_default();
            let ours = names.iter().filter(|name| is_ours(name, &object)).cloned();
            finalizers.added.insert(object.key.clone(), ours.collect());
            finalizers.seen.insert(object.key.clone(), Seen { object, gone: false });
        }
        finalizers
    }

    /// Everybody who carries a finalizer of ours, with all of them: what is to be remembered.
    pub fn carriers(&self) -> Vec<Carrier> {
        let all = self.seen.values().filter(|seen| self.carries(&seen.object));
        all.filter_map(|seen| Carrier::of(&self.signed(&seen.object, false))).collect()
    }

    /// A finalizer is put on an object.
    pub fn add(&mut self, object: &ObjectKey, finalizer: &str) {
        self.released.remove(&(object.clone(), finalizer.to_owned()));
        self.added.entry(object.clone()).or_default().insert(finalizer.to_owned());
    }

    /// A finalizer is taken away.
    pub fn release(&mut self, object: &ObjectKey, finalizer: &str) {
        if let Some(names) = self.added.get_mut(object) {
            names.remove(finalizer);
        }
        self.added.retain(|_, names| !names.is_empty());
        self.released.insert((object.clone(), finalizer.to_owned()));
    }

    /// The source's objects as an API server would have them. `complete`: what is not among them is
    /// gone; else it stays as it was.
    pub fn over(
        &mut self,
        objects: BTreeMap<ObjectKey, Object>,
        complete: bool,
    ) -> BTreeMap<ObjectKey, Object> {
        let mut missing = std::mem::take(&mut self.seen);
        missing.retain(|key, seen| !objects.contains_key(key) && self.carries(&seen.object));
        missing.values_mut().for_each(|seen| seen.gone |= complete);
        let able = objects.values().filter(|object| written(object).is_some());
        self.seen = able
            .map(|object| (object.key.clone(), Seen { object: object.clone(), gone: false }))
            .chain(missing)
            .collect();
        self.released.retain(|(key, _)| self.seen.contains_key(key));
        let signed =
            self.seen.iter().map(|(key, it)| (key.clone(), self.signed(&it.object, it.gone)));
        let signed: Vec<_> = signed.collect();
        objects.into_iter().chain(signed).collect()
    }

    /// Whether a carrier is neither among the source's objects nor known to be gone.
    pub fn misses(&self, objects: &BTreeMap<ObjectKey, Object>) -> bool {
        self.seen.iter().any(|(key, seen)| !seen.gone && !objects.contains_key(key))
    }

    fn carries(&self, object: &Object) -> bool {
        self.names(object).iter().any(|name| is_ours(name, object))
    }

    /// Those that were added, and those that are written in the object.
    fn names(&self, object: &Object) -> Vec<String> {
        let mut names = written(object).unwrap_or_default().to_vec();
        let known = self.added.get(&object.key);
        let added = known.into_iter().flatten().filter(|name| !names.contains(name)).cloned();
        let added: Vec<String> = added.collect();
        names.extend(added);
        names.retain(|name| !self.released.contains(&(object.key.clone(), name.clone())));
        names
    }

    /// An object with its finalizers. What others wrote into a file that is gone holds nothing.
    fn signed(&self, object: &Object, gone: bool) -> Object {
        let Some(mut carrier) = Carrier::of(object) else { return object.clone() };
        let mut names = self.names(object);
        names.retain(|name| !gone || is_ours(name, object));
        let meta = carrier.meta_mut();
        meta.finalizers = (!names.is_empty()).then_some(names);
        if gone {
            meta.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        }
        carrier.into_object(object.marks.clone())
    }
}

fn is_ours(name: &str, on: &Object) -> bool {
    StackKey::of_finalizer(name, &on.key).is_some()
}

#[cfg(test)]
mod tests {
    use inroad_words::Kind;
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

    use super::*;

    const OWN: &str = "ingress.k8s.aws/resources";
    const GROUP: &str = "group.ingress.k8s.aws/g";

    fn files(names: &[(&str, &[&str])]) -> BTreeMap<ObjectKey, Object> {
        let object = |(name, finalizers): &(&str, &[&str])| {
            let finalizers = finalizers.iter().map(|it| (*it).to_owned()).collect();
            let metadata = ObjectMeta {
                name: Some((*name).into()),
                finalizers: Some(finalizers),
                ..ObjectMeta::default()
            };
            let object =
                Object::new(Ingress { metadata, spec: None, status: None }, Marks::default());
            (object.key.clone(), object)
        };
        names.iter().map(object).collect()
    }

    /// `name finalizer …`, those of the deleted with a minus in front.
    fn seen(objects: &BTreeMap<ObjectKey, Object>) -> Vec<String> {
        let line = |object: &Object| {
            let meta = object.get::<Ingress>().expect("all are").meta();
            let minus = if meta.deletion_timestamp.is_some() { "-" } else { "" };
            let names = meta.finalizers.clone().unwrap_or_default();
            format!("{minus}{} {}", object.key.name, names.join(" ")).trim_end().to_owned()
        };
        objects.values().map(line).collect()
    }

    #[test]
    fn who_carries_one_stays_until_it_is_released() {
        let key = |name: &str| ObjectKey::new(Kind::Ingress, "default", name);
        let mut it = Finalizers::default();
        let all: &[(&str, &[&str])] = &[("a", &[]), ("b", &[GROUP, "other/one"]), ("c", &[])];
        let before = it.over(files(all), true);
        assert_eq!(seen(&before), ["a", &format!("b {GROUP} other/one"), "c"]);
        it.add(&key("a"), OWN);
        assert_eq!(seen(&it.over(files(all), true))[0], format!("a {OWN}"));
        let gone = [format!("-a {OWN}"), format!("-b {GROUP}")];
        assert_eq!(seen(&it.over(files(&[]), true)), gone);
        // A listing that is not whole takes nobody down.
        let mut half = Finalizers::remembered(it.carriers());
        let all = [format!("a {OWN}"), format!("b {GROUP} other/one")];
        assert_eq!(seen(&half.over(files(&[]), false)), all);
        assert!(
            half.misses(&files(&[("a", &[])])) && !half.misses(&files(&[("a", &[]), ("b", &[])]))
        );
        assert_eq!(seen(&half.over(files(&[]), true)), gone);
        // It is remembered by somebody else, and comes back to life with its file.
        let mut other = Finalizers::remembered(it.carriers());
        assert_eq!(seen(&other.over(files(&[]), true)), gone);
        assert_eq!(
            seen(&other.over(files(&[("a", &[])]), true)),
            [format!("a {OWN}"), gone[1].clone()]
        );
        it.release(&key("a"), OWN);
        it.release(&key("b"), GROUP);
        assert_eq!(seen(&it.over(files(&[]), true)), [""; 0]);
        assert!(it.carriers().is_empty());
        // What is released does not come back because a file still says it, but a new object has it.
        other.release(&key("b"), GROUP);
        assert_eq!(seen(&other.over(files(&[("b", &[GROUP])]), true)), [&gone[0], "b"]);
        other.over(files(&[]), true);
        assert_eq!(seen(&other.over(files(&[("b", &[GROUP])]), true))[1], format!("b {GROUP}"));
    }
}
