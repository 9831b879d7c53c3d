//! Finds records by ARN, with AWS's error for each kind that is not there.

use super::answer::invalid;
use super::state::{Elbv2, Listener, LoadBalancer, Pairs, Rule, TargetGroup, TrustStore};
use crate::Fault;

/// The kinds of resources, as their ARNs name them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Noun {
    LoadBalancer,
    Listener,
    Rule,
    TargetGroup,
    TrustStore,
}

impl Noun {
    /// The kind that an ARN claims to be of.
    fn of(arn: &str) -> Option<Self> {
        let resource = arn.strip_prefix("arn:").and_then(|rest| rest.split(':').nth(4))?;
        Some(match resource.split('/').next()? {
            "loadbalancer" => Self::LoadBalancer,
            "listener" => Self::Listener,
            "listener-rule" => Self::Rule,
            "targetgroup" => Self::TargetGroup,
            "truststore" => Self::TrustStore,
            _ => return None,
        })
    }

    fn missing(self, arn: &str) -> Fault {
        let (code, name) = match self {
            Self::LoadBalancer => ("LoadBalancerNotFound", "Load balancer"),
            Self::Listener => ("ListenerNotFound", "Listener"),
            Self::Rule => ("RuleNotFound", "Rule"),
            Self::TargetGroup => ("TargetGroupNotFound", "Target group"),
            Self::TrustStore => ("TrustStoreNotFound", "Trust store"),
        };
        Fault::new(code, format!("{name} '{arn}' not found"))
    }

    /// The record, or why there is none: another kind's ARN is a validation error, not a missing thing.
    pub(super) fn found<T>(self, arn: &str, record: Option<T>) -> Result<T, Fault> {
        record.ok_or_else(|| match Self::of(arn) {
            Some(kind) if kind == self => self.missing(arn),
            _ => invalid(format!("'{arn}' is not a valid {self:?} ARN")),
        })
    }
}

impl Elbv2 {
    pub(super) fn load_balancer(&self, arn: &str) -> Result<&LoadBalancer, Fault> {
        Noun::LoadBalancer.found(arn, self.load_balancers.get(arn))
    }

    pub(super) fn load_balancer_mut(&mut self, arn: &str) -> Result<&mut LoadBalancer, Fault> {
        Noun::LoadBalancer.found(arn, self.load_balancers.get_mut(arn))
    }

    pub(super) fn listener(&self, arn: &str) -> Result<&Listener, Fault> {
        Noun::Listener.found(arn, self.listeners.get(arn))
    }

    pub(super) fn listener_mut(&mut self, arn: &str) -> Result<&mut Listener, Fault> {
        Noun::Listener.found(arn, self.listeners.get_mut(arn))
    }

    pub(super) fn rule(&self, arn: &str) -> Result<&Rule, Fault> {
        Noun::Rule.found(arn, self.rules.get(arn))
    }

    pub(super) fn rule_mut(&mut self, arn: &str) -> Result<&mut Rule, Fault> {
        Noun::Rule.found(arn, self.rules.get_mut(arn))
    }

    pub(super) fn target_group(&self, arn: &str) -> Result<&TargetGroup, Fault> {
        Noun::TargetGroup.found(arn, self.target_groups.get(arn))
    }

    pub(super) fn target_group_mut(&mut self, arn: &str) -> Result<&mut TargetGroup, Fault> {
        Noun::TargetGroup.found(arn, self.target_groups.get_mut(arn))
    }

    pub(super) fn trust_store(&self, arn: &str) -> Result<&TrustStore, Fault> {
        Noun::TrustStore.found(arn, self.trust_stores.get(arn))
    }

    /// The tags of whatever has this ARN.
    pub(super) fn tags_mut(&mut self, arn: &str) -> Result<&mut Pairs, Fault> {
        let kind = Noun::of(arn).ok_or_else(|| invalid(format!("'{arn}' is not a valid ARN")))?;
        let tags = match kind {
            Noun::LoadBalancer => self.load_balancers.get_mut(arn).map(|found| &mut found.tags),
            Noun::Listener => self.listeners.get_mut(arn).map(|found| &mut found.tags),
            Noun::Rule => self.rules.get_mut(arn).map(|found| &mut found.tags),
            Noun::TargetGroup => self.target_groups.get_mut(arn).map(|found| &mut found.tags),
            Noun::TrustStore => self.trust_stores.get_mut(arn).map(|found| &mut found.tags),
        };
        kind.found(arn, tags)
    }

    /// Every taggable resource with its tags, in the order of ARNs within each kind.
    pub fn tagged(&self) -> impl Iterator<Item = (&str, &Pairs)> {
        let balancers = self.load_balancers.values().map(|it| (it.arn.as_str(), &it.tags));
        let listeners = self.listeners.values().map(|it| (it.arn.as_str(), &it.tags));
        let rules = self.rules.values().map(|it| (it.arn.as_str(), &it.tags));
        let groups = self.target_groups.values().map(|it| (it.arn.as_str(), &it.tags));
        balancers.chain(listeners).chain(rules).chain(groups)
    }
}
