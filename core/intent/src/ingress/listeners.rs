//! Listeners of a stack: which ports there are, who may come in, which certificates they show, and
//! whose routes they have (load-balancers.md 4.5, 4.6).

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Diagnostic, Origin, Said,
    balancer::{FixedResponse, ListenerProtocol, Redirect},
};
use inroad_world::crd::ClassListener;
use k8s_openapi::api::networking::v1::IngressSpec;

use super::{
    Desk, backend,
    group::{self, Member},
    merge::{SaidMap, agree, exclusive, fill, spread, unite},
};
use crate::{
    codes,
    model::{CertificateChoice, ListenerIntent, Route, RouteAction, StackIntent},
    settings::{
        CERTIFICATE_ARN, INBOUND_CIDRS, LISTEN_PORTS, LISTENER_ATTRIBUTES, PREFIX_LISTS,
        SSL_POLICY, SSL_REDIRECT, look, look_named,
    },
};

/// The members with what each brings along, by position in group order.
pub(super) struct Parts<'a, 'w> {
    pub(super) members: &'a [Member<'w>],
    pub(super) tags: &'a [SaidMap],
    pub(super) routes: &'a [Vec<Route>],
}

/// A port that some members use, by position.
struct Port {
    number: u16,
    protocol: ListenerProtocol,
    origin: Origin,
    users: Vec<usize>,
}

/// The listeners. A stack none of whose members says its ports readably is held, not emptied.
pub(super) fn compile(
    parts: &Parts<'_, '_>,
    desk: &mut Desk<'_, '_>,
    intent: &mut StackIntent,
) -> BTreeMap<u16, ListenerIntent> {
    let certificates: Vec<Said<Vec<String>>> =
        parts.members.iter().map(|member| certificates(member, desk)).collect();
    let mut ports = BTreeMap::new();
    let mut unreadable = None;
    for (index, member) in parts.members.iter().enumerate() {
        match look(&LISTEN_PORTS, &member.layers(), desk.diagnostics) {
            Ok(said) => {
                let said = said.unwrap_or_else(|| default_ports(&certificates[index]));
                join(&mut ports, index, said, &member.key.short(), desk.diagnostics);
            }
            Err(why) => unreadable = Some(why),
        }
    }
    if let (true, Some(why)) = (ports.is_empty(), unreadable) {
        intent.held =
            Some(group::hold(&intent.key, &Diagnostic::error(codes::BAD_VALUE, why.0, "")));
    }
    for port in ports.values_mut() {
        admit(port, parts, desk.diagnostics);
    }
    let redirect = redirect(parts, &ports, desk);
    let listener =
        |port: Port| (port.number, listener(&port, parts, &certificates, redirect.as_ref(), desk));
    ports.into_values().map(listener).collect()
}

/// A member whose `inbound-cidrs` cannot be read leaves a port that nobody restricts: it meant to
/// be restricted, and the others did not.
fn admit(port: &mut Port, parts: &Parts<'_, '_>, diagnostics: &mut Vec<Diagnostic>) {
    let (mut readable, mut restricted) = (Vec::new(), false);
    for index in &port.users {
        if let Ok(said) = look(&INBOUND_CIDRS, &parts.members[*index].layers(), diagnostics) {
            readable.push(*index);
            restricted |= said.is_some();
        }
    }
    if !restricted && !readable.is_empty() {
        port.users = readable;
    }
}

fn certificates(member: &Member<'_>, desk: &mut Desk<'_, '_>) -> Said<Vec<String>> {
    let said = look(&CERTIFICATE_ARN, &member.layers(), desk.diagnostics).unwrap_or_default();
    said.unwrap_or_else(|| CERTIFICATE_ARN.default(desk.settings))
}

fn default_ports(certificates: &Said<Vec<String>>) -> Said<BTreeMap<u16, ListenerProtocol>> {
    let port = if certificates.value.is_empty() {
        (80, ListenerProtocol::Http)
    } else {
        (443, ListenerProtocol::Https)
    };
    Said::default_value(BTreeMap::from([port]))
}

