//! Names that objects claim in a zone (dns.md 2.1, 2.4, 2.6). In: Ingresses and Services, as far as they
//! are sources. Out: claims, each with the field that makes it, and the objects whose names cannot be told.

mod annotations;
mod ingress;
mod pool;
mod service;

use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

use inroad_words::{
    Diagnostic, ObjectKey, Origin, Said, ZoneKey,
    controller::{Controller, DnsSettings, Source, SourceSettings},
    record::RecordType,
};
use inroad_world::Lens;
use k8s_openapi::api::{core::v1::Service, networking::v1::Ingress};

use self::annotations::{Annotations, list};
use crate::{
    codes,
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
    let sources = &controller.sources;
    let mut claims = Claims::new(zone, &controller.dns);
    let mut all = Vec::new();
    if sources.sources.contains(&Source::Ingress) {
        let read = |key: &&ObjectKey| sources.reads(key.kind, &key.namespace);
        for one in lens.all::<Ingress>().filter(|(key, _)| read(key)) {
            if crate::ingress::group::takes_names(lens, one.0, one.1, &controller.balancers) {
                continue;
            }
            ingress::claims(lens, one, controller, &mut claims);
        }
        all.append(&mut pool::addresses(std::mem::take(&mut claims.found), true));
    }
    if sources.sources.contains(&Source::Service) {
        let read = |key: &&ObjectKey| sources.reads(key.kind, &key.namespace);
        for one in lens.all::<Service>().filter(|(key, _)| read(key)) {
            if crate::service::takes_names(one.0, one.1, &controller.services) {
                continue;
            }
            service::claims(one, controller, &mut claims);
        }
        all.append(&mut pool::addresses(std::mem::take(&mut claims.found), false));
    }
    // What is wrong with an object concerns every zone alike; it is said where it has names.
    diagnostics.append(&mut claims.diagnostics);
    all.sort_by(|a: &NameClaim, b| (&a.name, &a.object).cmp(&(&b.name, &b.object)));
    let accounted = all.is_empty().then(|| accounted(lens, sources));
    ZoneIntent { zone: zone.clone(), claims: all, unserved: claims.unserved, accounted }
}

/// The objects that are read and there, and those that were seen to go.
fn accounted(lens: &Lens<'_>, sources: &SourceSettings) -> BTreeSet<ObjectKey> {
    let mut keys = BTreeSet::new();
    for source in &sources.sources {
        match source {
            Source::Ingress => keys.extend(lens.all::<Ingress>().map(|(key, _)| key.clone())),
            Source::Service => keys.extend(lens.all::<Service>().map(|(key, _)| key.clone())),
            Source::Other(_) => {}
        }
        keys.extend(source.kind().into_iter().flat_map(|kind| lens.departed(kind).cloned()));
    }
    keys.retain(|key| sources.reads(key.kind, &key.namespace));
    keys
}

/// Claims of one zone while they are gathered.
struct Claims<'a> {
    zone: String,
    dns: &'a DnsSettings,
    found: Vec<NameClaim>,
    unserved: BTreeSet<ObjectKey>,
    diagnostics: Vec<Diagnostic>,
}

impl<'a> Claims<'a> {
    fn new(zone: &ZoneKey, dns: &'a DnsSettings) -> Self {
        let (found, unserved, diagnostics) = Default::default();
        Self { zone: ascii_name(&zone.name), dns, found, unserved, diagnostics }
    }

    /// Whether a name is of this zone, and ours to keep.
    fn admits(&self, name: &str) -> bool {
        let ascii = ascii_name(name);
        lies_in(&ascii, &self.zone) && self.dns.admits(&ascii)
    }

    /// A claim of an object, where it is to a name of this zone.
    fn add(
        &mut self,
        name: String,
        origin: Origin,
        target: ClaimTarget,
        annotations: &Annotations<'_>,
    ) {
        if self.admits(&name) {
            let claim = claim(name, origin, target, annotations, &mut self.diagnostics);
            self.found.push(claim);
        }
    }
}

/// Targets by the type of record that they make.
fn records<'t>(targets: impl IntoIterator<Item = &'t str>) -> ClaimTarget {
    let mut records: BTreeMap<RecordType, BTreeSet<String>> = BTreeMap::new();
    for target in targets.into_iter().filter(|it| !it.is_empty()) {
        let target = target.strip_suffix('.').unwrap_or(target).to_owned();
        let record_type = match target.parse() {
            Ok(IpAddr::V4(_)) => RecordType::A,
            Ok(IpAddr::V6(_)) => RecordType::AAAA,
            Err(_) => RecordType::CNAME,
        };
        records.entry(record_type).or_default().insert(target);
    }
    ClaimTarget::Records(records)
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
