//! One table for everything that may be said about a load balancer, in the dialects of Ingresses and of
//! Services of their own. In: layers of text (class params, Service, Ingress). Out: a value with its origin, or a [`Diagnostic`]. A front end says
//! where text may sit and in what order; parsing, defaults and documentation are here alone.

mod action;
mod balancer;
pub(crate) mod grammar;
pub(crate) mod json;
mod listener;
mod mutual;
mod rule;
mod service;
mod target_group;

use std::collections::BTreeMap;

use inroad_words::{Diagnostic, ObjectKey, Origin, Said, controller::BalancerSettings};
use inroad_world::crd::IngressClassParamsSpec;

pub use self::service::{OF_SERVICES, SERVICE_PREFIX, UNSERVED};
pub(crate) use self::{
    action::*, balancer::*, listener::*, mutual::*, rule::*, service::*, target_group::*,
};
use crate::codes;

/// The prefix of ALBC's Ingress annotations; Services carry the same.
pub const PREFIX: &str = "alb.ingress.kubernetes.io/";

/// What a setting is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Which stack an Ingress belongs to.
    Group,
    /// The load balancer.
    Balancer,
    /// A listener.
    Listener,
    /// A target group.
    TargetGroup,
    /// A rule.
    Rule,
}

/// What happens where several objects say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merge {
    /// Members must agree; the first one wins, later ones get a Diagnostic.
    Exclusive,
    /// The same among the members that use a port.
    ExclusivePerPort,
    /// Keys are united; the first to say a key wins.
    Union,
    /// Lists follow each other in group order.
    Append,
    /// Each member speaks for itself.
    PerMember,
    /// The Service speaks before the Ingress.
    MostSpecific,
    /// It is so where the Service or the Ingress says so.
    Either,
}

/// A setting's entry in the table, without its type.
#[derive(Debug, Clone, Copy)]
pub struct Row {
    /// Stable name.
    pub id: &'static str,
    /// Annotation suffix on Ingresses and, for target groups, their Services. One that ends in a
    /// dot is followed by a name.
    pub ingress: &'static str,
    /// Suffix after `service.beta.kubernetes.io/`, where NLBs know the same. What holds there, and how
    /// it is read, may be another thing: see [`OF_SERVICES`].
    pub service: Option<&'static str>,
    /// CRD and field, where Gateway API knows the same.
    pub gateway: Option<&'static str>,
    /// Field of IngressClassParams' `spec`, which beats the annotations.
    pub params: Option<&'static str>,
    /// What it is about.
    pub scope: Scope,
    /// What happens where several objects say something.
    pub merge: Merge,
    /// One line for the documentation.
    pub doc: &'static str,
}

/// What holds where nobody says anything.
#[derive(Debug, Clone, Copy)]
pub enum Fallback {
    /// Nothing, or something that depends on other settings.
    Nothing,
    /// This text.
    Text(&'static str),
    /// A flag of inroad, by name.
    Flag(&'static str, fn(&BalancerSettings) -> String),
}

/// A setting: its entry and how its text becomes a value.
pub struct Setting<T: 'static> {
    /// The entry.
    pub row: Row,
    /// Text to value; the error says what was expected.
    pub parse: fn(&str) -> Result<T, String>,
    /// What holds where nobody says anything.
    pub fallback: Fallback,
    /// What class params say.
    pub params: fn(&IngressClassParamsSpec) -> Option<Result<T, String>>,
}

/// For settings that class params do not know.
pub(crate) fn no_params<T>(_: &IngressClassParamsSpec) -> Option<Result<T, String>> {
    None
}

/// A place where settings may stand.
#[derive(Debug, Clone, Copy)]
pub enum Layer<'a> {
    /// Class params.
    Params(&'a ObjectKey, &'a IngressClassParamsSpec),
    /// The annotations of an Ingress, or of a Service behind one.
    Annotations(&'a ObjectKey, Option<&'a BTreeMap<String, String>>),
    /// The annotations of a Service that asks for a load balancer of its own.
    Service(&'a ObjectKey, Option<&'a BTreeMap<String, String>>),
}

/// Said, but not readable; a Diagnostic tells so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub(crate) Origin);

