//! Listeners of a stack: which ports there are, who may come in, which certificates they show, and
//! whose routes they have (load-balancers.md 4.5, 4.6).

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::{
    Diagnostic, Origin, Said,
    balancer::{ListenerProtocol, Redirect},
};
use inroad_world::crd::ClassListener;
use k8s_openapi::api::networking::v1::IngressSpec;

use super::{
    Desk, admission, backend,
    group::{self, Member},
    merge::{Agreed, SaidMap, exclusive, fill, spread, unite},
};
use crate::{
    codes, kept,
    model::{
        CertificateChoice, ClientCertificates, ListenerIntent, MemberCertificates, Open,
        OpenListener, Route, RouteAction, StackIntent,
    },
    settings::{
        CERTIFICATE_ARN, LISTEN_PORTS, LISTENER_ATTRIBUTES, SSL_POLICY, SSL_REDIRECT, look,
        look_named,
    },
};

/// The members with what each brings along, by position in group order.
pub(super) struct Parts<'a, 'w> {
    pub(super) members: &'a [Member<'w>],
    pub(super) tags: &'a [SaidMap],
    pub(super) routes: &'a [Vec<Route>],
}

/// A port that some members use, by position, each with the protocol that it asks for.
#[derive(Clone)]
pub(super) struct Port {
    pub(super) number: u16,
    protocol: ListenerProtocol,
    origin: Origin,
    pub(super) users: Vec<(usize, ListenerProtocol)>,
    /// Who should use it, and cannot say how.
    pub(super) left: BTreeSet<usize>,
    /// Protocols that later members ask for instead.
    others: Vec<Said<ListenerProtocol>>,
}

impl Port {
    /// The same port with the other protocol, as whoever asked for it first has it.
    fn instead(&self) -> Option<Self> {
        let other = self.others.first()?;
        Some(Self { protocol: other.value, origin: other.origin.clone(), ..self.clone() })
    }

    /// Whether anybody asks for HTTPS.
    pub(super) fn may_be_secure(&self) -> bool {
        let others = self.others.iter().map(|said| said.value);
        others.chain([self.protocol]).any(|it| it == ListenerProtocol::Https)
    }
}

