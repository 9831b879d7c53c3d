//! Events on objects (`v1` Event), under the peers' component names.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use inroad_status::Event;
use inroad_words::{Kind, ObjectKey};
use k8s_openapi::{
    api::core::v1::{Event as Object, EventSource, ObjectReference},
    apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time},
    jiff::Timestamp,
};
use kube::{
    Api,
    api::{Patch, PostParams},
};
use serde_json::json;

use crate::kinds::resource;

use super::{
    WriteError, Writer,
    event::{Correlator, Send, Told, kind},
    patch_params,
};

/// Where Events on cluster-scoped objects go.
const NAMESPACE: &str = "default";
/// How many objects' uids are remembered.
const MEMORY: usize = 4096;

/// What has been told, and the uids of the objects: `kubectl describe` finds Events by uid.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    correlator: Correlator,
    uids: BTreeMap<ObjectKey, String>,
}

impl Recorder {
    /// Takes in what an object's uid is now; `None`: it is gone.
    pub(super) fn identify(&self, object: &ObjectKey, uid: Option<String>) {
        let mut known = self.lock();
        if known.uids.len() >= MEMORY {
            known.uids.clear();
        }
        match uid {
            Some(uid) => drop(known.uids.insert(object.clone(), uid)),
            None => drop(known.uids.remove(object)),
        }
    }

    fn uid(&self, object: &ObjectKey) -> Option<String> {
        self.lock().uids.get(object).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // What is in here is only a memory: half a change does no harm.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Writer {
    /// Tells an Event. An equal one that was told before is counted up; what would flood the cluster is
    /// left out.
    ///
    /// # Errors
    /// The API server did not take it. Nobody need try again: an Event is news, not state.
    pub async fn event(&self, event: &Event) -> Result<(), WriteError> {
        let uid = match self.recorder.uid(&event.object) {
            Some(uid) => uid,
            None => match self.metadata(&event.object).await? {
                Some(meta) => meta.uid.unwrap_or_default(),
                None => return Ok(()),
            },
        };
        let send = self.recorder.lock().correlator.observe(event, &uid, Timestamp::now());
        match send {
            Send::Nothing => Ok(()),
            Send::Create(told) => self.create_event(event, &uid, &told).await,
            Send::Count(told) => match self.count_event(event, &told).await {
                // The API server forgets Events after an hour.
                Err(WriteError::Gone(_)) => self.create_event(event, &uid, &told).await,
                other => other,
            },
        }
    }

    async fn create_event(&self, event: &Event, uid: &str, told: &Told) -> Result<(), WriteError> {
        let (api, params) = (self.events(event), PostParams::default());
        let object = object(event, uid, told);
        let what = || format!("tell {} on {}", event.reason, event.object);
        match self.write(what, api.create(&params, &object)).await {
            // Somebody told the same at the same moment, or the namespace is on its way out.
            Ok(_) | Err(WriteError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn count_event(&self, event: &Event, told: &Told) -> Result<(), WriteError> {
        let patch = Patch::Merge(json!({
            "count": told.count, "lastTimestamp": Time(told.last), "message": told.message,
        }));
        let (api, params) = (self.events(event), patch_params());
        let request = api.patch(&told.name, &params, &patch);
        let what = || format!("count {} on {}", event.reason, event.object);
        self.write(what, request).await.map(drop)
    }

    fn events(&self, event: &Event) -> Api<Object> {
        Api::namespaced(self.client.clone(), namespace(event))
    }
}

fn namespace(event: &Event) -> &str {
    if event.object.kind.is_namespaced() { &event.object.namespace } else { NAMESPACE }
}

/// Who tells: the names of the peer's recorders.
fn component(kind: Kind) -> &'static str {
    match kind {
        Kind::Service | Kind::EndpointSlice => "service",
        Kind::TargetGroupBinding => "targetGroupBinding",
        Kind::Ingress
        | Kind::IngressClass
        | Kind::IngressClassParams
        | Kind::Node
        | Kind::Pod
        | Kind::Namespace => "ingress",
    }
}

fn object(event: &Event, uid: &str, told: &Told) -> Object {
    let resource = resource(event.object.kind);
    let component = component(event.object.kind).to_owned();
    let namespaced = event.object.kind.is_namespaced();
    Object {
        metadata: ObjectMeta {
            name: Some(told.name.clone()),
            namespace: Some(namespace(event).to_owned()),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some(resource.api_version),
            kind: Some(resource.kind),
            namespace: namespaced.then(|| event.object.namespace.clone()),
            name: Some(event.object.name.clone()),
            uid: (!uid.is_empty()).then(|| uid.to_owned()),
            ..ObjectReference::default()
        },
        type_: Some(kind(event).to_owned()),
        reason: Some(event.reason.clone()),
        message: Some(told.message.clone()),
        count: Some(told.count),
        first_timestamp: Some(Time(told.first)),
        last_timestamp: Some(Time(told.last)),
        source: Some(EventSource { component: Some(component.clone()), host: None }),
        reporting_component: Some(component),
        ..Object::default()
    }
}
