//! All open listeners: follows the account and opens and closes them as they come and go. In comes one
//! model after the other, out goes what is served where.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use inroad_emulator::dns::Addresses;
use inroad_emulator::elbv2::Protocol;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::listen::{self, Open};
use crate::model::{Balancer, Listener, Model};
use crate::place::{self, Bound, Places};
use crate::routes::TargetKey;
use crate::serve::Served;
use crate::traffic::{Endpoint, ListenerEndpoint, Published};

/// All load balancers that have a place.
pub(crate) struct Fleet {
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
    pub(crate) fn new(
        served: Arc<Served>,
        addresses: Addresses,
        places: Places,
        tasks: (CancellationToken, TaskTracker),
    ) -> Self {
        Self { served, addresses, places, seats: BTreeMap::new(), tasks }
    }

    /// Follows the account until it is stopped.
    pub(crate) async fn run(mut self, publish: watch::Sender<Published>) {
        let stop = self.tasks.0.clone();
        let mut changes = self.served.emulator.subscribe();
        loop {
            changes.mark_unchanged();
            let model = self.served.current();
            self.follow(&model).await;
            let (generation, endpoints) = (Some(model.generation), self.endpoints(&model));
            self.served.balancers_at(sockets(&endpoints));
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

    /// Opens listeners. A load balancer's place is final with its first listener, as its DNS name
    /// leads there.
    async fn open(&mut self, balancer: &Balancer, missing: &[(&str, &Listener)]) {
        let ports: Vec<u16> = missing.iter().map(|(_, listener)| listener.port).collect();
        let (address, bound) = self.bind(&balancer.arn, &ports).await;
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

    async fn bind(&mut self, balancer: &str, ports: &[u16]) -> (IpAddr, Bound) {
        match self.seats.get(balancer) {
            Some(seat) if ports.is_empty() || !seat.listeners.is_empty() => {
                let mut bound = Vec::new();
                for port in ports {
                    bound.push(place::bind_near(seat.address, *port).await);
                }
                return (seat.address, bound);
            }
            Some(seat) => self.places.free(seat.address),
            None => {}
        }
        self.places.find(ports).await
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

fn sockets(endpoints: &[Endpoint]) -> BTreeMap<TargetKey, SocketAddr> {
    let served = endpoints.iter().flat_map(|endpoint| {
        let open = endpoint.listeners.iter().filter(|listener| listener.error.is_none());
        open.map(|listener| ((endpoint.load_balancer_arn.clone(), listener.port), listener.listen))
    });
    served.collect()
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
