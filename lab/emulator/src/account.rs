//! The state of one account in one region, and the handle that everybody shares.

use std::sync::{Arc, Mutex, MutexGuard};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::watch;

use crate::faults::Director;
use crate::{Fault, acm, ec2, elbv2, route53, sts, tagging, wafv2};

/// Service quotas, by default AWS's own defaults. Exceeding one is the API's own error.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Quotas {
    pub load_balancers: usize,
    pub target_groups: usize,
    pub target_groups_per_load_balancer: usize,
    pub listeners_per_load_balancer: usize,
    /// Rules of one load balancer, default rules not counted.
    pub rules_per_load_balancer: usize,
    pub certificates_per_load_balancer: usize,
    pub targets_per_target_group: usize,
    pub targets_per_load_balancer: usize,
    /// How often one target may be registered on a load balancer, over all groups and ports.
    pub registrations_per_target: usize,
    pub condition_values_per_rule: usize,
    pub condition_wildcards_per_rule: usize,
    pub rules_per_security_group: usize,
    pub security_groups_per_interface: usize,
    pub tags_per_resource: usize,
    pub route53: route53::Quotas,
}

impl Default for Quotas {
    fn default() -> Self {
        Self {
            load_balancers: 50,
            target_groups: 3000,
            target_groups_per_load_balancer: 100,
            listeners_per_load_balancer: 50,
            rules_per_load_balancer: 100,
            certificates_per_load_balancer: 25,
            targets_per_target_group: 1000,
            targets_per_load_balancer: 1000,
            registrations_per_target: 1000,
            condition_values_per_rule: 5,
            condition_wildcards_per_rule: 6,
            rules_per_security_group: 60,
            security_groups_per_interface: 5,
            tags_per_resource: 50,
            route53: route53::Quotas::default(),
        }
    }
}

/// How the account behaves where AWS's behaviour is a matter of time or of limits.
#[derive(Debug, Clone)]
pub struct Settings {
    pub region: String,
    pub account_id: String,
    pub quotas: Quotas,
    /// How long a new load balancer stays `provisioning`.
    pub provisioning: SignedDuration,
    /// True: nobody probes, a registered target in use is healthy at once. False: the data plane
    /// reports each probe with [`elbv2::Elbv2::report_health`].
    pub assume_healthy: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "us-west-2".into(),
            account_id: "000000000000".into(),
            quotas: Quotas::default(),
            provisioning: SignedDuration::ZERO,
            assume_healthy: true,
        }
    }
}

/// Everything that the account holds. Operations take `&mut Account`, so one that spans services (a
/// load balancer's network interfaces, a group still in use) needs no back channel.
#[derive(Debug)]
pub struct Account {
    pub settings: Settings,
    /// The time of the operation in hand; set by [`Emulator::call`] before each.
    pub now: Timestamp,
    pub ec2: ec2::Ec2,
    pub elbv2: elbv2::Elbv2,
    pub route53: route53::Route53,
    pub acm: acm::Acm,
    pub wafv2: wafv2::Wafv2,
    /// How many ids were made; kept in snapshots, so that none is made twice.
    pub(crate) next_id: u64,
}

impl Account {
    fn new(settings: Settings) -> Self {
        Self {
            settings,
            now: Timestamp::UNIX_EPOCH,
            ec2: Default::default(),
            elbv2: Default::default(),
            route53: Default::default(),
            acm: Default::default(),
            wafv2: Default::default(),
            next_id: 0,
        }
    }

    /// A fresh id of `len` (at most 64) hex digits, unique in this account, the same in every run.
    pub fn fresh_hex(&mut self, len: usize) -> String {
        use sha2::Digest;
        self.next_id += 1;
        let digest = sha2::Sha256::digest(format!("inroad-emulator/{}", self.next_id));
        hex::encode(digest)[..len.min(64)].to_owned()
    }

    /// One operation of one service on trees keyed by the API's member names.
    /// Input scalars have the model's types (numbers, booleans, strings); output members that the model
    /// does not know are a bug that the wire reports.
    pub fn dispatch(
        &mut self,
        service: &str,
        operation: &str,
        input: &Value,
    ) -> Result<Value, Fault> {
        match service {
            "ec2" => ec2::call(self, operation, input),
            "elasticloadbalancing" => elbv2::call(self, operation, input),
            "route53" => route53::call(self, operation, input),
            "acm" => acm::call(self, operation, input),
            "tagging" => tagging::call(self, operation, input),
            "sts" => sts::call(self, operation, input),
            "wafv2" => wafv2::call(self, operation, input),
            other => Err(Fault::new("UnknownService", format!("no service {other} here"))),
        }
    }
}

/// What time it is here.
#[derive(Debug, Default)]
struct Clock {
    /// Where the time stands still; `None`: it passes as on the wall.
    stopped: Option<Timestamp>,
    /// Added to it, so that a test can let draining or provisioning end at once.
    skew: SignedDuration,
}

/// The shared handle: cheap to clone, one lock around the account, a counter that moves with each write.
#[derive(Debug, Clone)]
pub struct Emulator {
    account: Arc<Mutex<Account>>,
    changed: watch::Sender<u64>,
    clock: Arc<Mutex<Clock>>,
    pub(crate) director: Arc<Mutex<Director>>,
}

impl Emulator {
    pub fn new(settings: Settings) -> Self {
        Self {
            account: Arc::new(Mutex::new(Account::new(settings))),
            changed: watch::Sender::new(0),
            clock: Arc::default(),
            director: Arc::default(),
        }
    }

    /// The emulated time.
    pub fn now(&self) -> Timestamp {
        let clock = self.clock();
        clock.stopped.unwrap_or_else(Timestamp::now) + clock.skew
    }

    /// Stops the emulated time here: from now on only this and [`Emulator::advance`] move it.
    pub fn stop_clock(&self, at: Timestamp) {
        self.clock().stopped = Some(at);
    }

    fn clock(&self) -> MutexGuard<'_, Clock> {
        self.clock.lock().expect("no holder of this lock panics")
    }

    /// Moves the emulated time forward.
    pub fn advance(&self, by: SignedDuration) {
        self.clock().skew += by;
        self.touched();
    }

    /// The account, for reading and for seeding. Call [`Emulator::touched`] after a write.
    pub fn account(&self) -> MutexGuard<'_, Account> {
        let mut account = self.account.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        account.now = self.now();
        account
    }

    /// Tells the subscribers that the state has moved.
    pub fn touched(&self) {
        self.changed.send_modify(|generation| *generation += 1);
    }

    /// Wakes after each change of state.
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }
}
