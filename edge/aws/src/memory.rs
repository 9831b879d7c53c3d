//! What is remembered of AWS's answers, so that nothing is asked twice in short order. All of it is a
//! cache: a lost entry costs a call. Time is tokio's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use inroad_words::Arn;
use inroad_words::facts::{Certificate, GroupFact, Subnet, Vpc};
use inroad_words::quota::Quota;
use ipnet::IpNet;
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// How long the network of a VPC is taken to stay as it is.
pub(crate) const NETWORK: Duration = Duration::from_secs(600);
/// Certificates come when somebody waits for them, and addresses move between interfaces.
pub(crate) const SHORT: Duration = Duration::from_secs(60);

/// What is remembered for all clones of a connection.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// ALBC's standard policy lacks `tag:GetResources`; once refused it is not asked again.
    pub(crate) tagging_denied: AtomicBool,
    /// Zone name -> kind of zone; a zone never changes its kind.
    pub(crate) zone_kinds: OnceCell<BTreeMap<String, String>>,
    /// By VPC id.
    pub(crate) vpcs: Kept<Vpc>,
    /// By VPC id.
    pub(crate) subnets: Kept<BTreeMap<String, Subnet>>,
    /// By nothing: the account's.
    pub(crate) certificates: Kept<BTreeMap<String, Certificate>>,
    /// By nothing: the authorities of the account's private certificates.
    pub(crate) authorities: Kept<BTreeMap<String, String>>,
    /// Trust stores by name.
    pub(crate) trust_stores: Kept<Arn>,
    /// By nothing: ARNs of the account's regional web ACLs, by name.
    pub(crate) web_acls: Kept<BTreeMap<String, String>>,
    /// Security groups by id.
    pub(crate) groups: Kept<GroupFact>,
    /// Interfaces by instance id, the primary one first.
    pub(crate) instances: Kept<Vec<Wearer>>,
    /// Interfaces by address, where no instance is known for it.
    pub(crate) addresses: Kept<Wearer>,
    /// ARNs of target groups by name.
    pub(crate) target_groups: Kept<String>,
    /// By nothing: the account's.
    pub(crate) limits: Kept<BTreeMap<Quota, usize>>,
    /// Quotas for whose sake AWS has refused something, by name.
    pub(crate) refused: Kept<()>,
    /// Target groups that this process has made and that nobody has looked at since: nothing is
    /// registered in them.
    pub(crate) empty: Mutex<BTreeSet<Arn>>,
    /// When something of an earlier attempt was last taken over: what it is may differ from what was
    /// asked for.
    pub(crate) adopted: Mutex<Option<Instant>>,
}

/// A network interface with what is needed to open ports on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wearer {
    /// `eni-…`.
    pub(crate) id: String,
    /// Ids of its security groups.
    pub(crate) groups: Vec<String>,
    /// Its addresses and prefixes.
    pub(crate) blocks: Vec<IpNet>,
}

impl Memory {
    /// Forgets everything that may have changed outside.
    pub(crate) fn forget(&self) {
        self.vpcs.clear();
        self.subnets.clear();
        self.certificates.clear();
        self.authorities.clear();
        self.trust_stores.clear();
        self.web_acls.clear();
        self.limits.clear();
        self.groups.clear();
        self.instances.clear();
        self.addresses.clear();
        self.target_groups.clear();
    }

    /// Something was taken over.
    pub(crate) fn adopt(&self) {
        *locked(&self.adopted) = Some(Instant::now());
    }

    /// Whether what stands may still differ from what was asked for: a check for drift has come by
    /// since, or has not.
    pub(crate) fn is_unsure(&self) -> bool {
        locked(&self.adopted).is_some_and(|at| at.elapsed() < 2 * NETWORK)
    }
}

/// Values by name, each for a while.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    all: Mutex<BTreeMap<String, (Instant, T)>>,
    /// One asks at a time: who comes second finds the answer.
    asking: tokio::sync::Mutex<()>,
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Self { all: Mutex::default(), asking: tokio::sync::Mutex::default() }
    }
}

impl<T: Clone> Kept<T> {
    /// What is not older than `ttl`.
    pub(crate) fn get(&self, name: &str, ttl: Duration) -> Option<T> {
        let all = locked(&self.all);
        let (at, value) = all.get(name)?;
        (at.elapsed() < ttl).then(|| value.clone())
    }

    /// Keeps values from now on. What nobody could use any more goes.
    pub(crate) fn put(&self, values: impl IntoIterator<Item = (String, T)>) {
        let now = Instant::now();
        let mut all = locked(&self.all);
        all.retain(|_, (at, _)| now.duration_since(*at) < NETWORK);
        all.extend(values.into_iter().map(|(name, value)| (name, (now, value))));
    }

    /// Forgets one of them.
    pub(crate) fn drop_one(&self, name: &str) {
        locked(&self.all).remove(name);
    }

    fn clear(&self) {
        locked(&self.all).clear();
    }

    /// What is remembered, else what `ask` says; an error is not remembered.
    pub(crate) async fn or_ask<E>(
        &self,
        name: &str,
        ttl: Duration,
        ask: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let _turn = self.asking.lock().await;
        if let Some(value) = self.get(name, ttl) {
            return Ok(value);
        }
        let value = Box::pin(ask).await?;
        self.put([(name.to_owned(), value.clone())]);
        Ok(value)
    }
}

pub(crate) fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
