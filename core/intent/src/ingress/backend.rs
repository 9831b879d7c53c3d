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
    Desk, actions,
    call::{Call, Mistake, mistake},
    group::Member,
};
use crate::{codes, kept, model::RouteAction};

/// The Service port name that stands for an `actions.` annotation.
const USE_ANNOTATION: &str = "use-annotation";

/// What a backend does with a request; `None`: a Diagnostic tells why it does nothing. Its target
/// groups go onto the desk.
pub(super) fn action(
    member: &Member<'_>,
    backend: &IngressBackend,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Option<RouteAction> {
    match find(member, backend, origin, desk) {
        Ok(action) => Some(action),
        Err(diagnostic) => {
            let hold = || kept::hold("targets", diagnostic.code, &diagnostic.origin);
            desk.untold.get_or_insert_with(hold);
            desk.diagnostics.push(*diagnostic);
            None
        }
    }
}

fn find(
    member: &Member<'_>,
    backend: &IngressBackend,
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Result<RouteAction, Mistake> {
    let named = backend.service.as_ref().ok_or_else(|| {
        let message = "this backend is not a Service";
        mistake(codes::NOT_A_SERVICE, origin, message, "name one in backend.service")
    })?;
    let port = named.port.as_ref().and_then(port_ref).ok_or_else(|| {
        let message = "this backend names no Service port";
        mistake(codes::NO_PORT, origin, message, "give backend.service.port a name or a number")
    })?;
    if port == PortRef::Name(USE_ANNOTATION.into()) {
        return actions::annotated(member, &named.name, origin, desk);
    }
    Ok(match service(member, (&named.name, port), origin, desk)? {
        Found::Group(id) => RouteAction::to(id),
        Found::Missing(warning) => nobody(*warning, desk),
    })
}

/// The target group of a Service port.
pub(super) enum Found {
    /// It is on the desk, under this id.
    Group(String),
    /// There is no such Service, and that may be.
    Missing(Mistake),
}

/// Looks a Service of the member's namespace up. `origin` is who names it.
pub(super) fn service(
    member: &Member<'_>,
    (name, port): (&str, PortRef),
    origin: &Origin,
    desk: &mut Desk<'_, '_>,
) -> Result<Found, Mistake> {
    let key = ObjectKey::new(Kind::Service, &member.key.namespace, name);
    let Some(service) = desk.lens.by_key::<Service>(&key) else {
        let message = format!("there is no Service {}", key.short());
        if !desk.settings.switches.tolerate_missing_service {
            let help = "create it; until then this path is not served";
            return Err(mistake(codes::NO_SERVICE, origin, message, help));
        }
        let warning = Diagnostic::warning(codes::NO_SERVICE, origin.clone(), message);
        let warning = warning.help("create it; until then the answer is 503");
        return Ok(Found::Missing(Box::new(warning)));
    };
    let id = format!("{}-{name}:{port}", member.key.short());
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

/// What is answered while the only Service of a backend does not exist.
pub(super) fn nobody(warning: Diagnostic, desk: &mut Desk<'_, '_>) -> RouteAction {
    desk.diagnostics.push(warning);
    unavailable("Backend service does not exist")
}

/// 503, with why as its body.
pub(super) fn unavailable(why: &str) -> RouteAction {
    RouteAction::FixedResponse(FixedResponse::plain("503", Some(why)))
}

fn port_ref(port: &ServiceBackendPort) -> Option<PortRef> {
    match (&port.name, port.number) {
        (Some(name), _) if !name.is_empty() => Some(PortRef::Name(name.clone())),
        (_, Some(number)) => u16::try_from(number).ok().map(PortRef::Number),
        _ => None,
    }
}
