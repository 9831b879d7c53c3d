//! Where load balancers sit on this machine: a loopback address of their own with the real ports of their
//! listeners where the system allows it, else 127.0.0.1 with free ports. In comes what is asked for, out
//! go bound sockets.

use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use tokio::net::TcpListener;

/// How many addresses are tried for one load balancer before it gets 127.0.0.1.
const ADDRESSES: usize = 64;
/// How many ports after the first choice are tried before the system chooses.
const PORTS: u16 = 64;
/// Ports below belong to the administrator on most systems.
const UNPRIVILEGED: u16 = 1024;
/// Where a privileged port is looked for instead: 80 at 8080, 443 at 8443.
const SHIFT: u16 = 8000;

/// A bound socket for each port asked for, in their order, all on one address.
pub(crate) type Bound = Vec<io::Result<TcpListener>>;

/// The addresses to choose from.
#[derive(Debug)]
pub(crate) struct Places {
    /// False: every load balancer sits on 127.0.0.1.
    own: bool,
    first: Ipv4Addr,
    taken: BTreeSet<IpAddr>,
}

impl Places {
    pub(crate) fn new(own: bool, first: Ipv4Addr) -> Self {
        Self { own, first, taken: BTreeSet::new() }
    }

    /// A place for a load balancer whose listeners have these ports. The lowest address of its own on
    /// which all of them can be bound, else 127.0.0.1.
    pub(crate) async fn find(&mut self, ports: &[u16]) -> (IpAddr, Bound) {
        for address in self.candidates() {
            match bind_all(address, ports).await {
                Ok(sockets) => {
                    self.taken.insert(address);
                    return (address, sockets.into_iter().map(Ok).collect());
                }
                // Somebody else sits here: perhaps on this address only.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                // The system says no to all of them.
                Err(_) => break,
            }
        }
        let address = IpAddr::from(Ipv4Addr::LOCALHOST);
        let mut bound = Vec::new();
        for port in ports {
            bound.push(bind_near(address, *port).await);
        }
        (address, bound)
    }

    /// Gives an address back.
    pub(crate) fn free(&mut self, address: IpAddr) {
        self.taken.remove(&address);
    }

    fn candidates(&self) -> Vec<IpAddr> {
        let first = u32::from(self.first);
        let all = (first..).map(Ipv4Addr::from).take_while(Ipv4Addr::is_loopback);
        let free = all.map(IpAddr::from).filter(|address| !self.taken.contains(address));
        free.take(if self.own { ADDRESSES } else { 0 }).collect()
    }
}

/// A socket on the port itself, else on a port that is easy to guess, else on any.
pub(crate) async fn bind_near(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    if let Ok(socket) = TcpListener::bind(SocketAddr::new(address, port)).await {
        return Ok(socket);
    }
    let start = if port < UNPRIVILEGED { port + SHIFT } else { port };
    for near in start..=start.saturating_add(PORTS) {
        if let Ok(socket) = TcpListener::bind(SocketAddr::new(address, near)).await {
            return Ok(socket);
        }
    }
    TcpListener::bind(SocketAddr::new(address, 0)).await
}

/// All ports or none. Without ports, a free one shows whether the address can be had at all.
async fn bind_all(address: IpAddr, ports: &[u16]) -> io::Result<Vec<TcpListener>> {
    if ports.is_empty() {
        TcpListener::bind(SocketAddr::new(address, 0)).await?;
    }
    let mut sockets = Vec::new();
    for port in ports {
        sockets.push(TcpListener::bind(SocketAddr::new(address, *port)).await?);
    }
    Ok(sockets)
}