impl<T> Setting<T> {
    /// What holds where nobody says anything.
    ///
    /// # Panics
    /// Where the table is wrong: a row without a default is asked for one, or its default does not
    /// parse. The tests over the table exclude it for every text default and every flag's default.
    pub fn default(&self, settings: &BalancerSettings) -> Said<T> {
        let (text, origin) = match self.fallback {
            Fallback::Nothing => panic!("the setting {} has no default", self.row.id),
            Fallback::Text(text) => (text.to_owned(), Origin::Default),
            Fallback::Flag(flag, read) => (read(settings), Origin::Flag(flag.into())),
        };
        let value = (self.parse)(&text);
        Said::new(value.unwrap_or_else(|error| panic!("{}: {error}", self.row.id)), origin)
    }

    fn said_by(&self, layer: Layer<'_>, suffix: &str) -> Option<(Origin, Result<T, String>)> {
        match layer {
            Layer::Params(key, spec) => {
                let field = self.row.params.unwrap_or_default();
                Some((Origin::field(key, format!("/spec/{field}")), (self.params)(spec)?))
            }
            Layer::Annotations(key, annotations) => {
                self.annotated(key, annotations?, &format!("{PREFIX}{suffix}"))
            }
            Layer::Service(key, annotations) => {
                let name = suffix.strip_prefix(self.row.ingress).unwrap_or_default();
                let stem = self.row.service?;
                self.annotated(key, annotations?, &format!("{SERVICE_PREFIX}{stem}{name}"))
            }
        }
    }

    fn annotated(
        &self,
        key: &ObjectKey,
        annotations: &BTreeMap<String, String>,
        annotation: &str,
    ) -> Option<(Origin, Result<T, String>)> {
        let text = annotations.get(annotation)?;
        let value = (self.parse)(text).map_err(|error| format!("{error}; it says {text:?}"));
        Some((Origin::annotation(key, annotation), value))
    }
}

