//! Quotas of an account: how many of a thing AWS lets it have. Names and defaults are those of AWS's own
//! page ("Quotas for your Application Load Balancers"; for security groups "Amazon VPC quotas").

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::Code;

/// Something waits for room under a quota.
pub const OVER_QUOTA: Code = Code("PL0010");

/// A quota that a plan may reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Quota {
    /// Application Load Balancers of a region.
    LoadBalancers,
    /// Target groups of a region.
    TargetGroups,
    /// Listeners of a load balancer.
    Listeners,
    /// Rules of a load balancer over all listeners, default rules not counted.
    Rules,
    /// Certificates of a load balancer over all listeners, default ones not counted.
    Certificates,
    /// Target groups that a load balancer's actions name, each counted once.
    TargetGroupsPerBalancer,
    /// Target groups of one action.
    TargetGroupsPerAction,
    /// Values of all conditions of one rule.
    ConditionValues,
    /// `*` and `?` in all conditions of one rule.
    ConditionWildcards,
    /// Targets of one target group.
    Targets,
    /// Inbound rules of one security group, those for IPv4 and those for IPv6 counted apart.
    GroupRules,
    /// Security groups of one network interface, and so of a load balancer.
    GroupsPerInterface,
}

impl Quota {
    /// All of them.
    pub const ALL: [Quota; 12] = [
        Quota::LoadBalancers,
        Quota::TargetGroups,
        Quota::Listeners,
        Quota::Rules,
        Quota::Certificates,
        Quota::TargetGroupsPerBalancer,
        Quota::TargetGroupsPerAction,
        Quota::ConditionValues,
        Quota::ConditionWildcards,
        Quota::Targets,
        Quota::GroupRules,
        Quota::GroupsPerInterface,
    ];

    /// What Service Quotas calls it.
    pub fn name(self) -> &'static str {
        match self {
            Quota::LoadBalancers => "Application Load Balancers per Region",
            Quota::TargetGroups => "Target Groups per Region",
            Quota::Listeners => "Listeners per Application Load Balancer",
            Quota::Rules => "Rules per Application Load Balancer",
            Quota::Certificates => "Certificates per Application Load Balancer",
            Quota::TargetGroupsPerBalancer => "Target Groups per Application Load Balancer",
            Quota::TargetGroupsPerAction => {
                "Target Groups per Action per Application Load Balancer"
            }
            Quota::ConditionValues => "Condition Values per Rule",
            Quota::ConditionWildcards => "Condition Wildcards per Rule",
            Quota::Targets => "Targets per Target Group per Region",
            Quota::GroupRules => "Inbound or outbound rules per security group",
            Quota::GroupsPerInterface => "Security groups per network interface",
        }
    }

    /// What `elasticloadbalancing:DescribeAccountLimits` calls it; `None`: it does not tell it.
    pub fn limit_name(self) -> Option<&'static str> {
        Some(match self {
            Quota::LoadBalancers => "application-load-balancers",
            Quota::TargetGroups => "target-groups",
            Quota::Listeners => "listeners-per-application-load-balancer",
            Quota::Rules => "rules-per-application-load-balancer",
            Quota::Certificates => "certificates-per-application-load-balancer",
            Quota::TargetGroupsPerBalancer => "target-groups-per-application-load-balancer",
            Quota::TargetGroupsPerAction => "target-groups-per-action-on-application-load-balancer",
            Quota::ConditionValues => "condition-values-per-alb-rule",
            Quota::ConditionWildcards => "condition-wildcards-per-alb-rule",
            Quota::Targets => "targets-per-target-group",
            Quota::GroupRules | Quota::GroupsPerInterface => return None,
        })
    }

    /// What an account has that asked for nothing else.
    pub fn default_limit(self) -> usize {
        match self {
            Quota::LoadBalancers | Quota::Listeners => 50,
            Quota::TargetGroups => 3000,
            Quota::Rules | Quota::TargetGroupsPerBalancer => 100,
            Quota::Certificates => 25,
            Quota::ConditionWildcards => 6,
            Quota::TargetGroupsPerAction | Quota::ConditionValues | Quota::GroupsPerInterface => 5,
            Quota::Targets => 1000,
            Quota::GroupRules => 60,
        }
    }

    /// What whoever is over it can do.
    pub fn help(self) -> &'static str {
        match self {
            Quota::LoadBalancers => "raise it in Service Quotas, or share by group.name",
            Quota::Listeners | Quota::Rules | Quota::Certificates => {
                "raise it in Service Quotas, or move Ingresses to another group.name"
            }
            Quota::TargetGroupsPerBalancer => "move Ingresses to another group.name",
            Quota::TargetGroupsPerAction => "forward to fewer target groups",
            Quota::ConditionValues | Quota::ConditionWildcards => {
                "want less in one rule, or make several of it"
            }
            Quota::TargetGroups | Quota::Targets => "raise it in Service Quotas",
            Quota::GroupRules => "raise it in Service Quotas, or allow wider CIDRs",
            Quota::GroupsPerInterface => "raise it in Service Quotas, or name fewer",
        }
    }

    /// Whether it binds every load balancer, and not those of Ingresses alone.
    pub fn is_of_all(self) -> bool {
        matches!(
            self,
            Quota::TargetGroups | Quota::Targets | Quota::GroupRules | Quota::GroupsPerInterface
        )
    }

    /// Whether AWS raises it for nobody, so that its default is its limit.
    pub fn is_fixed(self) -> bool {
        matches!(
            self,
            Quota::TargetGroupsPerBalancer
                | Quota::TargetGroupsPerAction
                | Quota::ConditionValues
                | Quota::ConditionWildcards
        )
    }
}

/// What is known of an account's quotas.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Limits {
    /// What AWS told; empty where it was not asked or did not let us ask.
    pub told: BTreeMap<Quota, usize>,
    /// Quotas for whose sake AWS has refused a call of late.
    pub refused: BTreeSet<Quota>,
}

impl Limits {
    /// The limit that nothing may exceed; `None`: not known, and to be found out by asking AWS for more.
    pub fn binding(&self, quota: Quota) -> Option<usize> {
        let is_certain = quota.is_fixed() || self.refused.contains(&quota);
        let default = is_certain.then(|| quota.default_limit());
        self.told.get(&quota).copied().or(default)
    }

    /// The limit that most probably holds: a reason to do one thing before another, never to leave it.
    pub fn likely(&self, quota: Quota) -> usize {
        self.told.get(&quota).copied().unwrap_or_else(|| quota.default_limit())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_binds() {
        let silent = Limits::default();
        let told = Limits { told: BTreeMap::from([(Quota::Rules, 200)]), ..Limits::default() };
        let refused = Limits { refused: BTreeSet::from([Quota::Rules]), ..Limits::default() };
        let both = Limits { refused: refused.refused.clone(), ..told.clone() };
        for (limits, binding, likely) in
            [(&silent, None, 100), (&told, Some(200), 200), (&refused, Some(100), 100)]
        {
            assert_eq!(limits.binding(Quota::Rules), binding);
            assert_eq!(limits.likely(Quota::Rules), likely);
        }
        assert_eq!(both.binding(Quota::Rules), Some(200));
        assert_eq!(silent.binding(Quota::TargetGroupsPerBalancer), Some(100));
    }
}
