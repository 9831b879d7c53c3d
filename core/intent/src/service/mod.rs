//! Services of type LoadBalancer to stacks: a Network Load Balancer each (load-balancers.md 2). In: a Service.
//! Out: a [`StackIntent`]. What is served is thin: TCP ports. A Service that asks for more is left alone as a
//! whole, coming, staying and going: whoever serves it goes on.

mod asked;
mod refused;

use std::collections::BTreeSet;

use inroad_words::{
    Diagnostic, Kind, ObjectKey, Origin, Severity, StackKey, Unit,
    controller::{Controller, ServiceSettings},
};
use inroad_world::Lens;
use k8s_openapi::api::core::v1::Service;

use self::asked::Asked;
use crate::{codes, kept, model::StackIntent, settings::SERVICE_PREFIX};

/// The tag that says which stack of a Service a resource belongs to (ALBC).
const STACK_TAG: &str = "service.k8s.aws/stack";
/// The annotation that selects a Service of no class.
const TYPE: &str = "aws-load-balancer-type";
const TARGET_TYPE: &str = "aws-load-balancer-nlb-target-type";

/// How a Service stands to stacks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// Not ours.
    Foreign,
    /// It asks for a load balancer of ours.
    Member,
    /// It did, and does not any more.
    Leaving,
}

/// Every stack that a Service of the world asks for, or asked for before it left.
pub(crate) fn stacks(lens: &Lens<'_>, settings: &ServiceSettings) -> BTreeSet<StackKey> {
    if !settings.served {
        return BTreeSet::new();
    }
    let all = lens.all::<Service>();
    let ours = all.filter(|(key, it)| standing(key, it, settings) != Standing::Foreign);
    ours.map(|(key, _)| own(key)).collect()
}

/// Compiles one stack.
pub(crate) fn stack(
    lens: &Lens<'_>,
    key: &StackKey,
    controller: &Controller,
    diagnostics: &mut Vec<Diagnostic>,
) -> StackIntent {
    let mut intent = StackIntent::nothing(key.clone());
    let StackKey::Service { namespace, name } = key else { return intent };
    let object = ObjectKey::new(Kind::Service, namespace, name);
    let settings = &controller.services;
    let service = lens.by_key::<Service>(&object).filter(|_| settings.served);
    let found = service.map(|service| (service, standing(&object, service, settings)));
    let Some((service, standing)) = found.filter(|(_, it)| *it != Standing::Foreign) else {
        hold(&mut intent, vec![orphan(key)], diagnostics);
        return intent;
    };
    intent.uid = service.metadata.uid.clone().unwrap_or_default();
    let mut wrong = refused::why(&object, service, settings);
    if !wrong.is_empty() {
        intent.torn.extend(holds(&object, service).then_some(object));
    } else if standing == Standing::Member {
        Asked::new(&object, service, &controller.balancers, &mut wrong).fill(&mut intent);
        intent.members.push(object);
    } else if let Some(why) = refused::protected(&object, service) {
        wrong.push(why);
        intent.torn.insert(object);
    } else {
        intent.leaving.insert(object);
    }
    hold(&mut intent, wrong, diagnostics);
    intent
}

/// Whatever is wrong with a Service is a reason to leave its load balancer as it is.
fn hold(intent: &mut StackIntent, wrong: Vec<Diagnostic>, diagnostics: &mut Vec<Diagnostic>) {
    let orphaned = |it: &&Diagnostic| it.code == codes::ORPHAN;
    let cause = wrong.iter().find(|it| it.severity == Severity::Error || orphaned(it));
    let subject = Unit::Stack(intent.key.clone()).to_string();
    intent.held = cause.map(|it| kept::hold(&subject, it.code, &it.origin));
    diagnostics.extend(wrong);
}

/// The stack whose load balancer serves a Service; `None`: none of ours.
pub(crate) fn balancer_of(
    key: &ObjectKey,
    service: &Service,
    settings: &ServiceSettings,
) -> Option<StackKey> {
    let ours = settings.served && standing(key, service, settings) == Standing::Member;
    (ours && refused::why(key, service, settings).is_empty()).then(|| own(key))
}

/// Whether a deleted Service takes its names with it: as long as its load balancer is left as it is, they
/// lead there.
pub(crate) fn takes_names(key: &ObjectKey, service: &Service, settings: &ServiceSettings) -> bool {
    let leaves = settings.served && standing(key, service, settings) == Standing::Leaving;
    let stays = || !refused::why(key, service, settings).is_empty();
    is_deleted(service) && leaves && !stays() && refused::protected(key, service).is_none()
}

fn standing(key: &ObjectKey, service: &Service, settings: &ServiceSettings) -> Standing {
    if !is_deleted(service) && is_ours(service, settings) {
        Standing::Member
    } else if holds(key, service) {
        Standing::Leaving
    } else {
        Standing::Foreign
    }
}

/// The class decides; of those without one, the old annotations.
fn is_ours(service: &Service, settings: &ServiceSettings) -> bool {
    let Some(spec) = &service.spec else { return false };
    let is_balancer = spec.type_.as_deref() == Some("LoadBalancer");
    if settings.load_balancers_only && !is_balancer {
        return false;
    }
    if let Some(class) = &spec.load_balancer_class {
        return *class == settings.class;
    }
    let said = |suffix: &str| {
        let annotations = service.metadata.annotations.as_ref()?;
        annotations.get(&format!("{SERVICE_PREFIX}{suffix}")).map(String::as_str)
    };
    match said(TYPE) {
        Some("nlb-ip") => true,
        Some("external") => matches!(said(TARGET_TYPE), Some("ip" | "instance")),
        _ => false,
    }
}

fn own(key: &ObjectKey) -> StackKey {
    StackKey::Service { namespace: key.namespace.clone(), name: key.name.clone() }
}

fn is_deleted(service: &Service) -> bool {
    service.metadata.deletion_timestamp.is_some()
}

fn holds(key: &ObjectKey, service: &Service) -> bool {
    let finalizer = own(key).finalizer();
    service.metadata.finalizers.iter().flatten().any(|name| *name == finalizer)
}

/// What stands in AWS and whose Service is not to be found: it may serve somebody.
fn orphan(stack: &StackKey) -> Diagnostic {
    let origin = Origin::Stack(stack.clone());
    let message = format!("no Service asks for stack {stack}, and none has left it");
    Diagnostic::warning(codes::ORPHAN, origin, message).help(format!(
        "if nobody needs it, delete the load balancer, then the target groups and security groups, \
         that carry the tag {STACK_TAG}={stack}; else bring its Service back"
    ))
}

#[cfg(test)]
mod tests;
