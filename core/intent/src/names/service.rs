//! What Services claim (dns.md 2.4). In: a Service. Out: its names, and the addresses or names that its type
//! gives them. What needs Nodes, Pods or EndpointSlices (NodePort, headless) is not served: it is told, and
//! what is kept for such a Service stays.

use inroad_words::{Diagnostic, ObjectKey, Origin, Unit, controller::Controller};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::{Annotations, Claims, list, records};
use crate::{codes, model::ClaimTarget};

/// What stands as cluster address of a headless Service.
const HEADLESS: &str = "None";

/// Which names a Service may have, each with the annotation that gives it.
const PUBLIC: &str = "hostname";
const INTERNAL: &str = "internal-hostname";

/// Everything that a Service claims, in any zone.
pub(super) fn claims(
    (key, service): (&ObjectKey, &Service),
    controller: &Controller,
    claims: &mut Claims<'_>,
) {
    let annotations = Annotations::of(key, &service.metadata, &controller.dns);
    let names = [PUBLIC, INTERNAL].map(|suffix| (suffix, names(&annotations, suffix)));
    if !annotations.is_for_us() || names.iter().all(|(_, names)| names.is_empty()) {
        return;
    }
    let said = annotations.target();
    let spec = service.spec.clone().unwrap_or_default();
    if let Some(kind) = unserved(&spec).filter(|_| said.is_none()) {
        return leave(key, kind, &names, claims);
    }
    for (suffix, names) in names {
        let found = match suffix {
            INTERNAL => internal(&spec),
            _ => public((key, service), &spec, controller),
        };
        let Some(target) = said.clone().or(found) else { continue };
        for (name, origin) in names {
            claims.add(name, origin, target.clone(), &annotations);
        }
    }
}

fn names(annotations: &Annotations<'_>, suffix: &str) -> Vec<(String, Origin)> {
    let Some(said) = annotations.get(suffix) else { return Vec::new() };
    list(&said.value).into_iter().map(|name| (name, said.origin.clone())).collect()
}

/// How a type that is not served is called.
fn unserved(spec: &ServiceSpec) -> Option<&'static str> {
    match spec.type_.as_deref() {
        Some("NodePort") => Some("NodePort"),
        Some("ClusterIP") | None if is_headless(spec) => Some("ClusterIP without an address"),
        _ => None,
    }
}

fn is_headless(spec: &ServiceSpec) -> bool {
    spec.cluster_ip.as_deref() == Some(HEADLESS)
}

/// Says that names stay as they are, where any of them is of the zone.
fn leave(
    key: &ObjectKey,
    kind: &str,
    names: &[(&str, Vec<(String, Origin)>)],
    claims: &mut Claims<'_>,
) {
    claims.unserved.insert(key.clone());
    let mut all = names.iter().flat_map(|(_, names)| names);
    if let Some((name, origin)) = all.find(|(name, _)| claims.admits(name)).cloned() {
        let message = format!("names of a Service of type {kind} are not served, so not {name}");
        claims.diagnostics.push(
            Diagnostic::warning(codes::UNSERVED_SERVICE, origin, message)
                .help("what there is for it stays; say where it leads with a target annotation"),
        );
    }
}

/// Where `internal-hostname` leads: to the one cluster address.
fn internal(spec: &ServiceSpec) -> Option<ClaimTarget> {
    let type_ = spec.type_.as_deref().unwrap_or("ClusterIP");
    let has_one = matches!(type_, "LoadBalancer" | "ClusterIP") && !is_headless(spec);
    let address = spec.cluster_ip.as_deref().filter(|it| has_one && !it.is_empty())?;
    Some(records([address]))
}

/// The load balancer of ours, which is known before the Service's status says it.
fn balancer(key: &ObjectKey, service: &Service, controller: &Controller) -> Option<Unit> {
    let ours = crate::service::balancer_of(key, service, &controller.services);
    ours.filter(|_| !controller.sources.balancers_are_elsewhere).map(Unit::Stack)
}

/// Where `hostname` leads; `None`: nowhere, and that is meant.
fn public(
    (key, service): (&ObjectKey, &Service),
    spec: &ServiceSpec,
    controller: &Controller,
) -> Option<ClaimTarget> {
    let external = spec.external_ips.iter().flatten().map(String::as_str);
    let has_external = spec.external_ips.as_ref().is_some_and(|it| !it.is_empty());
    match spec.type_.as_deref().unwrap_or("ClusterIP") {
        "LoadBalancer" | "ExternalName" if has_external => Some(records(external)),
        "LoadBalancer" => {
            if let Some(unit) = balancer(key, service, controller) {
                return Some(ClaimTarget::Balancer(unit));
            }
            let balancer = service.status.as_ref().and_then(|it| it.load_balancer.as_ref());
            let entries = balancer.and_then(|it| it.ingress.as_ref()).into_iter().flatten();
            Some(records(
                entries.flat_map(|it| it.ip.iter().chain(&it.hostname)).map(String::as_str),
            ))
        }
        "ExternalName" => Some(records(spec.external_name.as_deref())),
        "ClusterIP" if controller.sources.publish_internal_services => internal(spec),
        _ => None,
    }
}
