//! Listeners, matched by port whatever their tags: every listener on a load balancer of ours is ours.
//! All certificates, the default one among them, are in the SNI list (load-balancers.md 4.6).

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Arn, Field, Origin, ResourceKey, ResourceKind, Value,
    balancer::{Listener, ListenerProtocol},
    observed::{SeenBalancer, SeenListener},
};

use super::{
    Room,
    balancer::Removals,
    compare,
    quota::listeners::{self, Shelf},
    tags::{self, Tagged},
    why::{Why, json},
};
use crate::{
    Op,
    draft::Ix,
    keep, phrase,
    plan::{Change, Step, Subject},
};

pub(super) const KIND: &str = "listener";

/// Hands out the listeners that are not made, for want of room.
pub(super) fn diff(room: &mut Room<'_>, removals: &Removals) -> BTreeSet<u16> {
    let desired = room.desired;
    let waiting = listeners::waiting(room);
    let mut shelf = Shelf::of(room, &waiting);
    for (port, want) in &desired.listeners {
        let key = keep::key_of(desired, ResourceKind::Listener, port.to_string());
        if room.is_held(&key) || waiting.contains(port) {
            continue;
        }
        match seen_at(room, &want.spec.load_balancer, *port) {
            Some(seen) => update(room, seen, *port, &mut shelf),
            None => create(room, key, (*port, removals), &mut shelf),
        }
    }
    let kept: Vec<_> = room.kept.load_balancers.iter().map(|(id, it)| (*id, *it)).collect();
    for (id, balancer) in kept {
        remove(room, id, balancer);
    }
    listeners::make_room(room, &shelf);
    waiting
}

/// The listener at this port of a load balancer that stays.
pub(super) fn seen_at<'a>(
    room: &Room<'a>,
    balancer: &Value<Arn>,
    port: u16,
) -> Option<&'a SeenListener> {
    let arn = balancer.known()?;
    let kept = room.kept.load_balancers.values().find(|it| it.arn == *arn)?;
    kept.listeners.get(&port)
}

fn create(room: &mut Room<'_>, key: ResourceKey, (port, all): (u16, &Removals), shelf: &mut Shelf) {
    let want = &room.desired.listeners[&port];
    let origin = want.origins.get("");
    let subject = Subject::new(KIND, port.to_string(), Change::Add);
    let listener: Value<Arn> = key.output(Field::Arn);
    let op = Op::CreateListener { key, spec: want.spec.clone() };
    let Some(create) = room.admit(Step::new(op, subject.clone(), origin.clone())) else { return };
    // Target groups that are not doubled are free only when the old load balancer is gone.
    room.draft.all_after(&[create], &removals(room, &want.spec.load_balancer, all));
    for certificate in &want.spec.certificates {
        if let Err(reason) = shelf.take(certificate) {
            room.hold(&subject, reason, want.origins.get("certificates"));
            continue;
        }
        let op =
            Op::AddCertificate { listener: listener.clone(), certificate: certificate.clone() };
        room.admit(Step::new(op, subject.clone(), origin.clone()));
    }
    if !want.spec.attributes.is_empty() {
        let set = want.spec.attributes.clone();
        let op = Op::ModifyListenerAttributes { listener, set };
        room.admit(Step::new(op, subject, origin));
    }
}

fn removals(room: &Room<'_>, balancer: &Value<Arn>, all: &Removals) -> Vec<Ix> {
    let id = match balancer {
        Value::Output { of, .. } => Some(of.id.as_str()),
        Value::Known(arn) => {
            let mut kept = room.kept.load_balancers.iter();
            kept.find(|(_, it)| it.arn == *arn).map(|(id, _)| *id)
        }
    };
    id.and_then(|id| all.before.get(id)).cloned().unwrap_or_default()
}

fn update(room: &mut Room<'_>, seen: &SeenListener, port: u16, shelf: &mut Shelf) {
    let want = &room.desired.listeners[&port];
    let subject = Subject::new(KIND, port.to_string(), Change::Change);
    let why = differences(room, seen, port);
    let modify = (!why.is_empty()).then(|| {
        let op = Op::ModifyListener { listener: seen.arn.clone(), spec: want.spec.clone() };
        admit(room, op, &subject, why)
    });
    certificates(room, seen, (port, modify.flatten()), shelf);
    let set = compare::missing(&want.spec.attributes, &seen.spec.attributes);
    if !set.is_empty() {
        let mut why = Why::new(&want.origins);
        why.entries("listenerAttributes", &seen.spec.attributes, &set);
        let listener = Value::Known(seen.arn.clone());
        admit(room, Op::ModifyListenerAttributes { listener, set }, &subject, why);
    }
    if room.controller.balancers.switches.tag_listeners_and_rules {
        let tagged = Tagged {
            kind: ResourceKind::Listener,
            subject,
            origins: &want.origins,
            want: &want.spec.tags,
            have: &seen.spec.tags,
        };
        tags::balancing(room, &seen.arn, &tagged);
    }
}

