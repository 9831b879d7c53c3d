//! Who may write: a Lease (`coordination.k8s.io/v1`) with the semantics of client-go's leader election, so
//! that a replica of ours and one of the peer's never write together. In: a client and the lease's name.
//! Out: a [`Leadership`] to ask before each write. Forbidden: trusting anybody else's clock.

mod candidate;
mod settings;

use std::{
    future::Future,
    sync::{Arc, Mutex},
    time::{Duration, SystemTime},
};

use kube::Client;
use tokio::{sync::watch, time::Instant};

use candidate::Candidate;

pub use settings::{LeaseSettings, TimingError};

/// Asked right before every request that changes something: whether it may be sent.
pub type Gate = Arc<dyn Fn() -> bool + Send + Sync>;

/// The Lease that AWS Load Balancer Controller holds, and our half that takes its place.
pub const BALANCERS_LEASE: &str = "aws-load-balancer-controller-leader";
/// The Lease of the half that writes DNS. ExternalDNS has none.
pub const DNS_LEASE: &str = "inroad-dns-leader";

/// Whether this replica leads. Cheap to clone; all clones tell of the same lease.
#[derive(Debug, Clone)]
pub struct Leadership {
    leads: watch::Receiver<bool>,
    until: Arc<Until>,
}

/// Starts to contend for a lease, and holds it until `stop` is done; then it is given back, so that
/// somebody else need not wait for it to expire. `stop` must come only after the last write.
///
/// The client must not repeat requests by itself (`kube::Config::default_retry` off).
pub fn lead(
    client: Client,
    settings: LeaseSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Leadership {
    let (leadership, contest) = contend(client, settings, stop);
    tokio::spawn(contest);
    leadership
}

/// The same with the contest as a future, for whoever decides when it may go on.
pub fn contend<S>(
    client: Client,
    settings: LeaseSettings,
    stop: S,
) -> (Leadership, impl Future<Output = ()> + use<S>)
where
    S: Future<Output = ()> + Send + 'static,
{
    let (tell, leads) = watch::channel(false);
    let until = Arc::new(Until::default());
    let candidate = Candidate::new(client, settings, Arc::clone(&until), tell);
    (Leadership { leads, until }, candidate.run(stop))
}

impl Leadership {
    /// For a process that is alone by other means.
    pub fn always() -> Self {
        let until = Until::default();
        until.set(Some(Limit::Never));
        Self { leads: watch::channel(true).1, until: Arc::new(until) }
    }

    /// Whether a write may be sent now. By own clocks alone: false as soon as the last successful renewal was
    /// begun longer ago than the renew deadline, whatever else this process has noticed by then.
    pub fn may_write(&self) -> bool {
        self.until.is_open()
    }

    /// Whether this replica held the lease when it last looked. For telling people; writes ask
    /// [`Self::may_write`].
    pub fn leads(&self) -> bool {
        *self.leads.borrow()
    }

    /// Waits until the lease was won or lost since this was last asked. After it was lost somebody else may
    /// have written: what is remembered is not to be trusted.
    pub async fn changed(&mut self) {
        if self.leads.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until nobody contends any more and the lease is given back; see [`lead`]'s `stop`.
    pub async fn released(&mut self) {
        while self.leads.changed().await.is_ok() {}
    }

    /// The question before each write, to be handed to those who write.
    pub fn gate(&self) -> Gate {
        let until = Arc::clone(&self.until);
        Arc::new(move || until.is_open())
    }
}

/// Until when writes may be sent.
#[derive(Debug, Default)]
struct Until(Mutex<Option<Limit>>);

/// A moment on both clocks: the monotonic one stands still while the machine is suspended, the other one
/// may be set back. Writes end with whichever comes first.
#[derive(Debug, Clone, Copy)]
enum Limit {
    Never,
    At(Instant, SystemTime),
}

impl Limit {
    /// `after` this moment.
    fn after(after: Duration) -> Self {
        Limit::At(Instant::now() + after, SystemTime::now() + after)
    }

    fn is_ahead(self) -> bool {
        match self {
            Limit::Never => true,
            Limit::At(instant, time) => Instant::now() < instant && SystemTime::now() < time,
        }
    }
}

impl Until {
    fn set(&self, limit: Option<Limit>) {
        *self.lock() = limit;
    }

    fn is_open(&self) -> bool {
        self.lock().is_some_and(Limit::is_ahead)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Limit>> {
        // One word is written at a time: it cannot be half written.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}
