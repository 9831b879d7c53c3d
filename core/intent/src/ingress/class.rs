//! Whether an Ingress is ours, by its class (load-balancers.md 4.1). In: the Ingress. Out: its
//! class, or why it cannot be used.

use std::collections::BTreeMap;

use inroad_words::{Diagnostic, Kind, ObjectKey, Origin, controller::BalancerSettings};
use inroad_world::{Lens, crd::IngressClassParams};
use k8s_openapi::{
    api::{
        core::v1::Namespace,
        networking::v1::{Ingress, IngressClass},
    },
    apimachinery::pkg::apis::meta::v1::{LabelSelector, LabelSelectorRequirement},
};

use crate::codes;

/// The annotation that named classes before `spec.ingressClassName` did.
const LEGACY: &str = "kubernetes.io/ingress.class";
/// Marks the class of Ingresses that name none (Kubernetes' well-known annotations).
const DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
/// `spec.controller` of classes that ALBC serves.
const CONTROLLER: &str = "ingress.k8s.aws/alb";

/// How an Ingress stands to us.
pub(crate) enum Class<'w> {
    /// Another controller's, or nobody's.
    Foreign,
    /// Ours, with what its class says for all of its Ingresses.
    Ours(Option<(ObjectKey, &'w IngressClassParams)>),
    /// It cannot be told, or it is ours and must not be served.
    Unusable(Box<Diagnostic>),
}

/// The class of an Ingress.
pub(crate) fn of<'w>(
    lens: &Lens<'w>,
    key: &ObjectKey,
    ingress: &Ingress,
    settings: &BalancerSettings,
) -> Class<'w> {
    let legacy = ingress.metadata.annotations.as_ref().and_then(|map| map.get(LEGACY));
    if let Some(name) = legacy {
        let ours = match settings.ingress_class.as_deref() {
            Some(class) => name == class,
            None => name.is_empty() || name == "alb",
        };
        return if ours { Class::Ours(None) } else { Class::Foreign };
    }
    let field = Origin::field(key, "/spec/ingressClassName");
    match ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref()) {
        Some(name) => named(lens, key, name, &field),
        None => match default_class(lens) {
            Ok(Some(name)) => named(lens, key, &name, &field),
            Ok(None) if settings.ingress_class.is_none() => Class::Ours(None),
            Ok(None) => Class::Foreign,
            Err(message) => unusable(&field, message, "name one in spec.ingressClassName"),
        },
    }
}

fn default_class(lens: &Lens<'_>) -> Result<Option<String>, String> {
    let is_default = |class: &IngressClass| {
        let annotations = class.metadata.annotations.as_ref();
        annotations.and_then(|map| map.get(DEFAULT)).is_some_and(|value| value == "true")
    };
    let mut classes = lens.all::<IngressClass>().filter(|(_, class)| is_default(class));
    match (classes.next(), classes.next()) {
        (Some((one, _)), Some((other, _))) => {
            Err(format!("both IngressClasses {} and {} are the default", one.name, other.name))
        }
        (one, _) => Ok(one.map(|(key, _)| key.name.clone())),
    }
}

fn named<'w>(lens: &Lens<'w>, ingress: &ObjectKey, name: &str, field: &Origin) -> Class<'w> {
    let Some(class) = lens.get::<IngressClass>("", name) else {
        let message = format!("there is no IngressClass {name}");
        return unusable(field, message, "create it, or name another in spec.ingressClassName");
    };
    let spec = class.spec.as_ref();
    if spec.and_then(|spec| spec.controller.as_deref()) != Some(CONTROLLER) {
        return Class::Foreign;
    }
    let Some(reference) = spec.and_then(|spec| spec.parameters.as_ref()) else {
        return Class::Ours(None);
    };
    let origin = Origin::field(&ObjectKey::new(Kind::IngressClass, "", name), "/spec/parameters");
    if reference.api_group.as_deref() != Some("elbv2.k8s.aws")
        || reference.kind != "IngressClassParams"
    {
        let message = format!("the parameters of IngressClass {name} are not IngressClassParams");
        return unusable(&origin, message, "use apiGroup elbv2.k8s.aws, kind IngressClassParams");
    }
    let key = ObjectKey::new(Kind::IngressClassParams, "", &reference.name);
    match lens.by_key::<IngressClassParams>(&key) {
        None => {
            let message = format!("there are no IngressClassParams {}", reference.name);
            unusable(&origin, message, "create them, or take spec.parameters away")
        }
        Some(params) if admits(lens, params, &ingress.namespace) => {
            Class::Ours(Some((key, params)))
        }
        Some(_) => {
            let message = format!("IngressClass {name} is not for namespace {}", ingress.namespace);
            unusable(field, message, "see namespaceSelector of its IngressClassParams")
        }
    }
}

fn unusable<'w>(origin: &Origin, message: String, help: &str) -> Class<'w> {
    let diagnostic = Diagnostic::error(codes::BAD_CLASS, origin.clone(), message).help(help);
    Class::Unusable(Box::new(diagnostic))
}

fn admits(lens: &Lens<'_>, params: &IngressClassParams, namespace: &str) -> bool {
    let Some(selector) = &params.spec.namespace_selector else { return true };
    let object = lens.get::<Namespace>("", namespace);
    let mut labels = object.and_then(|ns| ns.metadata.labels.clone()).unwrap_or_default();
    // Every API server sets this label, a folder may lack the object.
    labels.insert("kubernetes.io/metadata.name".into(), namespace.into());
    selects(selector, &labels)
}

/// Whether a selector selects an object with these labels (Kubernetes API, LabelSelector).
fn selects(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
    let meets = |requirement: &LabelSelectorRequirement| {
        let value = labels.get(&requirement.key);
        let listed = value.is_some_and(|v| requirement.values.iter().flatten().any(|w| w == v));
        match requirement.operator.as_str() {
            "In" => listed,
            "NotIn" => !listed,
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    };
    selector.match_labels.iter().flatten().all(has)
        && selector.match_expressions.iter().flatten().all(meets)
}
