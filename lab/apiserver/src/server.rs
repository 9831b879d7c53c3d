//! The handle of a server: what a person with kubectl does, and what goes wrong.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::Instant};
use tower::service_fn;

use crate::{Place, faults::Script, patch, state::State};

/// An API server. Clones share everything.
#[derive(Debug, Clone)]
pub struct Server {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    state: Mutex<State>,
    /// Told after each change. Wakes in the order of waiting, so that a run can be repeated.
    news: Notify,
    began: Instant,
}

/// What the clock shows when a server begins: 2026-01-01T00:00:00Z.
const BEGINNING: i64 = 1_767_225_600;

impl Server {
    /// A server without objects, at the beginning of its time.
    pub fn new() -> Self {
        let state = Mutex::new(State { revision: 1, ..State::default() });
        Self { inner: Arc::new(Inner { state, news: Notify::new(), began: Instant::now() }) }
    }

    /// A real client whose every request is answered here.
    pub fn client(&self) -> kube::Client {
        let server = self.clone();
        kube::Client::new(service_fn(move |request| server.clone().answer(request)), "default")
    }

    /// Makes an object be as this says, as `kubectl apply` does: labels, annotations and everything beside
    /// `metadata` are replaced, `status` where it is given; finalizers and the rest of `metadata` stay.
    pub fn apply(&self, object: &Value) -> Value {
        let place = Place::of(object);
        let now = self.now();
        self.change(|state| match state.objects.get(&place).cloned() {
            None => state.create(&place, object.clone(), &now),
            Some(before) => {
                let mut after = object.clone();
                after["metadata"] = before["metadata"].clone();
                for key in ["labels", "annotations"] {
                    match object["metadata"].get(key) {
                        Some(said) => after["metadata"][key] = said.clone(),
                        None => {
                            drop(after["metadata"].as_object_mut().and_then(|it| it.remove(key)))
                        }
                    }
                }
                if let (Some(status), None) = (before.get("status"), after.get("status")) {
                    after["status"] = status.clone();
                }
                state.replace(&place, &before, after)
            }
        })
    }

    /// Merges a patch into an object (RFC 7396), status and finalizers included.
    pub fn merge(&self, place: &Place, by: &Value) {
        self.change(|state| {
            if let Some(before) = state.objects.get(place).cloned() {
                let mut after = before.clone();
                patch::merge(&mut after, by);
                state.replace(place, &before, after);
            }
        });
    }

    /// Deletes an object, as far as its finalizers let it go.
    pub fn delete(&self, place: &Place) {
        let now = self.now();
        // What is not there need not be deleted.
        self.change(|state| drop(state.delete(place, &json!({}), &now)));
    }

    /// An object as it is now.
    pub fn get(&self, place: &Place) -> Option<Value> {
        self.state().objects.get(place).cloned()
    }

    /// All objects of a collection (`networking.k8s.io/v1/ingresses`), by namespace and name.
    pub fn all(&self, collection: &str) -> Vec<Value> {
        let state = self.state();
        let all = state.objects.iter().filter(|(place, _)| place.collection == collection);
        all.map(|(_, object)| object.clone()).collect()
    }

    /// The number of the last change.
    pub fn revision(&self) -> u64 {
        self.state().revision
    }

    /// Whether a collection is known; all are until this says otherwise.
    pub fn serve(&self, collection: &str, served: bool) {
        self.change(|state| match served {
            true => drop(state.absent.remove(collection)),
            false => drop(state.absent.insert(collection.to_owned())),
        });
    }

    /// Puts a failure into force.
    pub fn script(&self, script: Script) {
        self.state().faults.scripts.push(script);
    }

    /// Ends everything that goes wrong. What was lost stays lost.
    pub fn heal(&self) {
        self.change(|state| {
            let cuts = state.faults.cuts;
            state.faults = crate::faults::Faults { cuts, ..Default::default() };
        });
    }

    /// Ends every watch, as a restart of the API server does.
    pub fn cut_watches(&self) {
        self.change(|state| state.faults.cuts += 1);
    }

    /// Forgets the history: a watch from an earlier revision gets 410.
    pub fn compact(&self) {
        self.change(|state| state.compacted = state.revision);
    }

    /// Answers lists of everything from so many revisions ago, as a replica that lags behind does; 0 ends it.
    pub fn lag_lists(&self, revisions: u64) {
        self.change(|state| state.faults.lists_lag = revisions);
    }

    /// Delivers events so much later.
    pub fn delay_events(&self, delay: Duration) {
        self.change(|state| state.faults.delay = delay);
    }

    /// Of several changes on their way to a watch delivers the last of each object only.
    pub fn coalesce_events(&self, coalesce: bool) {
        self.change(|state| state.faults.coalesce = coalesce);
    }

    /// Breaks this many watches when they have something to tell: it gets lost on the way, and who watches again
    /// from where it was is told again.
    pub fn lose_events(&self, watches: usize) {
        self.change(|state| state.faults.lose = watches);
    }

    /// The time, for timestamps.
    pub(crate) fn now(&self) -> String {
        let passed = i64::try_from(self.inner.began.elapsed().as_secs()).unwrap_or_default();
        jiff::Timestamp::from_second(BEGINNING + passed).unwrap_or_default().to_string()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn news(&self) -> &Notify {
        &self.inner.news
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.state());
        self.inner.news.notify_waiters();
        result
    }
}

impl Default for Server {
    fn default() -> Self {
        Self::new()
    }
}