/// The listeners. Where no member says its ports readably, no load balancer is made.
pub(super) fn compile(
    parts: &Parts<'_, '_>,
    desk: &mut Desk<'_, '_>,
    intent: &mut StackIntent,
) -> BTreeMap<u16, ListenerIntent> {
    let certificates: Vec<Said<Vec<String>>> =
        parts.members.iter().map(|member| certificates(member, desk)).collect();
    let mut ports = BTreeMap::new();
    let (mut unreadable, mut anywhere) = (None, BTreeSet::new());
    for (index, member) in parts.members.iter().enumerate() {
        match look(&LISTEN_PORTS, &member.layers(), desk.diagnostics) {
            Ok(said) => {
                let said = said.unwrap_or_else(|| default_ports(&certificates[index]));
                join(&mut ports, (index, member), said);
            }
            Err(why) => {
                anywhere.insert(index);
                unreadable = Some(why);
            }
        }
    }
    let unreadable_ports = unreadable.map(|why| why.0);
    intent.kept.listeners = unreadable_ports.is_some();
    if let (true, Some(why)) = (ports.is_empty(), &unreadable_ports) {
        let diagnostic = Diagnostic::error(codes::BAD_VALUE, why.clone(), "");
        intent.undecided = Some(group::hold(&intent.key, &diagnostic));
    }
    admission::beside(parts, &ports, &anywhere, desk.diagnostics);
    let redirect = redirect(parts, &ports, desk);
    let mut listeners = BTreeMap::new();
    for mut port in ports.into_values() {
        let unreadable = admission::admit(&mut port, parts, desk.diagnostics);
        port.left.extend(&anywhere);
        let common = Common { parts, certificates: &certificates, redirect: &redirect };
        let mut made = listener(&port, &common, desk);
        let instead = port.instead().map(|port| listener(&port, &common, desk));
        made.open.instead = instead.map(Box::new);
        made.open.protocol.others = port.others.clone();
        unreadable.note(&mut made);
        if let Some(why) = &unreadable_ports {
            kept::doubt_listener(&mut made, why);
        }
        listeners.insert(port.number, made);
    }
    intent.kept.defaults = std::mem::take(&mut desk.defaults);
    listeners
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

/// A member joins the ports that it asks for, with whatever protocol they have.
fn join(
    ports: &mut BTreeMap<u16, Port>,
    (index, member): (usize, &Member<'_>),
    said: Said<BTreeMap<u16, ListenerProtocol>>,
) {
    for (number, protocol) in said.value {
        let port = ports.entry(number).or_insert_with(|| Port {
            number,
            protocol,
            origin: said.origin.clone(),
            users: Vec::new(),
            left: BTreeSet::new(),
            others: Vec::new(),
        });
        port.users.push((index, protocol));
        if port.protocol != protocol {
            let origin = asked_by(&said.origin, member);
            port.others.push(Said::new(protocol, origin));
        }
    }
}

/// Ports by default are laid at the door of the Ingress itself.
fn asked_by(origin: &Origin, member: &Member<'_>) -> Origin {
    if *origin == Origin::Default { Origin::field(&member.key, "") } else { origin.clone() }
}

/// The redirect that every HTTP listener gets, where its port has an HTTPS listener.
fn redirect(
    parts: &Parts<'_, '_>,
    ports: &BTreeMap<u16, Port>,
    desk: &mut Desk<'_, '_>,
) -> Agreed<RouteAction> {
    let all: Vec<&Member<'_>> = parts.members.iter().collect();
    let (said, open) = exclusive(&SSL_REDIRECT, &all, desk.diagnostics);
    let mut readable = said.into_iter().chain(open.others).filter_map(|said| {
        if ports.get(&said.value).is_some_and(Port::may_be_secure) {
            return Some(said.map(to_https));
        }
        let message = format!("there is no HTTPS listener on port {} to redirect to", said.value);
        desk.diagnostics.push(
            Diagnostic::error(codes::BAD_REDIRECT, said.origin, message)
                .help("add it to listen-ports; until then HTTP is served as it is"),
        );
        None
    });
    let first = readable.next();
    let others = readable.collect();
    (first, Open { others, unreadable: open.unreadable })
}

fn to_https(port: u16) -> RouteAction {
    RouteAction::Redirect(Redirect {
        port: Some(port.to_string()),
        protocol: Some("HTTPS".into()),
        status_code: "HTTP_301".into(),
        ..Redirect::default()
    })
}

/// What all listeners are made of.
struct Common<'a, 'w> {
    parts: &'a Parts<'a, 'w>,
    certificates: &'a [Said<Vec<String>>],
    redirect: &'a Agreed<RouteAction>,
}

fn listener(port: &Port, common: &Common<'_, '_>, desk: &mut Desk<'_, '_>) -> ListenerIntent {
    let Common { parts, certificates, redirect } = common;
    let users: Vec<&Member<'_>> = port.users.iter().map(|(ix, _)| &parts.members[*ix]).collect();
    let secure = port.protocol == ListenerProtocol::Https;
    let mut open = OpenListener::default();
    let (redirect, more) = if secure { Agreed::default() } else { (*redirect).clone() };
    open.default = more;
    let routes = port.users.iter().flat_map(|(index, _)| parts.routes[*index].iter().cloned());
    let routes = if redirect.is_some() { Vec::new() } else { routes.collect() };
    let mut tags = SaidMap::new();
    for (index, _) in &port.users {
        // Conflicts are told once, where the load balancer's tags are united.
        fill(&mut tags, parts.tags[*index].clone());
    }
    let prefix_lists = admission::prefix_lists(&users, (desk, &mut open));
    let (policy, more) =
        if secure { exclusive(&SSL_POLICY, &users, desk.diagnostics) } else { Agreed::default() };
    open.ssl_policy = more;
    ListenerIntent {
        origin: asked_by(&port.origin, users[0]),
        protocol: port.protocol,
        inbound_cidrs: admission::inbound(&users, prefix_lists.value.is_empty(), (desk, &mut open)),
        prefix_lists,
        certificates: secure.then(|| choice(port, parts, certificates)),
        ssl_policy: secure.then(|| policy.unwrap_or_else(|| SSL_POLICY.default(desk.settings))),
        clients: match secure {
            true => admission::clients(port.number, &users, (desk, &mut open)),
            false => ClientCertificates::Unsaid,
        },
        attributes: attributes(port, parts, (desk, &mut open)),
        tags,
        default: redirect.unwrap_or_else(|| default_action(port, parts, (desk, &mut open))),
        routes,
        open,
    }
}

/// The members that ask for HTTPS, each with its certificates.
fn choice(
    port: &Port,
    parts: &Parts<'_, '_>,
    certificates: &[Said<Vec<String>>],
) -> CertificateChoice {
    let secure = port.users.iter().filter(|(_, asks)| *asks == ListenerProtocol::Https);
    secure
        .map(|(index, _)| {
            let said = &certificates[*index];
            let named = |arn: &String| Said::new(arn.clone(), said.origin.clone());
            match said.value.is_empty() {
                true => MemberCertificates::Discover(hosts(&parts.members[*index])),
                false => MemberCertificates::Named(said.value.iter().map(named).collect()),
            }
        })
        .collect()
}

/// Hosts of rules and of `tls` in order of their names, each with where it stands first.
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
    let mut hosts = BTreeMap::new();
    for host in rules.chain(tls) {
        hosts.entry(host.value.clone()).or_insert(host);
    }
    hosts.into_values().collect()
}

/// What the first member's class says for the listener wins key by key.
fn attributes(
    port: &Port,
    parts: &Parts<'_, '_>,
    (desk, open): (&mut Desk<'_, '_>, &mut OpenListener),
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
    for (index, _) in &port.users {
        let layers = [parts.members[*index].annotations()];
        let said = look_named(&LISTENER_ATTRIBUTES, &suffix, &layers, desk.diagnostics);
        let mut own = said.unwrap_or_default().map(spread).unwrap_or_default();
        own.retain(|key, _| !attributes.contains_key(key));
        unite(&mut united, own, &mut open.attributes);
    }
    fill(&mut attributes, united);
    attributes
}

/// The default backend of the first member that has one, else 404.
fn default_action(
    port: &Port,
    parts: &Parts<'_, '_>,
    (desk, open): (&mut Desk<'_, '_>, &mut OpenListener),
) -> Said<RouteAction> {
    let mut found: Option<Said<RouteAction>> = None;
    let users: BTreeSet<usize> = port.users.iter().map(|(index, _)| *index).collect();
    for index in users.union(&port.left) {
        let member = &parts.members[*index];
        let spec = member.ingress.spec.as_ref();
        let Some(default) = spec.and_then(|spec| spec.default_backend.as_ref()) else { continue };
        let origin = Origin::field(&member.key, "/spec/defaultBackend");
        let action = backend::action(member, default, &origin, desk);
        let action = action.filter(|_| !port.left.contains(index));
        match (action.map(|action| Said::new(action, origin)), &found) {
            (None, None) => drop(desk.defaults.insert(port.number)),
            (None, Some(_)) => {}
            (Some(said), None) => found = Some(said),
            (Some(said), Some(_)) => open.default.others.push(said),
        }
    }
    found.unwrap_or_else(|| Said::default_value(RouteAction::not_found()))
}
