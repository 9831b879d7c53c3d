//! Elastic Load Balancing v2: load balancers, listeners, rules, target groups and targets, with what
//! AWS checks and answers. In come operations and probe results; out go answers and the records that the
//! data plane serves from. It opens no socket and probes nobody.

mod account_wide;
mod actions;
mod answer;
mod attributes;
mod capacity;
mod certificates;
mod conditions;
mod health;
mod listener;
mod load_balancer;
mod lookup;
mod network;
mod placement;
mod probe;
mod reconfigure;
mod routing;
mod rule;
mod settle;
mod snapshot;
mod ssl;
mod state;
mod tags;
mod target;
mod target_group;
mod zones;

#[cfg(test)]
mod tests;

use serde_json::Value;

use crate::{Account, Fault};

pub use actions::{Action, ActionType, FixedResponse, Forward, Redirect, Stickiness, Weighted};
pub use conditions::{
    Condition, HeaderPatterns, KeyValue, Patterns, QueryPatterns, Rewrite, Rewrites, Transform,
};
pub use health::{Failure, Health, Probe, State, Target};
pub use snapshot::{restore, snapshot};
pub use state::{
    Capacity, Elbv2, HealthCheck, Kind, Listener, LoadBalancer, Matcher, Network, Pairs, Protocol,
    Rule, TargetGroup, TrustStore, Zone,
};

pub(crate) type Operation = fn(&mut Account, &Value) -> Result<Value, Fault>;

pub(crate) const OPERATIONS: &[(&str, Operation)] = &[
    ("AddListenerCertificates", certificates::add),
    ("AddTags", tags::add),
    ("CreateListener", listener::create),
    ("CreateLoadBalancer", load_balancer::create),
    ("CreateRule", rule::create),
    ("CreateTargetGroup", target_group::create),
    ("DeleteListener", listener::delete),
    ("DeleteLoadBalancer", load_balancer::delete),
    ("DeleteRule", rule::delete),
    ("DeleteTargetGroup", target_group::delete),
    ("DeregisterTargets", target::deregister),
    ("DescribeAccountLimits", account_wide::describe_limits),
    ("DescribeCapacityReservation", capacity::describe),
    ("DescribeListenerAttributes", attributes::describe_listener),
    ("DescribeListenerCertificates", certificates::describe),
    ("DescribeListeners", listener::describe),
    ("DescribeLoadBalancerAttributes", attributes::describe_balancer),
    ("DescribeLoadBalancers", load_balancer::describe),
    ("DescribeRules", rule::describe),
    ("DescribeSSLPolicies", ssl::describe),
    ("DescribeTags", tags::describe),
    ("DescribeTargetGroupAttributes", attributes::describe_group),
    ("DescribeTargetGroups", target_group::describe),
    ("DescribeTargetHealth", target::describe_health),
    ("DescribeTrustStores", account_wide::describe_trust_stores),
    ("ModifyCapacityReservation", capacity::modify),
    ("ModifyIpPools", reconfigure::modify_ip_pools),
    ("ModifyListener", listener::modify),
    ("ModifyListenerAttributes", attributes::modify_listener),
    ("ModifyLoadBalancerAttributes", attributes::modify_balancer),
    ("ModifyRule", rule::modify),
    ("ModifyTargetGroup", target_group::modify),
    ("ModifyTargetGroupAttributes", attributes::modify_group),
    ("RegisterTargets", target::register),
    ("RemoveListenerCertificates", certificates::remove),
    ("RemoveTags", tags::remove),
    ("SetIpAddressType", reconfigure::set_ip_address_type),
    ("SetRulePriorities", rule::set_priorities),
    ("SetSecurityGroups", reconfigure::set_security_groups),
    ("SetSubnets", reconfigure::set_subnets),
];

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    account.elbv2.end_draining(account.now);
    match OPERATIONS.iter().find(|(name, _)| *name == operation) {
        Some((_, run)) => run(account, input),
        None => Err(Fault::new("InvalidAction", format!("{operation} is not emulated"))),
    }
}
