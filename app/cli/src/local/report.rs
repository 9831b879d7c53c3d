//! The result of a settling: what stands, and what to type to see it work.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::SocketAddr,
};

use inroad_emulator::{Account, Emulator, elbv2::State};
use inroad_engine::{Memory, Planned};
use inroad_status::{Balancer, Group};
use inroad_traffic::{Endpoint, ListenerEndpoint};
use inroad_words::{
    Unit,
    balancer::{Action, Condition, ListenerProtocol, Rule},
};

/// Most lines that are proposed; the rest is more of the same.
const TRIES: usize = 8;

/// Load balancers with everything under them, then the records: of all units, or of those that had
/// steps.
pub(super) fn text(
    memory: &Memory,
    emulator: &Emulator,
    endpoints: &[Endpoint],
    only: Option<&BTreeSet<Unit>>,
) -> String {
    let account = emulator.account();
    let mut text = String::new();
    let shown = memory.planned.iter().filter(|(unit, _)| only.is_none_or(|it| shows(it, unit)));
    for (unit, planned) in shown {
        match unit {
            Unit::Stack(_) => {
                if let Some(endpoint) = endpoint(planned, endpoints) {
                    let seen = seen(planned, &account, endpoint);
                    text += &inroad_status::balancer(&planned.shaped.desired, &planned.plan, &seen);
                }
            }
            Unit::Zone(zone) => {
                let records = inroad_status::records(&planned.shaped.desired);
                if !records.is_empty() {
                    text += &format!("zone {}\n{records}", zone.name);
                }
            }
            _ => {}
        }
    }
    text
}

/// A stack is worth showing when its targets have changed, too.
fn shows(changed: &BTreeSet<Unit>, unit: &Unit) -> bool {
    let targets = |it: &Unit| matches!((it, unit), (Unit::Targets(key), Unit::Stack(stack)) if key.stack == *stack);
    changed.contains(unit) || changed.iter().any(targets)
}

/// The load balancer of a stack, where it is served. Names are unique in an account.
fn endpoint<'e>(planned: &Planned, endpoints: &'e [Endpoint]) -> Option<&'e Endpoint> {
    let desired = planned.shaped.desired.load_balancers.values().next()?;
    endpoints.iter().find(|endpoint| endpoint.name == desired.spec.name)
}

fn seen(planned: &Planned, account: &Account, endpoint: &Endpoint) -> Balancer {
    let mut groups = BTreeMap::new();
    for (id, resource) in &planned.shaped.desired.target_groups {
        let all = account.elbv2.target_groups.values();
        let Some(group) = all.into_iter().find(|group| group.name == resource.spec.name) else {
            continue;
        };
        let targets = account.elbv2.targets_of(&group.arn);
        let targets = targets.iter().filter(|target| target.draining_until.is_none());
        let healthy = targets.clone().filter(|t| t.health.state == State::Healthy).count();
        groups.insert(id.clone(), Group { healthy, registered: targets.count() });
    }
    let listens: Vec<String> = endpoint.listeners.iter().map(place).collect();
    Balancer { dns_name: endpoint.dns_name.clone(), address: listens.join(" "), groups }
}

fn place(listener: &ListenerEndpoint) -> String {
    match &listener.error {
        None => listener.listen.to_string(),
        Some(error) => format!("port {} is not served: {error}", listener.port),
    }
}

/// `curl` lines that lead to a backend each, and a `dig` line.
pub(super) fn tries(
    memory: &Memory,
    account: &Account,
    endpoints: &[Endpoint],
    dns: SocketAddr,
    only: Option<&BTreeSet<Unit>>,
) -> Vec<String> {
    let mut curls = Vec::new();
    let mut hosts = Vec::new();
    let shown = memory.planned.iter().filter(|(unit, _)| only.is_none_or(|it| shows(it, unit)));
    for (_, planned) in shown {
        let Some(endpoint) = endpoint(planned, endpoints) else { continue };
        for ((port, priority), rule) in &planned.shaped.desired.rules {
            if !stands(account, endpoint, (*port, *priority)) {
                continue;
            }
            let listener = endpoint.listeners.iter().find(|l| l.port == *port && l.error.is_none());
            let Some(listener) = listener.filter(|_| forwards(&rule.spec)) else { continue };
            let protocol = planned.shaped.desired.listeners.get(port).map(|l| l.spec.protocol);
            let secure = protocol == Some(ListenerProtocol::Https);
            let host = concrete(&rule.spec, |c| matches!(c, Condition::HostHeader(_)));
            hosts.extend(host.clone());
            let path = concrete(&rule.spec, |c| matches!(c, Condition::PathPattern(_)));
            curls.push(curl(secure, host.as_deref(), path.as_deref(), listener));
        }
        let connections = planned.shaped.desired.listeners.iter();
        let connections = connections.filter(|(_, it)| it.spec.protocol == ListenerProtocol::Tcp);
        for (port, _) in connections {
            let listeners = endpoint.listeners.iter();
            let mut served = listeners.filter(|it| it.port == *port && it.error.is_none());
            curls.extend(served.next().map(|listener| curl(false, None, None, listener)));
        }
    }
    curls.dedup();
    curls.truncate(TRIES);
    if let Some(host) = hosts.first() {
        curls.push(format!("dig +short @{} -p {} {host}", dns.ip(), dns.port()));
    }
    curls
}

