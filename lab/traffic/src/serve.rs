//! What all connections share: the account's present state, compiled when it has moved; where targets
//! lead; whose turn it is.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use inroad_emulator::Emulator;
use tokio::sync::watch;

use crate::balance::Turns;
use crate::model::Model;
use crate::routes::{Routes, TargetKey};
use crate::tls::Keys;
use crate::upstream::Upstream;

#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) emulator: Emulator,
    pub(crate) routes: Routes,
    pub(crate) turns: Turns,
    pub(crate) upstream: Upstream,
    /// Where the account's own load balancers listen: targets of type `alb`, by ARN and port.
    balancers: RwLock<BTreeMap<TargetKey, SocketAddr>>,
    generation: watch::Receiver<u64>,
    compiled: RwLock<Option<Arc<Model>>>,
    keys: Mutex<Keys>,
}

impl Served {
    pub(crate) fn new(emulator: Emulator, routes: Routes, upstream: Upstream) -> Arc<Self> {
        let generation = emulator.subscribe();
        Arc::new(Self {
            emulator,
            routes,
            turns: Turns::default(),
            upstream,
            balancers: RwLock::default(),
            generation,
            compiled: RwLock::default(),
            keys: Mutex::default(),
        })
    }

    /// The account as it is now. A call that has returned is seen by the next request; the account
    /// itself is locked only when it has changed since the last one.
    pub(crate) fn current(&self) -> Arc<Model> {
        let generation = *self.generation.borrow();
        if let Some(model) = self.at(generation) {
            return model;
        }
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(model) = self.at(generation) {
            return model;
        }
        // The state may be younger than the generation that was read before: then it is compiled
        // once more, never missed.
        let model = Arc::new(Model::compile(&self.emulator.account(), generation, &mut keys));
        *self.compiled.write().unwrap_or_else(PoisonError::into_inner) = Some(model.clone());
        model
    }

    /// The socket behind a target; `None`: nobody is there.
    pub(crate) fn resolve(&self, id: &str, port: u16) -> Option<SocketAddr> {
        let balancers = self.balancers.read().unwrap_or_else(PoisonError::into_inner);
        let own = balancers.get(&(id.to_owned(), port)).copied();
        own.or_else(|| self.routes.resolve(id, port))
    }

    /// Says where the account's own load balancers listen now.
    pub(crate) fn balancers_at(&self, sockets: BTreeMap<TargetKey, SocketAddr>) {
        *self.balancers.write().unwrap_or_else(PoisonError::into_inner) = sockets;
    }

    fn at(&self, generation: u64) -> Option<Arc<Model>> {
        let compiled = self.compiled.read().unwrap_or_else(PoisonError::into_inner);
        compiled.as_ref().filter(|model| model.generation >= generation).cloned()
    }
}
