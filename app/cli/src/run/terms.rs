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
        let lease = |switch: &str, name: &str, may: &Gate| -> anyhow::Result<_> {
            values.on(switch).then(|| settings(values, client, name, may)).transpose()
        };
        let contest = |lease, term: &Term| Contest {
            client: client.clone(),
            lease,
            term: term.clone(),
            stop: stop.clone(),
        };
        let (led, leads) = watch::channel(false);
        let may_dns = match halves.balancers {
            true => after(leads.clone(), idle.clone()),
            false => idle.clone(),
        };
        let balancers = lease("enable-leader-election", "leader-election-id", idle)?;
        let balancers = contest(balancers, &self.balancers);
        let dns = lease("dns-enable-leader-election", "dns-leader-election-id", &may_dns)?;
        let dns = halves.dns.then_some(contest(dns, &self.dns));
        Ok(tokio::spawn(async move {
            match (halves.balancers, dns) {
                (true, dns) => both(balancers, dns, &tell, (led, leads)).await,
                (false, Some(dns)) => {
                    let mut tell = |leads| tell_dns(&tell, leads);
                    dns.hold(&dns.stop, &mut tell).await;
                }
                (false, None) => {}
            }
        }))
    }
}

/// The second half's lease is looked at from the beginning and taken only while the first half is led: who
/// takes over from a dead leader has then waited for both leases at once.
fn after(leads: watch::Receiver<bool>, idle: Gate) -> Gate {
    Arc::new(move || *leads.borrow() && idle())
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
async fn both(
    balancers: Contest,
    dns: Option<Contest>,
    tell: &watch::Sender<Lead>,
    (led, leads): (watch::Sender<bool>, watch::Receiver<bool>),
) {
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

/// Contends for as long as the other half is led, and gives up when it is not any more.
async fn follow(dns: &Contest, leads: watch::Receiver<bool>, tell: &watch::Sender<Lead>) {
    while !dns.stop.is_cancelled() {
        let lost = dns.stop.child_token();
        let mut tell = |leads| tell_dns(tell, leads);
        let term = async {
            let mut leads = leads.clone();
            let begun = dns.lease.is_some() || reaches(&mut leads, true, &lost).await;
            if begun {
                dns.hold(&lost, &mut tell).await;
            }
        };
        let mut leads = leads.clone();
        let end = async {
            if reaches(&mut leads, true, &lost).await {
                reaches(&mut leads, false, &lost).await;
            }
            lost.cancel();
        };
        futures::join!(term, end);
    }
}

/// Waits until the other half is led, or is not; false where this was told to stop before.
async fn reaches(leads: &mut watch::Receiver<bool>, led: bool, stop: &CancellationToken) -> bool {
    tokio::select! {
        () = stop.cancelled() => false,
        // Whoever led is gone altogether: then nobody leads either.
        now = leads.wait_for(|now| *now == led) => now.is_ok(),
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