/// Whether AWS took the rule: a line that leads nowhere is no proposal.
fn stands(account: &Account, endpoint: &Endpoint, (port, priority): (u16, u32)) -> bool {
    let listeners = account.elbv2.listeners_of(&endpoint.load_balancer_arn).into_iter();
    listeners.filter(|listener| listener.port == port).any(|listener| {
        let mut rules = account.elbv2.rules.values();
        rules.any(|rule| rule.listener_arn == listener.arn && rule.priority == Some(priority))
    })
}

fn forwards(rule: &Rule) -> bool {
    rule.actions.iter().any(|action| matches!(action, Action::Forward { .. }))
}

/// A value that the condition takes, with wildcards filled in; `None`: anything goes.
fn concrete(rule: &Rule, kind: impl Fn(&Condition) -> bool) -> Option<String> {
    let condition = rule.conditions.iter().find(|condition| kind(condition))?;
    let (Condition::HostHeader(patterns) | Condition::PathPattern(patterns)) = condition else {
        return None;
    };
    let value = patterns.values.first()?;
    Some(value.replace('*', if value.starts_with('/') { "" } else { "any" }).replace('?', "x"))
}

/// One line that works whatever this machine's resolver says, and wherever the listener really is.
fn curl(
    secure: bool,
    host: Option<&str>,
    path: Option<&str>,
    listener: &ListenerEndpoint,
) -> String {
    let scheme = if secure { "https" } else { "http" };
    let insecure = if secure { " -k" } else { "" };
    let default = if secure { 443 } else { 80 };
    let path = path.unwrap_or("/");
    let Some(host) = host else {
        let url = format!("{scheme}://{}{path}", listener.listen);
        return format!("curl -s{insecure} {}", quoted(&url));
    };
    let port = listener.port;
    let written = if port == default { String::new() } else { format!(":{port}") };
    let lead = if listener.listen.port() == port {
        format!("--resolve {host}:{port}:{}", listener.listen.ip())
    } else {
        format!("--connect-to {host}:{port}:{}", listener.listen)
    };
    format!("curl -s{insecure} {lead} {}", quoted(&format!("{scheme}://{host}{written}{path}")))
}

/// A URL as one word for a POSIX shell; curl's own brackets and braces are taken as they are.
fn quoted(url: &str) -> String {
    let plain = if url.contains(['[', ']', '{', '}']) { "-g " } else { "" };
    format!("{plain}'{}'", url.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curl_line_leads_where_the_listener_really_is() {
        let listener = |port, listen: &str| ListenerEndpoint {
            port,
            protocol: "HTTP".into(),
            listen: listen.parse().expect("an address"),
            error: None,
        };
        for (secure, host, listener, line) in [
            (
                false,
                Some("a.example.com"),
                listener(80, "127.65.0.1:80"),
                "curl -s --resolve a.example.com:80:127.65.0.1 'http://a.example.com/x'",
            ),
            (
                true,
                Some("a.example.com"),
                listener(8443, "127.0.0.1:40001"),
                "curl -s -k --connect-to a.example.com:8443:127.0.0.1:40001 'https://a.example.com:8443/x'",
            ),
            (false, None, listener(80, "127.0.0.1:40000"), "curl -s 'http://127.0.0.1:40000/x'"),
        ] {
            assert_eq!(curl(secure, host, Some("/x"), &listener), line);
        }
    }
}
