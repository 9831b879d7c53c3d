//! Records of a zone: which claims are for it, and what would be written for each. In: claims, the zones
//! that there are, the names of load balancers. Out: candidates for each record set, and names that wait.

mod alias;
mod arbitrate;
pub mod txt;
mod wish;

use std::collections::BTreeSet;

use inroad_intent::{
    ascii_name, lies_in,
    model::{ClaimTarget, NameClaim, ZoneIntent},
};
use inroad_words::{
    Diagnostic, Field, ObjectKey, Origin, ResourceKey, ResourceKind, Unit, ZoneKey,
    controller::Controller,
    facts::{Facts, Need},
    hold::{Hold, HoldReason},
    record::Zone,
};

pub use self::arbitrate::{arbitrate, prefer};
use self::{txt::long_label, wish::Wish};
use crate::{
    codes,
    model::{Desired, Shaped},
};

/// Pins a claim to one zone, by its id.
const PIN: &str = "aws/hosted-zone-id";

/// What has to be asked for a zone: which other zones there are, since the nearest one has a name.
pub(crate) fn needs(_zone: &ZoneIntent, _controller: &Controller) -> BTreeSet<Need> {
    BTreeSet::from([Need::Zones])
}

/// What should be in a zone.
pub(crate) fn shape(asked: &ZoneIntent, facts: &Facts, controller: &Controller) -> Shaped {
    let mut desired = Desired::nothing(Unit::Zone(asked.zone.clone()));
    let mut diagnostics = Vec::new();
    if let Some(why) = facts.missing.get(&Need::Zones) {
        desired.held.unit = Some(Hold {
            subject: desired.unit.to_string(),
            reason: HoldReason::MissingFact(why.clone()),
            origin: Origin::Default,
        });
        return Shaped { desired, diagnostics };
    }
    desired.held.kept_for = labels(&asked.unserved);
    desired.held.accounted = asked.accounted.as_ref().map(labels);
    let mut candidates = Vec::new();
    for claim in &asked.claims {
        let name = ascii_name(&claim.name);
        if !is_for(&asked.zone, &name, claim, &facts.zones) {
            continue;
        }
        match settle(&asked.zone, &name, claim, facts, controller) {
            Ok(wish) => candidates.extend(wish.candidates(&mut diagnostics)),
            Err(Refused::Wrong(diagnostic)) => diagnostics.push(*diagnostic),
            Err(Refused::Waits(reason, diagnostic)) => {
                let hold = Hold { subject: name.clone(), reason, origin: claim.origin.clone() };
                desired.held.names.insert(name, hold);
                diagnostics.extend(diagnostic.map(|it| *it));
            }
        }
    }
    // A name that one object cannot say yet where it leads, and another can, waits for nobody.
    let led: BTreeSet<&str> = candidates.iter().map(|it| &*it.record.spec.key.name).collect();
    desired.held.names.retain(|name, hold| {
        !matches!(hold.reason, HoldReason::MissingFact(_)) || !led.contains(name.as_str())
    });
    let (records, conflicts) = arbitrate(candidates);
    diagnostics.extend(conflicts);
    desired.records = Some(records);
    Shaped { desired, diagnostics }
}

/// Why a claim gets no candidates.
enum Refused {
    /// It can never have any.
    Wrong(Box<Diagnostic>),
    /// It cannot be said now what they are: whatever has the name stays.
    Waits(HoldReason, Option<Box<Diagnostic>>),
}

fn labels(keys: &BTreeSet<ObjectKey>) -> BTreeSet<String> {
    keys.iter().map(ToString::to_string).collect()
}

fn settle<'a>(
    zone: &ZoneKey,
    name: &'a str,
    claim: &'a NameClaim,
    facts: &Facts,
    controller: &'a Controller,
) -> Result<Wish<'a>, Refused> {
    if let Some(label) = long_label(name) {
        let message = format!("{label} has more than 63 characters");
        let diagnostic = Diagnostic::error(codes::LONG_LABEL, claim.origin.clone(), message);
        return Err(Refused::Wrong(Box::new(diagnostic.help("shorten that part of the name"))));
    }
    let wish = Wish::new(name, claim, &controller.dns, resolve(claim, facts)?);
    let marks = wish.mark_names();
    let bad = marks.iter().find(|mark| long_label(mark).is_some() || !lies_in(mark, &zone.name));
    match bad {
        None => Ok(wish),
        Some(mark) => {
            let message = format!("{name} cannot be marked as ours by a record named {mark}");
            let diagnostic = Diagnostic::error(codes::NO_MARK, claim.origin.clone(), message)
                .help("for a zone's own name, set --txt-prefix such as 'x-%{record_type}.'");
            let reason = HoldReason::Diagnostic(codes::NO_MARK.to_string());
            Err(Refused::Waits(reason, Some(Box::new(diagnostic))))
        }
    }
}

/// Where the claim leads, with the names of load balancers filled in.
fn resolve(claim: &NameClaim, facts: &Facts) -> Result<wish::Targets, Refused> {
    match &claim.target {
        ClaimTarget::Records(records) if records.is_empty() => {
            let why = format!("{} has no address in its status", claim.object);
            Err(Refused::Waits(HoldReason::MissingFact(why), None))
        }
        ClaimTarget::Records(records) => Ok(records.clone()),
        ClaimTarget::Balancer(unit) => {
            let of = ResourceKey::new(unit.clone(), ResourceKind::LoadBalancer, "LoadBalancer");
            match facts.outputs.get(&of, Field::DnsName) {
                Some(name) => Ok(wish::to_name(name)),
                None => {
                    let field = Field::DnsName;
                    Err(Refused::Waits(HoldReason::Output { of, field }, None))
                }
            }
        }
    }
}

/// A name belongs to the nearest public zone above it, and to every private one.
fn is_for(zone: &ZoneKey, name: &str, claim: &NameClaim, zones: &BTreeSet<Zone>) -> bool {
    let fits = |it: &&Zone| lies_in(name, &it.key.name);
    let Some(this) = zones.iter().find(|it| it.key == *zone).filter(fits) else { return false };
    if let Some(pin) = claim.properties.get(PIN) {
        return pin.trim_start_matches("/hostedzone/") == zone.id;
    }
    let public = zones.iter().filter(fits).filter(|it| !it.private);
    let nearest = public.map(|it| it.key.name.len()).max();
    this.private || nearest == Some(this.key.name.len())
}

#[cfg(test)]
mod tests;