/// A member joins the ports that it asks for, but for those that others have with another protocol.
fn join(
    ports: &mut BTreeMap<u16, Port>,
    index: usize,
    said: Said<BTreeMap<u16, ListenerProtocol>>,
    member: &str,
    diagnostics: &mut Vec<Diagnostic>,
) {
    for (number, protocol) in said.value {
        let origin = said.origin.clone();
        let port = ports.entry(number).or_insert_with(|| Port {
            number,
            protocol,
            origin,
            users: Vec::new(),
        });
        if port.protocol == protocol {
            port.users.push(index);
            continue;
        }
        let message = format!(
            "port {number} is {} in this group, so {member} is not served there as {}",
            port.protocol.as_str(),
            protocol.as_str()
        );
        diagnostics.push(
            Diagnostic::error(codes::CONFLICT, said.origin.clone(), message)
                .help(format!("{} asked for it first", port.origin)),
        );
    }
}

/// The redirect that every HTTP listener gets, where its port has an HTTPS listener.
fn redirect(
    parts: &Parts<'_, '_>,
    ports: &BTreeMap<u16, Port>,
    desk: &mut Desk<'_, '_>,
) -> Option<Said<RouteAction>> {
    let all: Vec<&Member<'_>> = parts.members.iter().collect();
    let said = exclusive(&SSL_REDIRECT, &all, desk.diagnostics).said?;
    let target = ports.get(&said.value).map(|port| port.protocol);
    if target != Some(ListenerProtocol::Https) {
        let message = format!("there is no HTTPS listener on port {} to redirect to", said.value);
        desk.diagnostics.push(
            Diagnostic::error(codes::BAD_REDIRECT, said.origin, message)
                .help("add it to listen-ports; until then HTTP is served as it is"),
        );
        return None;
    }
    Some(said.map(|port| {
        RouteAction::Redirect(Redirect {
            port: Some(port.to_string()),
            protocol: Some("HTTPS".into()),
            status_code: "HTTP_301".into(),
            ..Redirect::default()
        })
    }))
}

fn listener(
    port: &Port,
    parts: &Parts<'_, '_>,
    certificates: &[Said<Vec<String>>],
    redirect: Option<&Said<RouteAction>>,
    desk: &mut Desk<'_, '_>,
) -> ListenerIntent {
    let users: Vec<&Member<'_>> = port.users.iter().map(|index| &parts.members[*index]).collect();
    let secure = port.protocol == ListenerProtocol::Https;
    let redirect = redirect.filter(|_| !secure).cloned();
    let routes = port.users.iter().flat_map(|index| parts.routes[*index].iter().cloned());
    let routes = if redirect.is_some() { Vec::new() } else { routes.collect() };
    let mut tags = SaidMap::new();
    for index in &port.users {
        // Conflicts are told once, where the load balancer's tags are united.
        fill(&mut tags, parts.tags[*index].clone());
    }
    let prefix_lists = agree(&PREFIX_LISTS, &users, same_set, desk.diagnostics).said;
    let prefix_lists = prefix_lists.unwrap_or_else(|| PREFIX_LISTS.default(desk.settings));
    ListenerIntent {
        origin: if port.origin == Origin::Default {
            Origin::field(&users[0].key, "")
        } else {
            port.origin.clone()
        },
        protocol: port.protocol,
        inbound_cidrs: inbound(&users, prefix_lists.value.is_empty(), desk),
        prefix_lists,
        certificates: secure.then(|| choice(port, parts, certificates)),
        ssl_policy: secure.then(|| {
            let said = exclusive(&SSL_POLICY, &users, desk.diagnostics).said;
            said.unwrap_or_else(|| SSL_POLICY.default(desk.settings))
        }),
        attributes: attributes(port, parts, &users, desk),
        tags,
        default: redirect.unwrap_or_else(|| default_action(&users, desk)),
        routes,
    }
}

#[allow(clippy::ptr_arg)] // `agree` compares values of the setting's own type
fn same_set(a: &Vec<String>, b: &Vec<String>) -> bool {
    a.iter().collect::<BTreeSet<_>>() == b.iter().collect::<BTreeSet<_>>()
}