/// What the first layer that says anything says; `None` where none does.
pub fn look<T>(
    setting: &Setting<T>,
    layers: &[Layer<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Said<T>>, Unreadable> {
    look_named(setting, setting.row.ingress, layers, diagnostics)
}

/// The same for a setting whose suffix goes on with a name.
pub(crate) fn look_named<T>(
    setting: &Setting<T>,
    suffix: &str,
    layers: &[Layer<'_>],
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Said<T>>, Unreadable> {
    match layers.iter().find_map(|layer| setting.said_by(*layer, suffix)) {
        None => Ok(None),
        Some((origin, Ok(value))) => Ok(Some(Said::new(value, origin))),
        Some((origin, Err(error))) => {
            let service = layers.iter().any(|layer| matches!(layer, Layer::Service(..)));
            let name = setting.row.service.filter(|_| service).unwrap_or(suffix);
            let message = format!("{name} cannot be read: {error}");
            let error = Diagnostic::error(codes::BAD_VALUE, origin.clone(), message);
            diagnostics.push(error.help(setting.row.doc.trim_end_matches('.')));
            Err(Unreadable(origin))
        }
    }
}

/// What the first layer says, where it can be read, else the default.
pub(crate) fn resolve<T>(
    setting: &Setting<T>,
    layers: &[Layer<'_>],
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Said<T> {
    let said = look(setting, layers, diagnostics).unwrap_or_default();
    said.unwrap_or_else(|| setting.default(settings))
}

/// A setting of any type: for documentation, validation and hints.
pub trait AnySetting: Sync {
    /// The entry.
    fn row(&self) -> &Row;
    /// The default as text; `None`: there is none, or it depends on other settings.
    fn default_text(&self, settings: &BalancerSettings) -> Option<String>;
    /// Whether this text can be read; the error says what was expected.
    fn check(&self, text: &str) -> Result<(), String>;
}

impl<T> AnySetting for Setting<T> {
    fn row(&self) -> &Row {
        &self.row
    }

    fn default_text(&self, settings: &BalancerSettings) -> Option<String> {
        match self.fallback {
            Fallback::Nothing => None,
            Fallback::Text(text) => Some(text.into()),
            Fallback::Flag(_, read) => Some(read(settings)),
        }
    }

    fn check(&self, text: &str) -> Result<(), String> {
        (self.parse)(text).map(drop)
    }
}

/// Every setting that is served.
pub static ALL: &[&dyn AnySetting] = &[
    &GROUP_NAME,
    &GROUP_ORDER,
    &LOAD_BALANCER_NAME,
    &SCHEME,
    &IP_ADDRESS_TYPE,
    &SUBNETS,
    &SECURITY_GROUPS,
    &MANAGE_BACKEND_RULES,
    &LOAD_BALANCER_ATTRIBUTES,
    &CUSTOMER_OWNED_POOL,
    &WAFV2_ACL_ARN,
    &WAFV2_ACL_NAME,
    &TAGS,
    &LISTEN_PORTS,
    &SSL_REDIRECT,
    &CERTIFICATE_ARN,
    &SSL_POLICY,
    &MUTUAL_AUTHENTICATION,
    &INBOUND_CIDRS,
    &PREFIX_LISTS,
    &LISTENER_ATTRIBUTES,
    &TARGET_TYPE,
    &BACKEND_PROTOCOL,
    &PROTOCOL_VERSION,
    &TARGET_GROUP_ATTRIBUTES,
    &HEALTH_PORT,
    &HEALTH_PROTOCOL,
    &HEALTH_PATH,
    &HEALTH_INTERVAL,
    &HEALTH_TIMEOUT,
    &HEALTHY_THRESHOLD,
    &UNHEALTHY_THRESHOLD,
    &SUCCESS_CODES,
    &TARGET_NODE_LABELS,
    &MULTI_CLUSTER,
    &TARGET_CONTROL_PORT,
    &REGEX_PATHS,
    &ACTIONS,
    &CONDITIONS,
    &TRANSFORMS,
];

/// Suffixes that ALBC knows and that are not served yet; one that ends in a dot is followed by a
/// name, one that ends in a dash by more of the suffix.
pub const NOT_YET: &[&str] = &[
    "acm-pca-arn",
    "auth-",
    "create-acm-cert",
    "enable-frontend-nlb",
    "frontend-nlb-",
    "ipam-ipv4-pool-id",
    "jwt-validation",
    "minimum-load-balancer-capacity",
    "shield-advanced-protection",
    "waf-acl-id",
    "web-acl-id",
];

/// Written by ALBC itself, for people to read.
const OUTPUTS: &[&str] = &["dry-run-plan"];

/// Warns of annotations with our prefix that are unknown or not served yet.
pub(crate) fn strange(
    object: &ObjectKey,
    annotations: Option<&BTreeMap<String, String>>,
) -> Vec<Diagnostic> {
    let suffixes = annotations.into_iter().flat_map(BTreeMap::keys);
    suffixes.filter_map(|key| strange_one(object, key, key.strip_prefix(PREFIX)?)).collect()
}

/// Fields of class params that have no effect yet.
pub(crate) fn strange_params(object: &ObjectKey, spec: &IngressClassParamsSpec) -> Vec<Diagnostic> {
    let said = [
        ("ipamConfiguration", spec.ipam_configuration.is_some()),
        ("minimumLoadBalancerCapacity", spec.minimum_load_balancer_capacity.is_some()),
    ];
    let said = said.into_iter().filter(|(_, said)| *said);
    said.map(|(field, _)| {
        let origin = Origin::field(object, format!("/spec/{field}"));
        let message = format!("{field} is not served yet; it has no effect");
        Diagnostic::warning(codes::NOT_SERVED, origin, message)
    })
    .collect()
}

fn strange_one(object: &ObjectKey, key: &str, suffix: &str) -> Option<Diagnostic> {
    let stem =
        |known: &str| suffix == known || (known.ends_with(['.', '-']) && suffix.starts_with(known));
    if OUTPUTS.contains(&suffix) || ALL.iter().any(|setting| stem(setting.row().ingress)) {
        return None;
    }
    let origin = Origin::annotation(object, key);
    if NOT_YET.iter().any(|known| stem(known)) {
        let message = format!("{suffix} is not served yet; it has no effect");
        return Some(Diagnostic::warning(codes::NOT_SERVED, origin, message));
    }
    let message = format!("there is no annotation {suffix}; it has no effect");
    let warning = Diagnostic::warning(codes::UNKNOWN_ANNOTATION, origin, message);
    let known = ALL.iter().map(|setting| setting.row().ingress).chain(NOT_YET.iter().copied());
    Some(match nearest(suffix, known) {
        Some(known) => warning.help(format!("did you mean {known}?")),
        None => warning,
    })
}

/// What somebody may have meant by a name that nobody knows.
fn nearest<'a>(suffix: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = |known: &&str| strsim::jaro_winkler(known, suffix);
    let nearest = known.max_by(|a, b| near(a).total_cmp(&near(b)));
    nearest.filter(|known| near(known) > 0.85)
}

#[cfg(test)]
mod tests;
