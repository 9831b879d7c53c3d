//! Why a Service is left alone: what it asks for and is not served. In: a Service. Out: Diagnostics, each at the
//! annotation, port or field that asks; none: it is served.

use inroad_words::{
    Diagnostic, ObjectKey, Origin, balancer::DELETION_PROTECTION, controller::ServiceSettings,
};
use k8s_openapi::api::core::v1::{Service, ServiceSpec};

use super::is_deleted;
use crate::{
    codes,
    settings::{LOAD_BALANCER_ATTRIBUTES, Layer, look, unserved},
};

/// The protocol of ports that are served.
const TCP: &str = "TCP";

/// Everything that it asks for in vain.
pub(super) fn why(
    key: &ObjectKey,
    service: &Service,
    settings: &ServiceSettings,
) -> Vec<Diagnostic> {
    let annotations = service.metadata.annotations.as_ref();
    let mut wrong = annotations.map(|it| unserved(key, it)).unwrap_or_default();
    if let Some(spec) = &service.spec {
        wrong.extend(ports(key, spec));
        wrong.extend(local(key, spec));
    }
    if !settings.security_groups {
        let origin = Origin::Flag("feature-gates".into());
        let message =
            "NLBSecurityGroup=false (load balancers without security groups) is not served";
        wrong.push(Diagnostic::error(codes::UNSERVED, origin, message));
    }
    let help = "the Service and what it has in AWS are left alone: another controller may serve it";
    wrong.into_iter().map(|diagnostic| diagnostic.help(help)).collect()
}

fn ports(key: &ObjectKey, spec: &ServiceSpec) -> Vec<Diagnostic> {
    let ports = spec.ports.iter().flatten().enumerate();
    let strange = ports.filter_map(|(nth, port)| {
        let protocol = port.protocol.as_deref().unwrap_or(TCP);
        (protocol != TCP).then(|| {
            let origin = Origin::field(key, format!("/spec/ports/{nth}/protocol"));
            let message = format!("port {} speaks {protocol}; only TCP is served", port.port);
            Diagnostic::error(codes::UNSERVED, origin, message)
        })
    });
    strange.collect()
}

/// Health checks at a port of kube-proxy's own.
fn local(key: &ObjectKey, spec: &ServiceSpec) -> Option<Diagnostic> {
    let is_local = spec.external_traffic_policy.as_deref() == Some("Local");
    is_local.then(|| {
        let origin = Origin::field(key, "/spec/externalTrafficPolicy");
        Diagnostic::error(codes::UNSERVED, origin, "externalTrafficPolicy Local is not served")
    })
}

/// A Service that protects its load balancer by its own annotation, and leaves it all the same.
pub(super) fn protected(key: &ObjectKey, service: &Service) -> Option<Diagnostic> {
    let layer = Layer::Service(key, service.metadata.annotations.as_ref());
    let attributes = look(&LOAD_BALANCER_ATTRIBUTES, &[layer], &mut Vec::new()).ok()??;
    (attributes.value.get(DELETION_PROTECTION).map(String::as_str) == Some("true")).then(|| {
        let does = if is_deleted(service) { "is deleted" } else { "leaves its load balancer" };
        let message = format!("{} {does} while {DELETION_PROTECTION} is true", key.short());
        Diagnostic::error(codes::PROTECTED, attributes.origin, message)
            .help("set it to false first; until then the load balancer stays as it is")
    })
}
