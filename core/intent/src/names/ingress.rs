//! What Ingresses claim (dns.md 2.6). In: an Ingress. Out: its names, and where they lead: to the load
//! balancer of its stack, which is known before its status is; with a class of somebody else's, where its
//! status says.

use std::collections::BTreeSet;

use inroad_words::{Diagnostic, ObjectKey, Origin, Unit, controller::Controller};
use inroad_world::Lens;
use k8s_openapi::api::networking::v1::Ingress;

use super::{Annotations, Claims, ascii_name, list, records, trimmed};
use crate::{codes, ingress::group, model::ClaimTarget};

/// Everything that an Ingress claims, in any zone.
pub(super) fn claims(
    lens: &Lens<'_>,
    (key, ingress): (&ObjectKey, &Ingress),
    controller: &Controller,
    claims: &mut Claims<'_>,
) {
    let annotations = Annotations::of(key, &ingress.metadata, &controller.dns);
    if !annotations.is_for_us() {
        return;
    }
    let said = annotations.target().or_else(|| target(lens, key, ingress, controller));
    let Some(target) = said else { return };
    for (name, origin) in hosts(key, ingress, &annotations, &mut claims.diagnostics) {
        claims.add(name, origin, target.clone(), &annotations);
    }
}

/// Where an Ingress leads of itself; `None`: nobody serves it. One of our class has a load balancer, or
/// will have.
fn target(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    controller: &Controller,
) -> Option<ClaimTarget> {
    let stack = group::balancer_of(lens, key, ingress, &controller.balancers);
    let is_ours = stack.is_some();
    if let Some(stack) = stack.filter(|_| !controller.sources.balancers_are_elsewhere) {
        return Some(ClaimTarget::Balancer(Unit::Stack(stack)));
    }
    let balancer = ingress.status.as_ref().and_then(|status| status.load_balancer.as_ref());
    let entries = balancer.and_then(|it| it.ingress.as_ref()).into_iter().flatten();
    let said: Vec<&str> =
        entries.flat_map(|it| it.ip.iter().chain(&it.hostname)).map(String::as_str).collect();
    (is_ours || !said.is_empty()).then(|| records(said))
}

/// The names of an Ingress, each once, with the first field that says it: rules, tls, annotation.
fn hosts(
    key: &ObjectKey,
    ingress: &Ingress,
    annotations: &Annotations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Vec<(String, Origin)> {
    let source = annotations.get("ingress-hostname-source");
    let (defined, annotated) = match source.as_ref().map(|said| said.value.to_lowercase()) {
        None => (true, true),
        Some(source) if source == "annotation-only" => (false, true),
        Some(source) if source == "defined-hosts-only" => (true, false),
        Some(source) => {
            let origin = source_origin(annotations, key);
            let message = format!("{source:?} is no source of host names");
            diagnostics.push(
                Diagnostic::error(codes::BAD_HOSTNAME_SOURCE, origin, message)
                    .help("say annotation-only or defined-hosts-only; until then no name is kept"),
            );
            (false, false)
        }
    };
    let mut all = if defined { defined_hosts(key, ingress) } else { Vec::new() };
    if let Some(said) = annotations.get("hostname").filter(|_| annotated) {
        all.extend(list(&said.value).into_iter().map(|name| (name, said.origin.clone())));
    }
    let mut seen = BTreeSet::new();
    all.retain(|(name, _)| !name.is_empty() && seen.insert(ascii_name(name)));
    all
}

fn source_origin(annotations: &Annotations<'_>, key: &ObjectKey) -> Origin {
    let said = annotations.get("ingress-hostname-source");
    said.map_or_else(|| Origin::field(key, ""), |said| said.origin)
}

fn defined_hosts(key: &ObjectKey, ingress: &Ingress) -> Vec<(String, Origin)> {
    let Some(spec) = &ingress.spec else { return Vec::new() };
    let mut all = Vec::new();
    for (number, rule) in spec.rules.iter().flatten().enumerate() {
        let origin = Origin::field(key, format!("/spec/rules/{number}/host"));
        all.extend(rule.host.iter().map(|host| (trimmed(host), origin.clone())));
    }
    for (number, tls) in spec.tls.iter().flatten().enumerate() {
        for (place, host) in tls.hosts.iter().flatten().enumerate() {
            let origin = Origin::field(key, format!("/spec/tls/{number}/hosts/{place}"));
            all.push((trimmed(host), origin));
        }
    }
    all
}