fn admit(room: &mut Room<'_>, op: Op, subject: &Subject, why: Why<'_>) -> Option<Ix> {
    let step = Step::new(op, subject.clone(), why.origin());
    room.admit(step.because(why.into_changes()))
}

/// What one ModifyListener mends.
fn differences<'a>(room: &Room<'a>, seen: &SeenListener, port: u16) -> Why<'a> {
    let want = &room.desired.listeners[&port];
    let (have, spec) = (&seen.spec, &want.spec);
    let mut why = Why::new(&want.origins);
    why.compare("protocol", &have.protocol, &spec.protocol);
    if !compare::same_actions(&spec.default_actions, &have.default_actions) {
        let words = |spec: &Listener| phrase::actions(&spec.default_actions, room.names);
        why.words("defaultActions", words(have), words(spec));
    }
    if spec.protocol == ListenerProtocol::Https {
        if !spec.certificates.is_empty() {
            why.compare("certificates", &have.certificates.first(), &spec.certificates.first());
        }
        if spec.ssl_policy.is_some() {
            why.compare("sslPolicy", &have.ssl_policy, &spec.ssl_policy);
        }
        let asked = spec.mutual.as_ref();
        if asked.is_some_and(|want| !want.is_met_by(have.mutual.as_ref())) {
            why.compare("mutualAuthentication", &have.mutual, &spec.mutual);
        }
    }
    why
}

/// The SNI list: what is missing is added before what is too much goes, so that no host is ever
/// without its certificate; the other way round where both do not fit.
fn certificates(
    room: &mut Room<'_>,
    seen: &SeenListener,
    (port, modify): (u16, Option<Ix>),
    shelf: &mut Shelf,
) {
    let want = &room.desired.listeners[&port];
    if want.spec.protocol != ListenerProtocol::Https {
        return;
    }
    let subject = Subject::new(KIND, port.to_string(), Change::Change);
    let listed: BTreeSet<&Arn> = seen.spec.certificates.iter().skip(1).collect();
    let mut added = Vec::new();
    let missing: BTreeSet<&Arn> =
        want.spec.certificates.iter().filter(|it| !listed.contains(it)).collect();
    for certificate in missing {
        if let Err(reason) = shelf.take(certificate) {
            room.hold(&subject, reason, want.origins.get("certificates"));
            continue;
        }
        let mut why = Why::new(&want.origins);
        why.note("certificates", None, Some(json(certificate)));
        let listener = Value::Known(seen.arn.clone());
        let op = Op::AddCertificate { listener, certificate: certificate.clone() };
        let add = admit(room, op, &subject, why);
        room.draft.all_after(add.as_slice(), modify.as_slice());
        added.extend(add);
    }
    for certificate in listed.iter().filter(|it| !want.spec.certificates.contains(it)) {
        let mut why = Why::new(&want.origins);
        why.note("certificates", Some(json(certificate)), None);
        let (listener, certificate) = (seen.arn.clone(), (*certificate).clone());
        let remove = admit(room, Op::RemoveCertificate { listener, certificate }, &subject, why);
        room.draft.all_after(remove.as_slice(), modify.as_slice());
        if !shelf.is_full {
            room.draft.all_after(remove.as_slice(), &added);
        }
    }
}

/// Listeners that nobody wants, unless something of them, or the load balancer itself, is held.
pub(super) fn going<'a>(
    room: &Room<'_>,
    id: &str,
    balancer: &'a SeenBalancer,
) -> BTreeMap<u16, &'a SeenListener> {
    let key = keep::key_of(room.desired, ResourceKind::LoadBalancer, id);
    // A held load balancer may be one whose listeners could not be said; nor does one go on alone
    // that nobody wants and that is only there because something on it is held.
    if room.is_held(&key) || !room.desired.load_balancers.contains_key(id) {
        return BTreeMap::new();
    }
    let all = balancer.listeners.iter();
    let unwanted = all.filter(|(port, _)| !room.desired.listeners.contains_key(*port));
    let free = unwanted.filter(|(port, _)| keep::held_at(room.desired, **port).is_none());
    free.map(|(port, it)| (*port, it)).collect()
}

fn remove(room: &mut Room<'_>, id: &str, balancer: &SeenBalancer) {
    for (port, seen) in going(room, id, balancer) {
        let subject = Subject::new(KIND, port.to_string(), Change::Delete);
        let op = Op::DeleteListener { arn: seen.arn.clone() };
        room.admit(Step::new(op, subject, Origin::Default));
    }
}
