//! Who may come in at a listener: clients' addresses and clients' certificates. In: the members that use
//! a port. Out: what they say together. A restriction that cannot be read is never taken for none.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{Diagnostic, Origin, Said, balancer::ListenerProtocol};

use super::{
    Desk,
    group::Member,
    listeners::{Parts, Port},
    merge::agree,
};
use crate::{
    codes,
    model::{ClientCertificates, ListenerIntent, OpenListener},
    settings::{INBOUND_CIDRS, MUTUAL_AUTHENTICATION, PREFIX_LISTS, look},
};

/// Where those stand who mean to restrict a port and cannot say how.
#[derive(Debug, Clone, Default)]
pub(super) struct Unreadable {
    cidrs: Option<Origin>,
    clients: Option<Origin>,
}

impl Unreadable {
    /// What is deployed goes on to count, even where they have left.
    pub(super) fn note(&self, listener: &mut ListenerIntent) {
        listener.open.inbound_cidrs.unreadable.clone_from(&self.cidrs);
        if listener.protocol == ListenerProtocol::Https {
            listener.open.clients.unreadable.clone_from(&self.clients);
        }
        if let Some(instead) = &mut listener.open.instead {
            self.note(instead);
        }
    }
}

/// A member whose `inbound-cidrs` or `mutual-authentication` cannot be read leaves a port that nobody
/// restricts in this way: it meant to be restricted, and the others did not.
pub(super) fn admit(
    port: &mut Port,
    parts: &Parts<'_, '_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Unreadable {
    let (mut restricted, mut verified) = (false, false);
    let mut doubts = Vec::new();
    for (index, _) in &port.users {
        let layers = parts.members[*index].layers();
        let cidrs = look(&INBOUND_CIDRS, &layers, diagnostics);
        let clients = match port.may_be_secure() {
            true => look(&MUTUAL_AUTHENTICATION, &layers, diagnostics),
            false => Ok(None),
        };
        restricted |= matches!(&cidrs, Ok(Some(said)) if !said.value.is_empty());
        let here = clients.iter().flatten().find_map(|said| said.value.get(&port.number));
        verified |= here.is_some_and(|it| it.verify().is_some());
        doubts.push(Unreadable {
            cidrs: cidrs.err().map(|why| why.0),
            clients: clients.err().map(|why| why.0),
        });
    }
    let leaves = |it: &Unreadable| {
        (it.cidrs.is_some() && !restricted) || (it.clients.is_some() && !verified)
    };
    if doubts.iter().any(|it| !leaves(it)) {
        let (left, users): (Vec<_>, Vec<_>) =
            port.users.iter().copied().zip(&doubts).partition(|(_, doubt)| leaves(doubt));
        port.left = left.into_iter().map(|((index, _), _)| index).collect();
        port.users = users.into_iter().map(|(user, _)| user).collect();
    }
    Unreadable {
        cidrs: doubts.iter().rev().find_map(|it| it.cidrs.clone()),
        clients: doubts.iter().rev().find_map(|it| it.clients.clone()),
    }
}

#[allow(clippy::ptr_arg)] // `agree` compares values of the setting's own type
fn same_set(a: &Vec<String>, b: &Vec<String>) -> bool {
    a.iter().collect::<BTreeSet<_>>() == b.iter().collect::<BTreeSet<_>>()
}

/// An empty list says nothing.
fn filled(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

/// Prefix lists that may come in.
pub(super) fn prefix_lists(
    users: &[&Member<'_>],
    (desk, open): (&mut Desk<'_, '_>, &mut OpenListener),
) -> Said<Vec<String>> {
    let (said, more) = agree(&PREFIX_LISTS, users, filled, same_set, desk.diagnostics);
    open.prefix_lists = more;
    said.unwrap_or_else(|| PREFIX_LISTS.default(desk.settings))
}

/// Addresses that may come in. What cannot be read lets nobody in, as the default would let everybody.
pub(super) fn inbound(
    users: &[&Member<'_>],
    open_by_default: bool,
    (desk, open): (&mut Desk<'_, '_>, &mut OpenListener),
) -> Said<Vec<String>> {
    let (said, more) = agree(&INBOUND_CIDRS, users, filled, same_set, desk.diagnostics);
    let unreadable = more.unreadable.clone();
    open.inbound_cidrs = more;
    match (said, unreadable) {
        (Some(said), _) => said,
        (None, Some(unreadable)) => Said::new(Vec::new(), unreadable),
        (None, None) if open_by_default => INBOUND_CIDRS.default(desk.settings),
        (None, None) => Said::default_value(Vec::new()),
    }
}

/// What is asked of clients' certificates at an HTTPS port.
pub(super) fn clients(
    port: u16,
    users: &[&Member<'_>],
    (desk, open): (&mut Desk<'_, '_>, &mut OpenListener),
) -> ClientCertificates {
    let (said, more) = agree(
        &MUTUAL_AUTHENTICATION,
        users,
        |mut by_port| by_port.remove(&port),
        |a, b| a == b,
        desk.diagnostics,
    );
    let unreadable = more.unreadable.clone();
    open.clients = more;
    match (said, unreadable) {
        (Some(said), _) => ClientCertificates::Said(said),
        (None, Some(unreadable)) => ClientCertificates::Unreadable(unreadable),
        (None, None) => ClientCertificates::Unsaid,
    }
}

/// Tells members of ports whose clients they want to be asked where they have no HTTPS listener; not those
/// whose ports cannot be read.
pub(super) fn beside(
    parts: &Parts<'_, '_>,
    ports: &BTreeMap<u16, Port>,
    anywhere: &BTreeSet<usize>,
    diagnostics: &mut Vec<Diagnostic>,
) {
    let readable = parts.members.iter().enumerate().filter(|(index, _)| !anywhere.contains(index));
    for (index, member) in readable {
        let said = look(&MUTUAL_AUTHENTICATION, &member.layers(), &mut Vec::new());
        let Ok(Some(said)) = said else { continue };
        let uses = |port: &Port| port.users.contains(&(index, ListenerProtocol::Https));
        for port in said.value.keys().filter(|port| !ports.get(port).is_some_and(uses)) {
            let message =
                format!("port {port} is no HTTPS port of this Ingress, so nobody is asked");
            diagnostics.push(
                Diagnostic::warning(codes::NO_CLIENTS_TO_ASK, said.origin.clone(), message)
                    .help("add it to listen-ports as HTTPS, or leave it out here"),
            );
        }
    }
}
