//! Where in a value references stand: the one walk that resolving, ordering and simulating share.

use std::collections::{BTreeMap, BTreeSet};

use inroad_desired::Desired;
use inroad_words::{
    Arn, Field, ResourceKey, Value,
    balancer::{Action, Listener, LoadBalancer, Rule},
    facts::Outputs,
    network::{IngressRule, Peer, SecurityGroup},
};

use crate::Op;

/// A reference in place: an ARN or an EC2 id.
pub(crate) enum Slot<'a> {
    Arn(&'a mut Value<Arn>),
    Id(&'a mut Value<String>),
}

impl Slot<'_> {
    fn awaits(&self) -> Option<(&ResourceKey, Field)> {
        match self {
            Slot::Arn(value) => value.awaits(),
            Slot::Id(value) => value.awaits(),
        }
    }

    fn fill(&mut self, text: &str) {
        match self {
            Slot::Arn(value) => **value = Value::Known(Arn(text.into())),
            Slot::Id(value) => **value = Value::Known(text.into()),
        }
    }
}

/// A value that may refer to resources.
pub(crate) trait Refers {
    /// Calls `visit` once for every reference in it.
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>));
}

/// Fills in every reference that is known.
pub(crate) fn resolve(value: &mut impl Refers, known: &Outputs) {
    value.slots(&mut |mut slot| {
        let text = slot.awaits().and_then(|(of, field)| known.get(of, field));
        if let Some(text) = text.map(str::to_owned) {
            slot.fill(&text);
        }
    });
}

/// The references in it that are not known.
pub(crate) fn awaited<T: Refers + Clone>(value: &T) -> BTreeSet<(ResourceKey, Field)> {
    let mut found = BTreeSet::new();
    value.clone().slots(&mut |slot| {
        found.extend(slot.awaits().map(|(of, field)| (of.clone(), field)));
    });
    found
}

/// The target groups that actions forward to, as far as known.
pub(crate) fn groups_of(actions: &[Action]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for action in actions {
        if let Action::Forward { targets, .. } = action {
            found.extend(targets.iter().filter_map(|t| t.group.known()).map(|arn| arn.0.clone()));
        }
    }
    found
}

impl Refers for Vec<Action> {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        for action in self {
            if let Action::Forward { targets, .. } = action {
                targets.iter_mut().for_each(|target| visit(Slot::Arn(&mut target.group)));
            }
        }
    }
}

impl Refers for IngressRule {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        if let Peer::Group(group) = &mut self.peer {
            visit(Slot::Id(group));
        }
    }
}

impl Refers for BTreeSet<IngressRule> {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        let each = std::mem::take(self).into_iter().map(|mut rule| {
            rule.slots(visit);
            rule
        });
        *self = each.collect();
    }
}

impl<V> Refers for BTreeMap<IngressRule, V> {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        let each = std::mem::take(self).into_iter().map(|(mut rule, origin)| {
            rule.slots(visit);
            (rule, origin)
        });
        *self = each.collect();
    }
}

impl Refers for SecurityGroup {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        self.ingress.slots(visit);
    }
}

impl Refers for LoadBalancer {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        self.security_groups.iter_mut().for_each(|group| visit(Slot::Id(group)));
    }
}

impl Refers for Listener {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        visit(Slot::Arn(&mut self.load_balancer));
        self.default_actions.slots(visit);
    }
}

impl Refers for Rule {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        visit(Slot::Arn(&mut self.listener));
        self.actions.slots(visit);
    }
}

impl Refers for Desired {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        self.security_groups.values_mut().for_each(|it| it.spec.slots(visit));
        self.load_balancers.values_mut().for_each(|it| it.spec.slots(visit));
        self.listeners.values_mut().for_each(|it| it.spec.slots(visit));
        self.rules.values_mut().for_each(|it| it.spec.slots(visit));
        self.shared_rules.values_mut().for_each(|rules| rules.slots(visit));
        if let Some(targets) = &mut self.targets {
            visit(Slot::Arn(&mut targets.group));
        }
    }
}

impl Refers for Op {
    fn slots(&mut self, visit: &mut dyn FnMut(Slot<'_>)) {
        match self {
            Op::CreateSecurityGroup { spec, .. } => spec.slots(visit),
            Op::AuthorizeIngress { group, rules } | Op::RevokeIngress { group, rules } => {
                visit(Slot::Id(group));
                rules.slots(visit);
            }
            Op::CreateLoadBalancer { spec, .. } => spec.slots(visit),
            Op::SetSecurityGroups { groups, .. } => {
                groups.iter_mut().for_each(|group| visit(Slot::Id(group)));
            }
            Op::CreateListener { spec, .. } | Op::ModifyListener { spec, .. } => spec.slots(visit),
            Op::CreateRule { spec, .. } | Op::ModifyRule { spec, .. } => spec.slots(visit),
            Op::ModifyHealthCheck { group: arn, .. }
            | Op::ModifyTargetGroupAttributes { group: arn, .. }
            | Op::ModifyLoadBalancerAttributes { balancer: arn, .. }
            | Op::AssociateWebAcl { balancer: arn, .. }
            | Op::DisassociateWebAcl { balancer: arn }
            | Op::AddCertificate { listener: arn, .. }
            | Op::ModifyListenerAttributes { listener: arn, .. }
            | Op::RegisterTargets { group: arn, .. }
            | Op::Fingerprint { balancer: arn, .. }
            | Op::DeregisterTargets { group: arn, .. } => visit(Slot::Arn(arn)),
            Op::DeleteSecurityGroup { .. }
            | Op::CreateTargetGroup { .. }
            | Op::DeleteTargetGroup { .. }
            | Op::SetSubnets { .. }
            | Op::SetIpAddressType { .. }
            | Op::DeleteLoadBalancer { .. }
            | Op::RemoveCertificate { .. }
            | Op::DeleteListener { .. }
            | Op::SetRulePriorities { .. }
            | Op::DeleteRule { .. }
            | Op::TagBalancing { .. }
            | Op::TagEc2 { .. }
            | Op::ChangeRecords { .. } => {}
        }
    }
}
