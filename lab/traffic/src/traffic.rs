//! The data plane as a whole: what is started, asked and stopped. In comes the emulated account, out go
//! [`Endpoint`]s and DNS addresses.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use inroad_emulator::Emulator;
use inroad_emulator::dns::Addresses;
use inroad_emulator::elbv2::State;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::fleet::Fleet;
use crate::health;
use crate::place::Places;
use crate::routes::Routes;
use crate::serve::Served;
use crate::upstream::Upstream;

/// How the data plane runs.
#[derive(Debug, Clone)]
pub struct Config {
    /// Whether load balancers get loopback addresses of their own; else all sit on 127.0.0.1.
    pub own_addresses: bool,
    /// The first of these addresses; the following ones are counted up from it.
    pub first_address: Ipv4Addr,
    /// How long to wait between two probes of a target that has settled; `None`: as long as its target
    /// group says.
    pub health_interval: Option<Duration>,
    /// How long to wait between two probes of a target whose state is about to be decided.
    pub health_hurry: Duration,
    /// How long a connection to a target may take; 10 seconds at an ALB.
    pub connect_timeout: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            own_addresses: true,
            first_address: Ipv4Addr::new(127, 65, 0, 1),
            health_interval: None,
            health_hurry: Duration::from_millis(100),
            connect_timeout: Duration::from_secs(10),
        }
    }
}

/// Where one load balancer is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    pub load_balancer_arn: String,
    pub name: String,
    pub dns_name: String,
    /// The address of all its listeners, and of its DNS name.
    pub address: IpAddr,
    /// By port.
    pub listeners: Vec<ListenerEndpoint>,
}

/// Where one listener is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerEndpoint {
    /// The port in AWS.
    pub port: u16,
    /// The protocol in AWS: `HTTP`, `HTTPS`, `TCP`, ...
    pub protocol: String,
    /// The socket here; its port is 0 where there is an error.
    pub listen: SocketAddr,
    /// Why it cannot be served.
    pub error: Option<String>,
}

/// A handle on the running data plane; a clone is the same one.
#[derive(Debug, Clone)]
pub struct Traffic {
    emulator: Emulator,
    published: watch::Receiver<Published>,
    tracker: TaskTracker,
}

/// What the fleet has made of the account, and of which generation of it.
#[derive(Debug, Default)]
pub(crate) struct Published {
    pub(crate) generation: Option<u64>,
    pub(crate) endpoints: Vec<Endpoint>,
}

impl Traffic {
    /// Starts to serve the account on the current runtime, until `stop` is cancelled. The account
    /// should not assume health (`Settings::assume_healthy`), as targets are probed.
    pub fn start(
        emulator: Emulator,
        addresses: Addresses,
        routes: Routes,
        config: Config,
        stop: CancellationToken,
    ) -> Self {
        let served = Served::new(emulator.clone(), routes, Upstream::new(config.connect_timeout));
        let (publish, published) = watch::channel(Published::default());
        let tracker = TaskTracker::new();
        let places = Places::new(config.own_addresses, config.first_address);
        let tasks = (stop.clone(), tracker.clone());
        let fleet = Fleet::new(served.clone(), addresses, places, tasks);
        tracker.spawn(fleet.run(publish));
        tracker.spawn(health::run(served, config, stop));
        tracker.close();
        Self { emulator, published, tracker }
    }

    /// Where each load balancer is served, in the order of their creation.
    pub fn endpoints(&self) -> Vec<Endpoint> {
        self.published.borrow().endpoints.clone()
    }

    /// Returns when the listeners of the account as it is at the call are open. False: the data plane
    /// has been stopped.
    pub async fn settled(&self) -> bool {
        let wanted = Some(*self.emulator.subscribe().borrow());
        let mut published = self.published.clone();
        published.wait_for(|published| published.generation >= wanted).await.is_ok()
    }

    /// Returns when no registered target is `initial` any more: each had its first health answer.
    /// False: the data plane has been stopped.
    pub async fn health_settled(&self) -> bool {
        let mut changes = self.emulator.subscribe();
        loop {
            let waits = {
                let account = self.emulator.account();
                let mut targets = account.elbv2.targets.values().flatten();
                targets.any(|target| target.health.state == State::Initial)
            };
            if !waits {
                return true;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.tracker.wait() => return false,
            }
        }
    }

    /// Returns when everything has ended after the stop: the exchanges under way too.
    pub async fn stopped(&self) {
        self.tracker.wait().await;
    }
}
