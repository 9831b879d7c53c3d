//! Names that objects claim in a zone (dns.md 2.1, 2.6). In: the Ingresses. Out: claims, each with the
//! field that makes it. ExternalDNS follows an Ingress's status; what stands there is the load balancer of
//! its stack, so the claim names the stack and is known before the status is.

mod annotations;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use inroad_words::{
    Diagnostic, ObjectKey, Origin, Said, Unit, ZoneKey,
    controller::{BalancerSettings, Controller},
    record::RecordType,
};
use inroad_world::Lens;
use k8s_openapi::api::networking::v1::Ingress;

use self::annotations::{Annotations, list};
use crate::{
    codes,
    ingress::group,
    model::{ClaimTarget, NameClaim, ZoneIntent},
};

/// A name as DNS has it (RFC 5890 A-labels): lower case, no trailing dot. A name that IDNA does not
/// allow stays as it is, in lower case.
pub fn ascii_name(name: &str) -> String {
    let name = name.trim().trim_end_matches('.');
    idna::domain_to_ascii_cow(name.as_bytes(), idna::AsciiDenyList::EMPTY)
        .map_or_else(|_| name.to_lowercase(), |name| name.into_owned())
}

/// Whether a name is the zone's own or lies below it; both as [`ascii_name`] gives them.
pub fn lies_in(name: &str, zone: &str) -> bool {
    name.strip_suffix(zone).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The claims to names of one zone.
pub(crate) fn compile(
    lens: &Lens<'_>,
    zone: &ZoneKey,
    controller: &Controller,
    diagnostics: &mut Vec<Diagnostic>,
) -> ZoneIntent {
    let mut claims = Vec::new();
    for (key, ingress) in lens.all::<Ingress>() {
        let annotations = Annotations::of(key, ingress, &controller.dns);
        if !annotations.is_for_us() {
            continue;
        }
        let Some(target) = target(lens, key, ingress, &annotations, &controller.balancers) else {
            continue;
        };
        let mut found = Vec::new();
        for (name, origin) in hosts(key, ingress, &annotations, &mut found) {
            let ascii = ascii_name(&name);
            if lies_in(&ascii, &ascii_name(&zone.name)) && controller.dns.admits(&ascii) {
                claims.push(claim(name, origin, target.clone(), &annotations, &mut found));
            }
        }
        // What is wrong with an Ingress concerns every zone alike; it is said where it has names.
        diagnostics.extend(found);
    }
    claims.sort_by(|a: &NameClaim, b| (&a.name, &a.object).cmp(&(&b.name, &b.object)));
    ZoneIntent { zone: zone.clone(), claims }
}

/// Where an Ingress's names lead; `None` where nothing of ours stands behind them.
fn target(
    lens: &Lens<'_>,
    key: &ObjectKey,
    ingress: &Ingress,
    annotations: &Annotations<'_>,
    settings: &BalancerSettings,
) -> Option<ClaimTarget> {
    let said = annotations.get("target").map(|said| list(&said.value)).unwrap_or_default();
    if said.is_empty() {
        let stack = group::balancer_of(lens, key, ingress, settings)?;
        return Some(ClaimTarget::Balancer(Unit::Stack(stack)));
    }
    let mut records: BTreeMap<RecordType, BTreeSet<String>> = BTreeMap::new();
    for target in said {
        let target = target.strip_suffix('.').unwrap_or(&target).to_owned();
        let record_type = match target.parse() {
            Ok(IpAddr::V4(_)) => RecordType::A,
            Ok(IpAddr::V6(_)) => RecordType::AAAA,
            Err(_) => RecordType::CNAME,
        };
        records.entry(record_type).or_default().insert(target);
    }
    Some(ClaimTarget::Records(records))
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

fn trimmed(host: &str) -> String {
    host.strip_suffix('.').unwrap_or(host).to_owned()
}

fn claim(
    name: String,
    origin: Origin,
    target: ClaimTarget,
    annotations: &Annotations<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> NameClaim {
    let set_identifier = annotations.get("set-identifier");
    NameClaim {
        name: trimmed(&name),
        origin,
        object: annotations.object.clone(),
        target,
        ttl: ttl(annotations, diagnostics),
        set_identifier: set_identifier.map(|said| said.value).unwrap_or_default(),
        properties: annotations.properties(),
    }
}

fn ttl(annotations: &Annotations<'_>, diagnostics: &mut Vec<Diagnostic>) -> Option<Said<u32>> {
    let said = annotations.get("ttl")?;
    let seconds = annotations::seconds(&said.value).filter(|it| (1..=i32::MAX as u64).contains(it));
    let Some(seconds) = seconds.and_then(|it| u32::try_from(it).ok()) else {
        let message = format!("{:?} is no TTL", said.value);
        diagnostics.push(
            Diagnostic::warning(codes::BAD_TTL, said.origin, message)
                .help("seconds from 1 to 2147483647, or a duration such as 5m"),
        );
        return None;
    };
    Some(Said::new(seconds, said.origin))
}

#[cfg(test)]
mod tests;
