//! Targets and their health: in come registrations, probe results and the time; out go AWS's states,
//! reasons and descriptions (API `TargetHealth`). Who probes, and how, is not known here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::state::{Elbv2, HealthCheck};

/// A registered target, or one that still drains.
#[derive(Debug, Clone)]
pub struct Target {
    /// Instance id, IP address, function ARN or ALB ARN, by the group's target type.
    pub id: String,
    /// The port it was registered with, else the group's; none for a Lambda function.
    pub port: Option<u16>,
    /// What the caller named: a zone or `all`.
    pub availability_zone: Option<String>,
    /// The zone it is in, where that is known.
    pub zone: Option<String>,
    pub quic_server_id: Option<String>,
    pub health: Health,
    /// When `health` took its state.
    pub since: Timestamp,
    /// Set while it drains: when draining ends.
    pub draining_until: Option<Timestamp>,
    /// Probes passed in a row.
    pub passed: u32,
    /// Probes failed in a row.
    pub failed: u32,
}

impl Target {
    /// Whether a load balancer probes it: it is in use and does not drain.
    pub fn is_probed(&self) -> bool {
        matches!(self.health.state, State::Initial | State::Healthy | State::Unhealthy)
    }

    pub(super) fn enter(&mut self, health: Health, now: Timestamp) {
        if self.health.state != health.state {
            self.since = now;
            self.passed = 0;
            self.failed = 0;
        }
        self.health = health;
    }
}

/// `TargetHealthStateEnum`, without the NLB's `unhealthy.draining`, which the emulator does not enter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    Initial,
    Healthy,
    Unhealthy,
    Unused,
    Draining,
    Unavailable,
}

/// State, reason code and description as `DescribeTargetHealth` gives them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Health {
    pub state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

impl Health {
    fn new(state: State, reason: &str, description: impl Into<String>) -> Self {
        Self { state, reason: Some(reason.into()), description: Some(description.into()) }
    }

    /// In service.
    pub fn healthy() -> Self {
        Self { state: State::Healthy, reason: None, description: None }
    }

    /// Registered, not yet probed.
    pub fn registering() -> Self {
        let text = "Target registration is in progress";
        Self::new(State::Initial, "Elb.RegistrationInProgress", text)
    }

    fn checking() -> Self {
        let text = "Initial health checks in progress";
        Self::new(State::Initial, "Elb.InitialHealthChecking", text)
    }

    /// Its group serves no load balancer.
    pub fn not_in_use() -> Self {
        let text = "Target group is not configured to receive traffic from the load balancer";
        Self::new(State::Unused, "Target.NotInUse", text)
    }

    /// Its group is used, but not in its zone.
    pub fn zone_not_enabled() -> Self {
        let text = "Target is in an Availability Zone that is not enabled for the load balancer";
        Self::new(State::Unused, "Target.NotInUse", text)
    }

    /// What is said of a target that nobody registered.
    pub fn not_registered() -> Self {
        let text = "Target is not registered to the target group";
        Self::new(State::Unused, "Target.NotRegistered", text)
    }

    /// Health checks are off: Lambda functions by default.
    pub fn disabled() -> Self {
        let text = "Health checks are disabled for this target group";
        Self::new(State::Unavailable, "Target.HealthCheckDisabled", text)
    }

    /// Deregistered, requests in flight may end.
    pub fn draining() -> Self {
        let text = "Target deregistration is in progress";
        Self::new(State::Draining, "Target.DeregistrationInProgress", text)
    }

    fn unhealthy(failure: &Failure) -> Self {
        let (reason, text) = match failure {
            Failure::Timeout => ("Target.Timeout", "Request timed out".to_owned()),
            Failure::Connection => ("Target.FailedHealthChecks", "Health checks failed".to_owned()),
            Failure::Code(code) => (
                "Target.ResponseCodeMismatch",
                format!("Health checks failed with these codes: [{code}]"),
            ),
        };
        Self::new(State::Unhealthy, reason, text)
    }
}

/// What one probe saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    Passed,
    Failed(Failure),
}

/// Why a probe failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// No answer within the health check's timeout.
    Timeout,
    /// No connection, or an answer that is none.
    Connection,
    /// A status code (HTTP or gRPC) that the matcher does not name.
    Code(u16),
}

impl Elbv2 {
    /// Takes one probe's result. A new target is healthy after its first passed probe (ALB guide, "Health
    /// checks for target groups") and unhealthy after `UnhealthyThresholdCount` failures; later the thresholds
    /// count both ways. Says whether the target's state moved; a target that is gone, unused or draining does not.
    pub fn report_health(
        &mut self,
        group: &str,
        id: &str,
        port: u16,
        probe: &Probe,
        now: Timestamp,
    ) -> bool {
        let Some(check) = self.target_groups.get(group).map(|found| found.health_check.clone())
        else {
            return false;
        };
        let targets = self.targets.get_mut(group).into_iter().flatten();
        let mut probed = targets.filter(|target| target.is_probed());
        let Some(target) = probed.find(|target| target.id == id && target.port == Some(port))
        else {
            return false;
        };
        let before = target.health.clone();
        absorb(target, probe, &check, now);
        before.state != target.health.state
    }

    /// Lets draining end where its time has come; true when a target left.
    pub fn end_draining(&mut self, now: Timestamp) -> bool {
        let mut left = false;
        for targets in self.targets.values_mut() {
            let before = targets.len();
            targets.retain(|target| target.draining_until.is_none_or(|until| now < until));
            left |= targets.len() < before;
        }
        left
    }
}

fn absorb(target: &mut Target, probe: &Probe, check: &HealthCheck, now: Timestamp) {
    match probe {
        Probe::Passed => {
            target.passed += 1;
            target.failed = 0;
            let first = target.health.state == State::Initial;
            if first || target.passed >= check.healthy_threshold {
                target.enter(Health::healthy(), now);
            }
        }
        Probe::Failed(failure) => {
            target.failed += 1;
            target.passed = 0;
            if target.health.state == State::Unhealthy || target.failed >= check.unhealthy_threshold
            {
                target.enter(Health::unhealthy(failure), now);
            } else if target.health.state == State::Initial {
                target.enter(Health::checking(), now);
            }
        }
    }
}

/// When draining that starts now ends.
pub(super) fn drains_until(now: Timestamp, seconds: i64) -> Timestamp {
    now + SignedDuration::from_secs(seconds)
}
