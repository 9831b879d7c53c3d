//! One replica that wants a lease: it looks, takes, renews, loses and gives back.

use std::{future::Future, sync::Arc, time::Duration};

use k8s_openapi::{
    api::coordination::v1::{Lease, LeaseSpec},
    apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta},
    jiff::Timestamp,
};
use kube::{Api, Client, api::PostParams};
use tokio::{sync::watch, time::Instant};
use tracing::{info, warn};

use super::{LeaseSettings, Limit, Until, settings::JITTER};

/// The lease as this process saw it last.
struct Seen {
    lease: Lease,
    /// When its content was seen for the first time, by the own clock: a remote time is never compared.
    at: Instant,
}

/// What an attempt to take or renew came to.
enum Attempt {
    /// We hold it, until this.
    Held(Limit),
    /// Somebody else holds it.
    Taken,
    /// Nobody knows.
    Failed(String),
}

pub(super) struct Candidate {
    api: Api<Lease>,
    settings: LeaseSettings,
    seen: Option<Seen>,
    until: Arc<Until>,
    tell: watch::Sender<bool>,
}

impl Candidate {
    pub(super) fn new(
        client: Client,
        settings: LeaseSettings,
        until: Arc<Until>,
        tell: watch::Sender<bool>,
    ) -> Self {
        let api = Api::namespaced(client, &settings.namespace);
        Self { api, settings, seen: None, until, tell }
    }

