//! Who leads which half. In: flags, a client, and when to contend. Out: gates for those who write, and word of
//! what changes for the engine. Forbidden: writing anything but Leases.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use inroad_cluster::{Client, Gate, Leadership, LeaseSettings, lead};
use inroad_engine::live::Lead;
use tokio::{sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::{flags::Values, settings::Halves};

/// The lead of one half as it stands: there is none until it is contended for.
#[derive(Debug, Clone, Default)]
pub(super) struct Term(Arc<Mutex<Option<Leadership>>>);

impl Term {
    /// The question before each write of this half.
    pub(super) fn gate(&self) -> Gate {
        let term = self.clone();
        Arc::new(move || term.get().is_some_and(|leadership| leadership.may_write()))
    }

    fn get(&self) -> Option<Leadership> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, leadership: Option<Leadership>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = leadership;
    }
}

/// Both halves' terms.
#[derive(Debug, Clone, Default)]
pub(super) struct Terms {
    pub(super) balancers: Term,
    pub(super) dns: Term,
}

/// How a half is contended for.
struct Contest {
    client: Client,
    /// None: this process is the only one.
    lease: Option<LeaseSettings>,
    term: Term,
    stop: CancellationToken,
}

impl Terms {
    /// Begins to contend, until `stop`; what is returned ends when the Leases are given back. Where both halves
    /// work, DNS is led by whoever leads the load balancers: only there their names are known.
    ///
    /// # Errors
    /// Settings of which no Lease can be made.
    pub(super) fn contend(
        &self,
        (values, halves): (&Values, Halves),
        client: &Client,
        idle: &Gate,
        tell: watch::Sender<Lead>,
        stop: &CancellationToken,
    ) -> anyhow::Result<JoinHandle<()>> {
        let lease = |switch: &str, name: &str| -> anyhow::Result<Option<LeaseSettings>> {
            values.on(switch).then(|| settings(values, client, name, idle)).transpose()
        };
        let contest = |lease, term: &Term| Contest {
            client: client.clone(),
            lease,
            term: term.clone(),
            stop: stop.clone(),
        };
        let balancers =
            contest(lease("enable-leader-election", "leader-election-id")?, &self.balancers);
        let dns =
            contest(lease("dns-enable-leader-election", "dns-leader-election-id")?, &self.dns);
        Ok(tokio::spawn(async move {
            let dns_too = halves.dns.then_some(dns);
            match (halves.balancers, dns_too) {
                (true, dns) => both(balancers, dns, &tell).await,
                (false, Some(dns)) => {
                    let mut tell = |leads| tell_dns(&tell, leads);
                    dns.hold(&dns.stop, &mut tell).await;
                }
                (false, None) => {}
            }
        }))
    }
}

fn settings(
    values: &Values,
    client: &Client,
    name: &str,
    idle: &Gate,
) -> anyhow::Result<LeaseSettings> {
    let namespace = values.some("leader-election-namespace");
    let namespace = namespace.unwrap_or_else(|| client.default_namespace().to_owned());
    let id = values.some(name).with_context(|| format!("--{name} is empty"))?;
    info!(lease = %format!("{namespace}/{id}"), "contending");
    Ok(LeaseSettings::new(namespace, id).idle(idle.clone()))
}

fn tell_dns(tell: &watch::Sender<Lead>, leads: bool) {
    tell.send_modify(|lead| lead.dns = leads);
}

/// The second half is contended for only while the first is led.
async fn both(balancers: Contest, dns: Option<Contest>, tell: &watch::Sender<Lead>) {
    let (led, leads) = watch::channel(false);
    let first = async {
        let mut tell = |leads| {
            tell.send_modify(|lead| lead.balancers = leads);
            led.send_replace(leads);
        };
        balancers.hold(&balancers.stop, &mut tell).await;
    };
    let second = async {
        if let Some(dns) = &dns {
            follow(dns, leads, tell).await;
        }
    };
    futures::join!(first, second);
}

/// Contends whenever the other half is led, and gives up when it is not any more.
async fn follow(dns: &Contest, mut leads: watch::Receiver<bool>, tell: &watch::Sender<Lead>) {
    loop {
        tokio::select! {
            () = dns.stop.cancelled() => return,
            led = leads.wait_for(|leads| *leads) => if led.is_err() { return },
        }
        let lost = dns.stop.child_token();
        let mut tell = |leads| tell_dns(tell, leads);
        let term = dns.hold(&lost, &mut tell);
        let end = async {
            // Whoever led is gone altogether: then nobody leads either.
            let _ = leads.wait_for(|leads| !leads).await;
            lost.cancel();
        };
        futures::join!(term, end);
    }
}

impl Contest {
    /// Contends until `stop`, and then until the lease is given back.
    async fn hold(&self, stop: &CancellationToken, tell: &mut (dyn FnMut(bool) + Send)) {
        let Some(lease) = &self.lease else {
            self.term.set(Some(Leadership::always()));
            tell(true);
            stop.cancelled().await;
            tell(false);
            return;
        };
        let mut leadership =
            lead(self.client.clone(), lease.clone(), stop.clone().cancelled_owned());
        self.term.set(Some(leadership.clone()));
        loop {
            tell(leadership.leads());
            tokio::select! {
                () = stop.cancelled() => break,
                () = leadership.changed() => {}
            }
        }
        leadership.released().await;
        tell(false);
        self.term.set(None);
    }
}
