//! What all stacks share: the security group that load balancers reach targets from, and the rules that
//! let it in. The latter stand on security groups of others, told apart by their description.

use std::collections::{BTreeMap, BTreeSet};

use inroad_intent::model::{FoundationIntent, Source, TargetPort};
use inroad_words::{
    Diagnostic, Field, Origin, Origins, ResourceKey, ResourceKind, Unit, Value,
    controller::{BalancerSettings, Controller},
    facts::{Facts, GroupFact, Interface, Need},
    hold::{Hold, HoldReason},
    network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION, SecurityGroup},
};

use crate::{
    balancer::security,
    codes,
    model::{Desired, Resource, SHARED_RULES, Shaped},
    naming,
    needs::interfaces,
    tags,
};

/// Resource id of the shared group.
const GROUP: &str = "backend-sg";
const DESCRIPTION: &str = "[k8s] Shared Backend SecurityGroup for LoadBalancer";

/// The shared group as others refer to it: given by the operator, known already, or yet to be made.
pub(crate) fn shared_group(facts: &Facts, controller: &Controller) -> Value<String> {
    let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, GROUP);
    let given = controller.balancers.switches.given_backend_security_group.as_deref();
    match given.or_else(|| facts.outputs.get(&key, Field::GroupId)) {
        Some(id) => Value::Known(id.to_owned()),
        None => key.output(Field::GroupId),
    }
}

/// The shared group while a stack needs it, and the rules on the groups of the targets.
pub(crate) fn shape(asked: &FoundationIntent, facts: &Facts, controller: &Controller) -> Shaped {
    let mut out = Shaped { desired: Desired::nothing(Unit::Foundation), diagnostics: Vec::new() };
    let stays = relied_on(asked, facts);
    if let Some((reason, origin)) = &stays {
        hold(&mut out.desired, RULES, reason.clone(), origin);
    }
    let is_ours = controller.balancers.switches.given_backend_security_group.is_none();
    match (asked.needed_by.values().next(), stays) {
        (Some(first), _) if is_ours => {
            let group = group(Origins::of(Origin::field(first, "")), controller);
            out.desired.security_groups.insert(GROUP.into(), group);
        }
        (None, Some((reason, origin))) => {
            hold(&mut out.desired, (GROUP, "the shared security group"), reason, &origin);
        }
        _ => {}
    }
    match unanswered(asked, facts) {
        Some(why) => hold_rules(&mut out.desired, HoldReason::MissingFact(why)),
        None => open(&mut out, asked, facts, controller),
    }
    out
}

fn group(mut origins: Origins, controller: &Controller) -> Resource<SecurityGroup> {
    let settings = &controller.balancers;
    let spec = SecurityGroup {
        name: naming::shared_group(&settings.cluster_name),
        description: DESCRIPTION.into(),
        vpc: settings.vpc_id.clone(),
        ingress: BTreeSet::new(),
        tags: tags::shared(settings, GROUP, &mut origins),
    };
    Resource { spec, origins }
}

/// Why the network interfaces are not known, where the question had no answer.
fn unanswered(asked: &FoundationIntent, facts: &Facts) -> Option<String> {
    facts.missing.get(&interfaces(asked)).cloned()
}

/// Why a load balancer may rely on more than is asked for, and who says so: it is left as it is, as
/// long as its stack or its new security groups cannot be told.
fn relied_on(asked: &FoundationIntent, facts: &Facts) -> Option<(HoldReason, Origin)> {
    if let Some(hold) = &asked.held {
        return Some((hold.reason.clone(), hold.origin.clone()));
    }
    let need = Need::SecurityGroups(asked.named.keys().cloned().collect());
    if let Some(why) = facts.missing.get(&need) {
        return Some((HoldReason::MissingFact(why.clone()), Origin::Default));
    }
    let unknown = |(name, _): &(&String, &Origin)| security::called(facts, name).is_empty();
    let (_, origin) = asked.named.iter().find(unknown)?;
    Some((HoldReason::Diagnostic(codes::GROUP_UNKNOWN.to_string()), origin.clone()))
}

/// Id and words of what is held.
const RULES: (&str, &str) = (SHARED_RULES, "rules towards the targets");

fn hold_rules(desired: &mut Desired, reason: HoldReason) {
    hold(desired, RULES, reason, &Origin::Default);
}

