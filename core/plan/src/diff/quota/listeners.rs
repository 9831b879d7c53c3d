//! Room for listeners and for their certificates.

use std::collections::BTreeSet;

use inroad_words::{Arn, ResourceKind, balancer::ListenerProtocol, hold::HoldReason, quota::Quota};

use super::{Space, listeners, place};
use crate::{
    Op,
    diff::{Room, listener},
    keep,
    plan::{Change, Subject},
};

/// Listeners that are wanted and for which there is no room.
pub(in crate::diff) fn waiting(room: &mut Room<'_>) -> BTreeSet<u16> {
    let desired = room.desired;
    let is_new = |port: &u16| {
        let key = keep::key_of(desired, ResourceKind::Listener, port.to_string());
        let balancer = &desired.listeners[port].spec.load_balancer;
        !room.is_held(&key) && listener::seen_at(room, balancer, *port).is_none()
    };
    let coming = desired.listeners.keys().filter(|port| is_new(port));
    let mut coming: Vec<u16> = coming.copied().collect();
    coming.sort_by_key(|port| (place(desired, &desired.listeners[port].origins.get("")), *port));
    let going: usize =
        room.kept.load_balancers.iter().map(|(id, it)| listener::going(room, id, it).len()).sum();
    let staying = listeners(room).count() - going;
    let mut space = Space::of(room, Quota::Listeners, staying, coming.len());
    let mut waiting = BTreeSet::new();
    for port in coming {
        if let Err(reason) = space.take(1) {
            let subject = Subject::new(listener::KIND, port.to_string(), Change::Add);
            room.hold(&subject, reason, desired.listeners[&port].origins.get(""));
            waiting.insert(port);
        }
    }
    waiting
}

/// Where old and new listeners or certificates do not fit together, the old ones go first.
pub(in crate::diff) fn make_room(room: &mut Room<'_>, shelf: &Shelf) {
    if shelf.is_full {
        let gives_way = |op: &Op| match op {
            Op::RemoveCertificate { .. } | Op::DeleteListener { .. } => true,
            // Its certificates go with the protocol.
            Op::ModifyListener { spec, .. } => spec.protocol == ListenerProtocol::Http,
            _ => false,
        };
        let going = room.draft.all(gives_way);
        let coming = room.draft.all(|op| matches!(op, Op::AddCertificate { .. }));
        room.draft.all_after(&coming, &going);
    }
    let creates = room.draft.all(|op| matches!(op, Op::CreateListener { .. }));
    let together = listeners(room).count() + creates.len();
    if together > room.desired.limits.likely(Quota::Listeners) {
        let deletes = room.draft.all(|op| matches!(op, Op::DeleteListener { .. }));
        room.draft.all_after(&creates, &deletes);
    }
}

/// The SNI lists of a load balancer: a certificate counts once, whatever lists it is in.
pub(in crate::diff) struct Shelf {
    space: Space,
    shown: BTreeSet<Arn>,
    /// Whether old and new ones do not fit together.
    pub(in crate::diff) is_full: bool,
}

impl Shelf {
    pub(in crate::diff) fn of(room: &Room<'_>, waiting: &BTreeSet<u16>) -> Self {
        let changing = |port: &u16| !waiting.contains(port) && !is_left(room, *port);
        let wanted = room.desired.listeners.iter().filter(|(port, _)| changing(port));
        let wanted: BTreeSet<Arn> =
            wanted.flat_map(|(_, it)| it.spec.certificates.clone()).collect();
        let there = listeners(room).flat_map(|it| it.spec.certificates.iter().skip(1).cloned());
        let there: BTreeSet<Arn> = there.collect();
        let left = left(room);
        let shown: BTreeSet<Arn> =
            there.iter().filter(|it| wanted.contains(it) || left.contains(it)).cloned().collect();
        let coming = wanted.difference(&there).count();
        let space = Space::of(room, Quota::Certificates, shown.len(), coming);
        let is_full = there.len() + coming > room.desired.limits.likely(Quota::Certificates);
        Self { space, shown, is_full }
    }

    /// Room for a certificate.
    pub(in crate::diff) fn take(&mut self, certificate: &Arn) -> Result<(), HoldReason> {
        if !self.shown.contains(certificate) {
            self.space.take(1)?;
            self.shown.insert(certificate.clone());
        }
        Ok(())
    }
}

/// Whether the listener of this port is left as it is, if there is one.
fn is_left(room: &Room<'_>, port: u16) -> bool {
    room.is_held(&keep::key_of(room.desired, ResourceKind::Listener, port.to_string()))
}

/// Certificates of the SNI lists that no step touches.
fn left(room: &Room<'_>) -> BTreeSet<Arn> {
    let mut left = BTreeSet::new();
    for (id, balancer) in &room.kept.load_balancers {
        let going = listener::going(room, id, balancer);
        let wanted =
            |port: &u16| room.desired.listeners.contains_key(port) && !is_left(room, *port);
        let stays = |port: &u16| !going.contains_key(port) && !wanted(port);
        let stay = balancer.listeners.iter().filter(|(port, _)| stays(port));
        left.extend(stay.flat_map(|(_, it)| it.spec.certificates.iter().skip(1).cloned()));
    }
    left
}
