//! Where a target's address leads on this machine: a real local socket. It is the local mode's table and
//! no part of AWS state; the data plane and the health prober ask it for each connection.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::watch;

/// A target as ELBv2 names it: instance id or IP address, and port.
pub type TargetKey = (String, u16);

/// The shared table: a clone is the same one. One target may lead to several sockets (a node's port leads
/// to all pods of its Service); they take turns.
#[derive(Debug, Clone)]
pub struct Routes {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    table: RwLock<BTreeMap<TargetKey, Vec<SocketAddr>>>,
    turn: AtomicUsize,
    changed: watch::Sender<u64>,
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

impl Routes {
    /// An empty table: no target can be reached.
    pub fn new() -> Self {
        let (table, turn) = (RwLock::default(), AtomicUsize::new(0));
        Self { inner: Arc::new(Inner { table, turn, changed: watch::Sender::new(0) }) }
    }

    /// Says where one target leads; no socket at all makes it unreachable.
    pub fn set(&self, id: impl Into<String>, port: u16, sockets: Vec<SocketAddr>) {
        let mut table = self.inner.table.write().unwrap_or_else(PoisonError::into_inner);
        table.insert((id.into(), port), sockets);
        drop(table);
        self.inner.changed.send_modify(|generation| *generation += 1);
    }

    /// Puts another table in the place of all that was said before. A table that says the same wakes
    /// nobody.
    pub fn replace_all(&self, next: BTreeMap<TargetKey, Vec<SocketAddr>>) {
        let mut table = self.inner.table.write().unwrap_or_else(PoisonError::into_inner);
        if *table == next {
            return;
        }
        *table = next;
        drop(table);
        self.inner.changed.send_modify(|generation| *generation += 1);
    }

    /// The socket whose turn it is; `None`: nobody is there.
    pub fn resolve(&self, id: &str, port: u16) -> Option<SocketAddr> {
        let table = self.inner.table.read().unwrap_or_else(PoisonError::into_inner);
        let sockets = table.get(&(id.to_owned(), port)).filter(|sockets| !sockets.is_empty())?;
        let turn = self.inner.turn.fetch_add(1, Ordering::Relaxed);
        Some(sockets[turn % sockets.len()])
    }

    /// Wakes after each change, so that health is asked again at once.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.inner.changed.subscribe()
    }
}