/// Who may come in. What cannot be read lets nobody in, as the default would let everybody.
fn inbound(
    users: &[&Member<'_>],
    open_by_default: bool,
    desk: &mut Desk<'_, '_>,
) -> Said<Vec<String>> {
    let agreed = agree(&INBOUND_CIDRS, users, same_set, desk.diagnostics);
    match (agreed.said, agreed.unreadable) {
        (Some(said), _) => said,
        (None, Some(unreadable)) => Said::new(Vec::new(), unreadable.0),
        (None, None) if open_by_default => INBOUND_CIDRS.default(desk.settings),
        (None, None) => Said::default_value(Vec::new()),
    }
}

fn choice(
    port: &Port,
    parts: &Parts<'_, '_>,
    certificates: &[Said<Vec<String>>],
) -> CertificateChoice {
    let mut explicit: Vec<Said<String>> = Vec::new();
    let mut discover = BTreeMap::new();
    for index in &port.users {
        let said = &certificates[*index];
        for arn in &said.value {
            if explicit.iter().all(|known| known.value != *arn) {
                explicit.push(Said::new(arn.clone(), said.origin.clone()));
            }
        }
        if said.value.is_empty() {
            for host in hosts(&parts.members[*index]) {
                discover.entry(host.value.clone()).or_insert(host);
            }
        }
    }
    CertificateChoice { explicit, discover: discover.into_values().collect() }
}

/// Hosts of rules and of `tls`, each with where it stands.
fn hosts(member: &Member<'_>) -> Vec<Said<String>> {
    let Some(IngressSpec { rules, tls, .. }) = &member.ingress.spec else { return Vec::new() };
    let said =
        |host: &String, path: String| Said::new(host.clone(), Origin::field(&member.key, path));
    let rules = rules.iter().flatten().enumerate().filter_map(|(index, rule)| {
        let host = rule.host.as_ref().filter(|host| !host.is_empty())?;
        Some(said(host, format!("/spec/rules/{index}/host")))
    });
    let tls = tls.iter().flatten().enumerate().flat_map(|(index, tls)| {
        let hosts = tls.hosts.iter().flatten().enumerate();
        hosts.map(move |(at, host)| said(host, format!("/spec/tls/{index}/hosts/{at}")))
    });
    rules.chain(tls).collect()
}

/// What the first member's class says for the listener wins key by key.
fn attributes(
    port: &Port,
    parts: &Parts<'_, '_>,
    users: &[&Member<'_>],
    desk: &mut Desk<'_, '_>,
) -> SaidMap {
    let suffix =
        format!("{}{}-{}", LISTENER_ATTRIBUTES.row.ingress, port.protocol.as_str(), port.number);
    let is_port = |listener: &ClassListener| {
        listener.port == i32::from(port.number) && listener.protocol == port.protocol.as_str()
    };
    let params = parts.members.first().and_then(|first| first.params.as_ref());
    let mut attributes = SaidMap::new();
    if let Some((key, params)) = params {
        for (index, listener) in params.spec.listeners.iter().enumerate() {
            let origin = Origin::field(key, format!("/spec/listeners/{index}"));
            let pairs = listener.listener_attributes.iter().filter(|_| is_port(listener));
            let said = pairs.map(|p| (p.key.clone(), Said::new(p.value.clone(), origin.clone())));
            attributes.extend(said);
        }
    }
    let mut united = SaidMap::new();
    for member in users {
        let layers = [member.annotations()];
        let said = look_named(&LISTENER_ATTRIBUTES, &suffix, &layers, desk.diagnostics);
        let mut own = said.unwrap_or_default().map(spread).unwrap_or_default();
        own.retain(|key, _| !attributes.contains_key(key));
        unite(&mut united, own, "the listener attribute", desk.diagnostics);
    }
    fill(&mut attributes, united);
    attributes
}

/// The default backend of the first member that has one, else 404.
fn default_action(users: &[&Member<'_>], desk: &mut Desk<'_, '_>) -> Said<RouteAction> {
    let mut found: Option<Said<RouteAction>> = None;
    for member in users {
        let spec = member.ingress.spec.as_ref();
        let Some(default) = spec.and_then(|spec| spec.default_backend.as_ref()) else { continue };
        let origin = Origin::field(&member.key, "/spec/defaultBackend");
        match &found {
            Some(first) => desk.diagnostics.push(
                Diagnostic::error(
                    codes::CONFLICT,
                    origin,
                    format!("{} is the default backend already", first.origin),
                )
                .help("have one default backend for each port of a group"),
            ),
            None => {
                let action = backend::action(member, default, &origin, desk);
                found = action.map(|action| Said::new(action, origin));
            }
        }
    }
    found.unwrap_or_else(|| {
        Said::default_value(RouteAction::FixedResponse(FixedResponse {
            content_type: Some("text/plain".into()),
            message_body: None,
            status_code: "404".into(),
        }))
    })
}
