//! Which members of a stack are in error, told from the mistakes that were found. What is deployed for
//! them stays until they are mended, and the others go on.

use std::collections::BTreeSet;

use inroad_words::{
    Diagnostic, Kind, ObjectKey, Origin, Severity,
    hold::{Hold, HoldReason},
};
use serde::Serialize;

use crate::{
    codes,
    ingress::group::{Lost, Member},
    model::{BalancerIntent, ListenerIntent, Open, StackIntent},
};

/// What of a stack stays as it is deployed, because somebody's mistake leaves open what it should be.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Kept {
    /// Members in error, those that a mistake has torn from the group among them: none of their
    /// rules is taken away.
    pub members: BTreeSet<ObjectKey>,
    /// Those of them whose place in the group's order cannot be read: none of their rules moves.
    pub unplaced: BTreeSet<ObjectKey>,
    /// Whether rules that say nothing of their origin may be theirs.
    pub unknown: bool,
    /// Whether somebody's ports cannot be read: listeners that nobody else wants stay.
    pub listeners: bool,
    /// Whether somebody's word on security groups may be lost: those that are worn stay.
    pub security: bool,
    /// Ports whose default action somebody should give and cannot.
    pub defaults: BTreeSet<u16>,
    /// Backends (keys of `StackIntent::backends`) with settings that cannot be read.
    pub backends: BTreeSet<String>,
    /// Why the targets of some kept rules cannot be told: what lets traffic reach them stays.
    pub targets: Option<Hold>,
}

impl Kept {
    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether a target group, by resource id (`<ingNs>/<ing>-<svc>:<port>`), may be that of a member in
    /// error.
    pub fn may_own(&self, group: &str) -> bool {
        self.members.iter().any(|it| group.starts_with(&format!("{}-", it.short())))
    }
}

/// Notes who is in error. Whose value was not taken because another's counts is served, so that is no
/// error of this kind.
pub(crate) fn note(
    intent: &mut StackIntent,
    members: &[Member<'_>],
    lost: Vec<Lost>,
    diagnostics: &[Diagnostic],
) {
    for diagnostic in diagnostics.iter().filter(|it| is_fault(it)) {
        let blamed = members.iter().filter(|member| blames(diagnostic, member));
        intent.kept.members.extend(blamed.map(|member| member.key.clone()));
    }
    let unplaced = members.iter().filter(|member| member.order.is_none());
    intent.kept.unplaced = unplaced.map(|member| member.key.clone()).collect();
    intent.kept.unknown = !intent.kept.members.is_empty();
    for Lost { key, hold, certain, gives_default, .. } in lost {
        intent.kept.unknown |= certain;
        intent.kept.unplaced.insert(key.clone());
        intent.kept.members.insert(key);
        if certain {
            if let Some(balancer) = &mut intent.balancer {
                doubt(balancer, &hold.origin);
                let listeners = balancer.listeners.iter().filter(|_| gives_default);
                let nobody_else = listeners.filter(|(_, it)| it.default.origin == Origin::Default);
                intent.kept.defaults.extend(nobody_else.map(|(port, _)| *port));
            }
            intent.kept.security = true;
            intent.kept.targets.get_or_insert(hold);
        }
    }
}

/// Whatever a lost Ingress may have said of the load balancer goes on to count.
fn doubt(balancer: &mut BalancerIntent, origin: &Origin) {
    let open = &mut balancer.open;
    doubtful(&mut open.scheme, origin);
    doubtful(&mut open.ip_address_type, origin);
    doubtful(&mut open.subnets, origin);
    for listener in balancer.listeners.values_mut() {
        doubt_listener(listener, origin);
    }
}

/// Whatever somebody whose ports cannot be told may have said of a listener goes on to count.
pub(crate) fn doubt_listener(listener: &mut ListenerIntent, origin: &Origin) {
    let open = &mut listener.open;
    doubtful(&mut open.protocol, origin);
    doubtful(&mut open.inbound_cidrs, origin);
    doubtful(&mut open.prefix_lists, origin);
    doubtful(&mut open.ssl_policy, origin);
    doubtful(&mut open.clients, origin);
    doubtful(&mut open.default, origin);
    if let Some(instead) = &mut open.instead {
        doubt_listener(instead, origin);
    }
}

fn doubtful<T>(open: &mut Open<T>, origin: &Origin) {
    open.unreadable.get_or_insert_with(|| origin.clone());
}

fn is_fault(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Error && diagnostic.code != codes::CONFLICT
}

/// Whether a mistake is in what a member says, or in what speaks for it: its class, its Services.
fn blames(diagnostic: &Diagnostic, member: &Member<'_>) -> bool {
    let Some(object) = diagnostic.origin.object() else { return false };
    match object.kind {
        Kind::Ingress => *object == member.key,
        Kind::IngressClassParams => member.params.as_ref().is_some_and(|(key, _)| key == object),
        Kind::Service => object.namespace == member.key.namespace && member.names(&object.name),
        _ => false,
    }
}

/// A part of a stack that waits for a mistake to be mended.
pub(crate) fn hold(subject: &str, code: inroad_words::Code, origin: &Origin) -> Hold {
    let reason = HoldReason::Diagnostic(code.to_string());
    Hold { subject: subject.into(), reason, origin: origin.clone() }
}
