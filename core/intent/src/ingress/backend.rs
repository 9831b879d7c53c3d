//! Backends of paths and default backends: what a request meets. In: a backend of an Ingress. Out: an
//! action, with its target group on the desk.

use inroad_words::{
    Diagnostic, Kind, ObjectKey, Origin, Severity, balancer::FixedResponse, targets::PortRef,
};
use k8s_openapi::api::{
    core::v1::Service,
    networking::v1::{IngressBackend, ServiceBackendPort},
};

use super::{
    Desk,
    call::{Call, Mistake, mistake},
    group::Member,
};
use crate::{codes, kept, model::RouteAction};

/// The Service port name that stands for an `actions.` annotation.
const USE_ANNOTATION: &str = "use-annotation";

/// What a backend does with a request; `None`: a Diagnostic tells why it does nothing. Its target
/// group goes onto the desk.
pub(super) fn action(
    member: &Member<'_>,
    backend: &IngressBackend,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Option<RouteAction> {
    match find(member, backend, origin, desk) {
        Ok(Found::Group(id)) => Some(RouteAction::to(id)),
        Ok(Found::Missing(warning)) => {
            desk.diagnostics.push(warning);
            Some(RouteAction::FixedResponse(FixedResponse {
                content_type: Some("text/plain".into()),
                message_body: Some("Backend service does not exist".into()),
                status_code: "503".into(),
            }))
        }
        Err(diagnostic) => {
            let hold = || kept::hold("targets", diagnostic.code, &diagnostic.origin);
            desk.untold.get_or_insert_with(hold);
            desk.diagnostics.push(*diagnostic);
            None
        }
    }
}

enum Found {
    Group(String),
    Missing(Diagnostic),
}

fn find(
    member: &Member<'_>,
    backend: &IngressBackend,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Result<Found, Mistake> {
    let named = backend.service.as_ref().ok_or_else(|| {
        let message = "this backend is not a Service";
        mistake(codes::NOT_A_SERVICE, origin, message, "name one in backend.service")
    })?;
    let port = named.port.as_ref().and_then(port_ref).ok_or_else(|| {
        let message = "this backend names no Service port";
        mistake(codes::NO_PORT, origin, message, "give backend.service.port a name or a number")
    })?;
    if port == PortRef::Name(USE_ANNOTATION.into()) {
        let message = format!("actions.{} is not served yet", named.name);
        return Err(mistake(codes::NOT_SERVED, origin, message, "name a port of a Service"));
    }
    let key = ObjectKey::new(Kind::Service, &member.key.namespace, &named.name);
    let Some(service) = desk.lens.by_key::<Service>(&key) else {
        let message = format!("there is no Service {}", key.short());
        if !desk.settings.switches.tolerate_missing_service {
            let help = "create it; until then this path is not served";
            return Err(mistake(codes::NO_SERVICE, origin, message, help));
        }
        let warning = Diagnostic::warning(codes::NO_SERVICE, origin.clone(), message);
        return Ok(Found::Missing(warning.help("create it; until then the answer is 503")));
    };
    let id = format!("{}-{}:{port}", member.key.short(), named.name);
    if !desk.backends.contains_key(&id) {
        let call = Call { member, key, service, origin };
        let before = desk.diagnostics.len();
        let backend = call.backend(port, desk)?;
        let found = &desk.diagnostics[before..];
        if found.iter().any(|diagnostic| diagnostic.severity == Severity::Error) {
            desk.unsure.insert(id.clone());
        }
        desk.backends.insert(id.clone(), backend);
    }
    Ok(Found::Group(id))
}

fn port_ref(port: &ServiceBackendPort) -> Option<PortRef> {
    match (&port.name, port.number) {
        (Some(name), _) if !name.is_empty() => Some(PortRef::Name(name.clone())),
        (_, Some(number)) => u16::try_from(number).ok().map(PortRef::Number),
        _ => None,
    }
}
