//! What inroad writes into the cluster: finalizers, the statuses of Ingresses and Services, Events, TargetGroupBindings.
//! In: plain data of `core`. Out: requests to the API server, each only while the gate is open. Forbidden:
//! deciding what is to be written, and creating objects to talk to ourselves.

mod binding;
mod error;
mod event;
mod finalizer;
mod recorder;
mod status;

use std::{future::Future, time::Duration};

use inroad_words::ObjectKey;
use kube::{
    Api, Client,
    api::{DynamicObject, PatchParams},
};

use crate::{kinds::resource, lease::Gate};

pub use error::WriteError;
pub use status::{standing, standing_service};

/// How long one request may take; the API server itself gives up after a minute.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a write is made again on an object that somebody else changed in between.
const ATTEMPTS: u32 = 5;
/// What a conflict is waited out for, times the attempt.
const AFTER_CONFLICT: Duration = Duration::from_millis(50);
/// Who we are in `metadata.managedFields`.
const MANAGER: &str = "inroad";

/// Writes to the API server. Cheap to clone; all clones share what they know of earlier events.
///
/// The client must not repeat requests by itself (`kube::Config::default_retry` off): a repetition would
/// pass the gate unasked.
#[derive(Clone)]
pub struct Writer {
    client: Client,
    gate: Gate,
    recorder: recorder::Recorder,
}

impl Writer {
    /// A writer that asks `gate` right before each mutating request.
    pub fn new(client: Client, gate: Gate) -> Self {
        Self { client, gate, recorder: recorder::Recorder::default() }
    }

    /// Every object by its kind's table entry, with the content as it comes.
    fn objects(&self, object: &ObjectKey) -> Api<DynamicObject> {
        let resource = resource(object.kind);
        match object.kind.is_namespaced() {
            true => Api::namespaced_with(self.client.clone(), &object.namespace, &resource),
            false => Api::all_with(self.client.clone(), &resource),
        }
    }

    /// A request that changes nothing.
    async fn read<T>(
        &self,
        what: impl FnOnce() -> String,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, WriteError> {
        match tokio::time::timeout(PATIENCE, request).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(WriteError::of(what(), error)),
            Err(_) => Err(WriteError::late(what())),
        }
    }

    /// A request that changes something: the gate is asked at the last moment, as futures do nothing
    /// until they are polled.
    async fn write<T>(
        &self,
        what: impl FnOnce() -> String,
        request: impl Future<Output = kube::Result<T>>,
    ) -> Result<T, WriteError> {
        if !(self.gate)() {
            return Err(WriteError::NotLeading);
        }
        self.read(what, request).await
    }
}

impl std::fmt::Debug for Writer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writer").finish_non_exhaustive()
    }
}

fn patch_params() -> PatchParams {
    PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() }
}

/// Tries again what failed for somebody else's change, with a little more patience each time.
async fn persistently<T, F>(mut attempt: impl FnMut() -> F) -> Result<T, WriteError>
where
    F: Future<Output = Result<T, WriteError>>,
{
    for nth in 1..ATTEMPTS {
        match attempt().await {
            Err(WriteError::Conflict(_)) => tokio::time::sleep(AFTER_CONFLICT * nth).await,
            other => return other,
        }
    }
    attempt().await
}