    /// Contends, holds, loses, and contends again, until `stop`.
    pub(super) async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = self.term() => {}
            }
        }
        let led = *self.tell.borrow();
        self.close();
        if led {
            self.release().await;
        }
    }

    /// From the first attempt to the loss of the lease.
    async fn term(&mut self) {
        while !(self.settings.idle)() {
            // For how long the holder has been silent counts from here.
            let patience = self.settings.deadline / 2;
            if let Ok(Err(error)) = tokio::time::timeout(patience, self.look()).await {
                warn!(lease = self.settings.name, %error, "not looked at");
            }
            tokio::time::sleep(self.settings.retry).await;
        }
        loop {
            match self.attempt().await {
                Attempt::Held(limit) => break self.open(limit),
                Attempt::Taken => {}
                Attempt::Failed(why) => warn!(lease = self.settings.name, why, "not acquired"),
            }
            let stretch = 1.0 + fastrand::f64() * JITTER;
            tokio::time::sleep(self.settings.retry.mul_f64(stretch)).await;
        }
        info!(lease = self.settings.name, identity = self.settings.identity, "leading");
        self.hold().await;
        self.close();
        warn!(lease = self.settings.name, "lost");
    }

    /// Renews until somebody else holds the lease, or the deadline passes.
    async fn hold(&mut self) {
        while self.until.is_open() {
            tokio::time::sleep(self.settings.retry).await;
            // After a pause the lease may be anybody's: this term is over, whatever the API says now.
            if !self.until.is_open() {
                return;
            }
            match self.attempt().await {
                Attempt::Held(limit) => self.open(limit),
                Attempt::Taken => return,
                Attempt::Failed(why) => warn!(lease = self.settings.name, why, "not renewed"),
            }
        }
    }

    fn open(&self, limit: Limit) {
        self.until.set(Some(limit));
        self.tell.send_if_modified(|leads| !std::mem::replace(leads, true));
    }

    fn close(&self) {
        self.until.set(None);
        self.tell.send_if_modified(|leads| std::mem::replace(leads, false));
    }

    /// Takes or renews the lease, once. The time that counts is that before the request was sent.
    async fn attempt(&mut self) -> Attempt {
        let limit = Limit::after(self.settings.deadline);
        let patience = self.settings.deadline / 2;
        match tokio::time::timeout(patience, self.take()).await {
            Ok(Ok(true)) => Attempt::Held(limit),
            Ok(Ok(false)) => Attempt::Taken,
            Ok(Err(error)) => Attempt::Failed(error.to_string()),
            Err(_) => Attempt::Failed(format!("no answer within {patience:?}")),
        }
    }

    async fn take(&mut self) -> kube::Result<bool> {
        // What is ours is renewed unseen; a conflict then says that it is worth a look. What was ours before
        // a silence may be anybody's.
        if self.holds() && self.until.is_open() {
            match self.write().await {
                Err(error) if is_conflict(&error) => {}
                other => return other.map(|()| true),
            }
        }
        self.look().await?;
        if !self.holds() && self.is_valid() {
            return Ok(false);
        }
        match self.write().await {
            // Somebody was faster.
            Err(error) if is_conflict(&error) => Ok(false),
            other => other.map(|()| true),
        }
    }

    /// Reads the lease. The time of seeing it moves only with its content.
    async fn look(&mut self) -> kube::Result<()> {
        let found = self.api.get_opt(&self.settings.name).await?;
        self.seen = found.map(|lease| {
            let same = self.seen.as_ref().filter(|seen| seen.lease.spec == lease.spec);
            let at = same.map_or_else(Instant::now, |seen| seen.at);
            Seen { lease, at }
        });
        Ok(())
    }

    fn spec(&self) -> Option<&LeaseSpec> {
        self.seen.as_ref()?.lease.spec.as_ref()
    }

    fn holder(&self) -> Option<&str> {
        self.spec()?.holder_identity.as_deref().filter(|holder| !holder.is_empty())
    }

    fn holds(&self) -> bool {
        self.holder() == Some(self.settings.identity.as_str())
    }

    /// Whether somebody holds the lease and has not been silent for longer than the lease says.
    fn is_valid(&self) -> bool {
        let (Some(seen), Some(_)) = (&self.seen, self.holder()) else { return false };
        let said = self.spec().and_then(|spec| spec.lease_duration_seconds);
        let said = said.and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs);
        Instant::now() < seen.at + said.unwrap_or(self.settings.duration)
    }

    /// Writes our name down, on condition that the lease is as it was seen.
    async fn write(&mut self) -> kube::Result<()> {
        let now = MicroTime(Timestamp::now());
        let before = self.spec();
        let transitions = before.and_then(|spec| spec.lease_transitions).unwrap_or(0);
        let spec = LeaseSpec {
            holder_identity: Some(self.settings.identity.clone()),
            lease_duration_seconds: i32::try_from(self.settings.duration.as_secs()).ok(),
            renew_time: Some(now.clone()),
            acquire_time: match self.holds() {
                true => before.and_then(|spec| spec.acquire_time.clone()),
                false => Some(now),
            },
            lease_transitions: Some(match (self.holds(), before) {
                (false, Some(_)) => transitions.saturating_add(1),
                _ => transitions,
            }),
            ..before.cloned().unwrap_or_default()
        };
        self.put(spec).await
    }

    async fn put(&mut self, spec: LeaseSpec) -> kube::Result<()> {
        let (name, params) = (self.settings.name.clone(), PostParams::default());
        let lease = match &self.seen {
            Some(seen) => {
                let lease = Lease { spec: Some(spec), ..seen.lease.clone() };
                self.api.replace(&name, &params, &lease).await?
            }
            None => {
                let metadata = ObjectMeta { name: Some(name), ..ObjectMeta::default() };
                let lease = Lease { metadata, spec: Some(spec) };
                self.api.create(&params, &lease).await?
            }
        };
        self.seen = Some(Seen { lease, at: Instant::now() });
        Ok(())
    }

    /// Gives the lease back: an empty holder, and a duration of a second for those who look only at that.
    async fn release(&mut self) {
        let (deadline, name) = (self.settings.deadline, self.settings.name.clone());
        let given_back = async {
            // A renewal may have been cut off on its way: what was seen last need not be what stands.
            self.look().await?;
            if !self.holds() {
                return Ok(());
            }
            let now = Some(MicroTime(Timestamp::now()));
            let spec = LeaseSpec {
                holder_identity: Some(String::new()),
                lease_duration_seconds: Some(1),
                renew_time: now.clone(),
                acquire_time: now,
                ..self.spec().cloned().unwrap_or_default()
            };
            self.put(spec).await
        };
        match tokio::time::timeout(deadline, given_back).await {
            Ok(Ok(())) => info!(lease = name, "given back"),
            Ok(Err(error)) => warn!(lease = name, %error, "not given back"),
            Err(_) => warn!(lease = name, "not given back in time"),
        }
    }
}

/// 409, by somebody else's change or creation.
fn is_conflict(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Api(status) if status.code == 409)
}
