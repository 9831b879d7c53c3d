//! Load balancers, listeners, rules, target groups and targets.

mod actions;
mod answer;
mod conditions;
mod health;
mod state;

use serde_json::Value;

use crate::{Account, Fault};

pub use actions::{Action, ActionType, FixedResponse, Forward, Redirect, Stickiness, Weighted};
pub use conditions::{
    Condition, HeaderPatterns, KeyValue, Patterns, QueryPatterns, Rewrite, Rewrites, Transform,
};
pub use health::{Failure, Health, Probe, State, Target};
pub use state::{
    Capacity, Elbv2, HealthCheck, Kind, Listener, LoadBalancer, Matcher, Network, Pairs, Protocol,
    Rule, TargetGroup, TrustStore, Zone,
};

/// One operation of the service.
pub(crate) fn call(
    _account: &mut Account,
    operation: &str,
    _input: &Value,
) -> Result<Value, Fault> {
    Err(Fault::new("InvalidAction", format!("{operation} is not emulated")))
}
