//! The data plane as a whole: follows the account, opens and closes listeners as they come and go, and
//! says where everything is. In comes the emulated account, out go [`Endpoint`]s and DNS addresses.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use inroad_emulator::Emulator;
use inroad_emulator::dns::Addresses;
use inroad_emulator::elbv2::{Protocol, State};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::health;
use crate::listen::{self, Open};
use crate::model::{Balancer, Listener, Model};
use crate::place::{self, Places};
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

#[derive(Debug, Default)]
struct Published {
    generation: Option<u64>,
    endpoints: Vec<Endpoint>,
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
        let fleet = Fleet {
            served: served.clone(),
            addresses,
            places: Places::new(config.own_addresses, config.first_address),
            seats: BTreeMap::new(),
            tasks: (stop.clone(), tracker.clone()),
        };
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

/// All load balancers that have a place.
struct Fleet {
    served: Arc<Served>,
    addresses: Addresses,
    places: Places,
    /// By load balancer ARN.
    seats: BTreeMap<String, Seat>,
    tasks: (CancellationToken, TaskTracker),
}

struct Seat {
    dns_name: String,
    address: IpAddr,
    /// By listener ARN.
    listeners: BTreeMap<String, Listening>,
}

struct Listening {
    /// A change of these is another listener to the outside.
    port: u16,
    protocol: Protocol,
    open: Result<Open, String>,
}

impl Fleet {
    async fn run(mut self, publish: watch::Sender<Published>) {
        let stop = self.tasks.0.clone();
        let mut changes = self.served.emulator.subscribe();
        loop {
            changes.mark_unchanged();
            let model = self.served.current();
            self.follow(&model).await;
            let (generation, endpoints) = (Some(model.generation), self.endpoints(&model));
            publish.send_replace(Published { generation, endpoints });
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
        }
    }

    async fn follow(&mut self, model: &Model) {
        self.close_gone(model).await;
        for balancer in &model.balancers {
            let seated = self.seats.get(&balancer.arn);
            let missing: Vec<(&str, &Listener)> = model
                .listeners
                .iter()
                .filter(|(_, listener)| listener.balancer == balancer.arn)
                .filter(|(arn, _)| seated.is_none_or(|seat| !seat.listeners.contains_key(*arn)))
                .map(|(arn, listener)| (arn.as_str(), listener.as_ref()))
                .collect();
            self.open(balancer, &missing).await;
        }
    }

    async fn close_gone(&mut self, model: &Model) {
        let kept = |arn: &str, listening: &Listening| {
            let now = model.listeners.get(arn);
            now.is_some_and(|now| (now.port, now.protocol) == (listening.port, listening.protocol))
        };
        for seat in self.seats.values_mut() {
            let (stay, go) = std::mem::take(&mut seat.listeners)
                .into_iter()
                .partition(|(arn, listening)| kept(arn, listening));
            seat.listeners = stay;
            let go: BTreeMap<String, Listening> = go;
            for open in go.into_values().filter_map(|listening| listening.open.ok()) {
                open.close().await;
            }
        }
        let alive = |arn: &String| model.balancers.iter().any(|balancer| balancer.arn == *arn);
        for (_, seat) in self.seats.extract_if(.., |arn, _| !alive(arn)) {
            self.places.free(seat.address);
            self.addresses.remove(&seat.dns_name);
        }
    }

    /// Opens listeners. A load balancer's place is final with its first open listener, as its DNS name
    /// leads there.
    async fn open(&mut self, balancer: &Balancer, missing: &[(&str, &Listener)]) {
        let seat = match self.seats.get(&balancer.arn) {
            Some(seat) if missing.is_empty() || !seat.listeners.is_empty() => Some(seat.address),
            Some(seat) => {
                self.places.free(seat.address);
                None
            }
            None => None,
        };
        let ports: Vec<u16> = missing.iter().map(|(_, listener)| listener.port).collect();
        let (address, bound) = match seat {
            None => self.places.find(&ports).await,
            Some(address) => {
                let mut bound = Vec::new();
                for port in ports {
                    bound.push(place::bind_near(address, port).await);
                }
                (address, bound)
            }
        };
        self.addresses.set(&balancer.dns_name, vec![address]);
        let opened: Vec<_> = std::iter::zip(missing, bound)
            .map(|((arn, listener), socket)| {
                ((*arn).to_owned(), self.listen((arn, listener), socket))
            })
            .collect();
        let seat = self.seats.entry(balancer.arn.clone()).or_insert_with(|| Seat {
            dns_name: balancer.dns_name.clone(),
            address,
            listeners: BTreeMap::new(),
        });
        seat.address = address;
        seat.listeners.extend(opened);
    }

    fn listen(&self, of: (&str, &Listener), socket: io::Result<TcpListener>) -> Listening {
        let (port, protocol) = (of.1.port, of.1.protocol);
        let tasks = (self.tasks.0.child_token(), self.tasks.1.clone());
        let open = match protocol {
            Protocol::Http | Protocol::Https | Protocol::Tcp | Protocol::Tls => socket
                .and_then(|socket| listen::open(&self.served, of, socket, tasks))
                .map_err(|error| error.to_string()),
            other => Err(format!("{} is not served locally", name(other))),
        };
        Listening { port, protocol, open }
    }

    fn endpoints(&self, model: &Model) -> Vec<Endpoint> {
        let seated = model.balancers.iter().filter_map(|balancer| {
            let seat = self.seats.get(&balancer.arn)?;
            let mut listeners: Vec<_> = seat
                .listeners
                .values()
                .map(|listening| endpoint(seat.address, listening))
                .collect();
            listeners.sort_by(|a, b| (a.port, &a.protocol).cmp(&(b.port, &b.protocol)));
            Some(Endpoint {
                load_balancer_arn: balancer.arn.clone(),
                name: balancer.name.clone(),
                dns_name: balancer.dns_name.clone(),
                address: seat.address,
                listeners,
            })
        });
        seated.collect()
    }
}

fn endpoint(address: IpAddr, listening: &Listening) -> ListenerEndpoint {
    ListenerEndpoint {
        port: listening.port,
        protocol: name(listening.protocol),
        listen: listening
            .open
            .as_ref()
            .map_or_else(|_| SocketAddr::new(address, 0), |open| open.local),
        error: listening.open.as_ref().err().cloned(),
    }
}

/// The API's spelling.
fn name(protocol: Protocol) -> String {
    let value = serde_json::to_value(protocol).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}