fn hold(desired: &mut Desired, (id, subject): (&str, &str), reason: HoldReason, by: &Origin) {
    let hold = Hold { subject: subject.into(), reason, origin: by.clone() };
    let key = ResourceKey::new(Unit::Foundation, ResourceKind::SecurityGroup, id);
    desired.held.resources.insert(key, hold);
}

/// Ports to open, from the first to the last, with who asks for them.
#[derive(Debug)]
struct Range {
    from: u16,
    to: u16,
    origin: Origin,
}

/// One range of ports for each group of the targets and each source, as ALBC writes it: ports in between
/// are open too.
fn open(out: &mut Shaped, asked: &FoundationIntent, facts: &Facts, controller: &Controller) {
    let settings = &controller.balancers;
    for (source, openings) in &asked.openings {
        let mut ranges: BTreeMap<String, Range> = BTreeMap::new();
        for (target, ports) in openings {
            let Some(origin) = ports.values().next() else { continue };
            match endpoint_group(target, facts.interfaces.get(target), settings, origin) {
                Ok(group) => {
                    ports.iter().for_each(|(port, by)| widen(&mut ranges, group, port, by))
                }
                Err(diagnostic) => {
                    let reason = HoldReason::Diagnostic(diagnostic.code.to_string());
                    hold_rules(&mut out.desired, reason);
                    out.diagnostics.push(diagnostic);
                }
            }
        }
        let source = group_of(source, facts, controller);
        for (group, range) in ranges {
            let rules = out.desired.shared_rules.entry(group).or_default();
            rules.insert(rule(&range, &source), range.origin);
        }
    }
}

/// The group that traffic comes from.
fn group_of(source: &Source, facts: &Facts, controller: &Controller) -> Value<String> {
    let stack = match source {
        Source::Shared => return shared_group(facts, controller),
        Source::Stack(stack) => Unit::Stack(stack.clone()),
    };
    let key = ResourceKey::new(stack, ResourceKind::SecurityGroup, security::MANAGED);
    match facts.outputs.get(&key, Field::GroupId) {
        Some(id) => Value::Known(id.to_owned()),
        None => key.output(Field::GroupId),
    }
}

fn widen(ranges: &mut BTreeMap<String, Range>, group: &str, port: &TargetPort, by: &Origin) {
    let (from, to) = match port {
        TargetPort::Tcp(port) => (*port, *port),
        TargetPort::AllTcp => (0, u16::MAX),
    };
    let range =
        ranges.entry(group.to_owned()).or_insert_with(|| Range { from, to, origin: by.clone() });
    range.from = range.from.min(from);
    range.to = range.to.max(to);
}

fn rule(range: &Range, source: &Value<String>) -> IngressRule {
    IngressRule {
        protocol: "tcp".into(),
        from_port: Some(range.from.into()),
        to_port: Some(range.to.into()),
        peer: Peer::Group(source.clone()),
        description: SHARED_RULE_DESCRIPTION.into(),
    }
}

/// The group of a target that rules are written on: its only one, or the only one of this cluster.
fn endpoint_group<'a>(
    target: &str,
    interface: Option<&'a Interface>,
    settings: &BalancerSettings,
    origin: &Origin,
) -> Result<&'a str, Diagnostic> {
    let Some(interface) = interface else {
        let message = format!("no network interface found for target {target}");
        return Err(Diagnostic::warning(codes::INTERFACE_UNKNOWN, origin.clone(), message).help(
            "targets must stand in the cluster's VPC for their security groups to be opened",
        ));
    };
    let tag = format!("kubernetes.io/cluster/{}", settings.cluster_name);
    let asked = &settings.target_group_tags;
    let is_ours = |group: &&GroupFact| {
        let mut others = asked.iter();
        group.tags.contains_key(&tag)
            && others.all(|(key, value)| group.tags.get(key) == Some(value))
    };
    let ours: Vec<&GroupFact> = interface.groups.iter().filter(is_ours).collect();
    match (interface.groups.as_slice(), ours.as_slice()) {
        ([only], _) => Ok(&only.id),
        (_, [only]) => Ok(&only.id),
        (_, ours) => {
            let more = if asked.is_empty() { "" } else { " and those of the flag" };
            let message = format!(
                "{} of the {} security groups of {} (target {target}) carry the tag {tag}{more}, \
                 exactly one must",
                ours.len(),
                interface.groups.len(),
                interface.id
            );
            Err(Diagnostic::error(codes::GROUP_AMBIGUOUS, origin.clone(), message)
                .help(format!("leave the tag {tag} on one security group of the node or pod")))
        }
    }
}

#[cfg(test)]
mod tests;
