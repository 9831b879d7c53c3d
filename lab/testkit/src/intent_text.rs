//! What units compile to, written down: one line a thing, origin last.

use std::{collections::BTreeMap, fmt::Write};

use inroad_intent::{
    Intent,
    model::{
        Backend, FoundationIntent, Goal, ListenerIntent, MemberCertificates, RouteAction, Source,
        StackIntent,
    },
};
use inroad_words::Said;
use serde_json::{Value, json};

use crate::Planned;

/// Compiled units, one line a thing. What is wrong with them stands with the diagnostics.
pub(crate) fn render<'a>(all: impl IntoIterator<Item = &'a Planned>) -> String {
    let mut text = String::new();
    for planned in all {
        text += &format!("{}\n", planned.unit);
        match &planned.compiled.intent {
            Intent::Stack(stack) => render_stack(&mut text, stack),
            Intent::Targets(targets) => {
                for (target, origin) in &targets.endpoints {
                    text += &format!("  {}:{}  {origin}\n", target.id, target.port);
                }
            }
            Intent::Foundation(foundation) => render_foundation(&mut text, foundation),
            Intent::Zone(zone) => zone.claims.iter().for_each(|claim| {
                let (name, to) = (&claim.name, short(&json!(claim.target)));
                text += &format!("  {name} leads to {to}  {}\n", claim.origin);
            }),
        }
    }
    text
}

fn render_foundation(text: &mut String, foundation: &FoundationIntent) {
    for (stack, object) in &foundation.needed_by {
        *text += &format!("  needed by {stack}  {object}\n");
    }
    for (source, openings) in &foundation.openings {
        let of = match source {
            Source::Shared => String::new(),
            Source::Stack(stack) => format!(" for {stack}"),
        };
        for (target, ports) in openings {
            *text += &format!("  open {target} {:?}{of}\n", ports.keys().collect::<Vec<_>>());
        }
    }
    if let Some(held) = &foundation.held {
        *text += &format!("  held: {}  {}\n", held.reason, held.origin);
    }
    for (name, origin) in &foundation.named {
        *text += &format!("  named {name}  {origin}\n");
    }
}

fn said<T: std::fmt::Debug>(name: &str, said: &Said<T>) -> String {
    format!("  {name} {:?}  {}\n", said.value, said.origin)
}

fn map(name: &str, map: &BTreeMap<String, Said<String>>) -> String {
    let line =
        |(key, v): (&String, &Said<String>)| format!("  {name} {key}={}  {}\n", v.value, v.origin);
    map.iter().map(line).collect()
}

fn render_stack(text: &mut String, stack: &StackIntent) {
    let members: Vec<String> = stack.members.iter().map(|key| key.short()).collect();
    *text += &format!("  members {}\n", members.join(" "));
    if let Some(held) = &stack.held {
        *text += &format!("  held: {}  {}\n", held.reason, held.origin);
    }
    if let Some(held) = &stack.undecided {
        *text += &format!("  not made: {}  {}\n", held.reason, held.origin);
    }
    if !stack.kept.is_empty() {
        let kept: Vec<String> = stack.kept.members.iter().map(|key| key.short()).collect();
        *text += &format!("  in error {}\n", kept.join(" "));
    }
    let Some(balancer) = &stack.balancer else { return };
    *text += &balancer.name.as_ref().map(|name| said("name", name)).unwrap_or_default();
    *text += &said("scheme", &balancer.scheme);
    *text += &said("addresses", &balancer.ip_address_type);
    *text += &said("subnets", &balancer.subnets);
    *text += &format!("  security {}\n", json!(balancer.security));
    *text += &map("attribute", &balancer.attributes);
    *text += &map("tag", &balancer.tags);
    for (port, listener) in &balancer.listeners {
        render_listener(text, *port, listener);
    }
    for (id, backend) in &stack.backends {
        render_backend(text, id, backend);
    }
}

fn render_listener(text: &mut String, port: u16, listener: &ListenerIntent) {
    let mut out = format!("listener {port} {:?}  {}\n", listener.protocol, listener.origin);
    out += &said("from", &listener.inbound_cidrs);
    out += &said("from lists", &listener.prefix_lists);
    for member in listener.certificates.iter().flatten() {
        let (what, all) = match member {
            MemberCertificates::Named(arns) => ("certificate", arns),
            MemberCertificates::Discover(hosts) => ("certificate for", hosts),
        };
        out += &all.iter().map(|it| said(what, it)).collect::<String>();
    }
    out += &listener.ssl_policy.as_ref().map(|policy| said("tls", policy)).unwrap_or_default();
    out += &listener.clients.said().map(|mutual| said("clients", mutual)).unwrap_or_default();
    out += &map("attribute", &listener.attributes);
    out += &map("tag", &listener.tags);
    for route in &listener.routes {
        let when: Vec<String> = route.conditions.iter().map(|c| short(&json!(c))).collect();
        let rewrites = route.transforms.iter().map(|it| format!(" {}", short(&json!(it))));
        let then = act(&route.action) + &rewrites.collect::<String>();
        let _ = writeln!(out, "  {} -> {then}  {}", when.join(" & "), route.origin);
    }
    let _ = writeln!(out, "  else {}  {}", act(&listener.default.value), listener.default.origin);
    *text += &out.lines().map(|line| format!("  {line}\n")).collect::<String>();
}

fn act(action: &RouteAction) -> String {
    match action {
        RouteAction::Forward { targets, stickiness: None } => {
            let words: Vec<String> = targets.iter().map(goal).collect();
            words.join(" ")
        }
        other => short(&json!(other)),
    }
}

fn goal((goal, weight): &(Goal, Option<u32>)) -> String {
    let to = match goal {
        Goal::Backend(id) => id.clone(),
        Goal::Arn(arn) => arn.clone(),
        Goal::Name(name) => format!("target group {name}"),
    };
    weight.map_or(to.clone(), |weight| format!("{to} ({weight})"))
}

fn render_backend(text: &mut String, id: &str, backend: &Backend) {
    let kind = format!("{:?} {:?}", backend.target_type.value, backend.family);
    let origin = &backend.origin;
    let mut out = format!(
        "backend {id}  {kind} port {} reaching {} uid {:?}  {origin}\n",
        backend.port, backend.target_port, backend.service_uid
    );
    let fields = json!(backend.protocol);
    for (field, value) in fields.as_object().into_iter().flatten() {
        // What nobody said is the same everywhere; the first case shows it once.
        let by_default = value["origin"] == "default";
        if !by_default || id.ends_with(":show-all") {
            let _ = writeln!(out, "  {field} {}", short(&value["value"]));
        }
    }
    if let Some(said) = &backend.control_port {
        let _ = writeln!(out, "  control port {}  {}", said.value, said.origin);
    }
    if backend.multi_cluster.value {
        let _ = writeln!(out, "  shared with other clusters  {}", backend.multi_cluster.origin);
    }
    out += &map("attribute", &backend.attributes);
    out += &map("node label", &backend.node_labels);
    out += &map("tag", &backend.tags);
    *text += &out.lines().map(|line| format!("  {line}\n")).collect::<String>();
}

/// JSON without quotes, nulls and empty lists, for reading.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => {
            let shown = map.iter().filter(|(_, v)| !v.is_null() && **v != json!([]));
            let parts: Vec<String> = shown.map(|(k, v)| format!("{k}={}", short(v))).collect();
            parts.join(" ")
        }
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join("|"),
        other => other.to_string(),
    }
}
