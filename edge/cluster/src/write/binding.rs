//! TargetGroupBindings: what the core wants published, and checkpoints.

use std::collections::BTreeMap;

use inroad_words::{
    Kind, ObjectKey,
    published::{BINDING_FINALIZER, BindingStep, CHECKPOINT, CHECKPOINT_TIMESTAMP, Published},
};
use k8s_openapi::{apimachinery::pkg::apis::meta::v1::ObjectMeta, jiff::Timestamp};
use kube::api::{
    DeleteParams, DynamicObject, ListParams, PartialObjectMeta, Patch, PostParams, Preconditions,
    TypeMeta,
};
use serde_json::{Value, json};

use super::{WriteError, Writer, patch_params, persistently};
use crate::kinds::resource;

impl Writer {
    /// Does one thing about a binding. Waits for nobody: a binding that others still guard stays on its way
    /// out.
    ///
    /// # Errors
    /// The API server did not take it. [`WriteError::Conflict`]: another binding has the name.
    pub async fn binding(&self, step: &BindingStep) -> Result<(), WriteError> {
        match step {
            BindingStep::Create(published) => self.create_binding(published).await,
            BindingStep::Update(published) => self.update_binding(published).await,
            BindingStep::Delete(object) => self.delete_binding(object).await,
        }
    }

    /// The bindings of a namespace with these labels, asked of the API server itself: a watch may be behind.
    ///
    /// # Errors
    /// The API server did not tell.
    pub async fn bindings(
        &self,
        namespace: &str,
        labels: &BTreeMap<String, String>,
    ) -> Result<Vec<ObjectKey>, WriteError> {
        let any = ObjectKey::new(Kind::TargetGroupBinding, namespace, "");
        let labels: Vec<String> = labels.iter().map(|(key, it)| format!("{key}={it}")).collect();
        let (api, params) = (self.objects(&any), ListParams::default().labels(&labels.join(",")));
        let listed = self.read(|| format!("list {any}"), api.list_metadata(&params)).await?;
        let named = |it: PartialObjectMeta<DynamicObject>| ObjectKey {
            name: it.metadata.name.unwrap_or_default(),
            ..any.clone()
        };
        Ok(listed.items.into_iter().map(named).collect())
    }

    /// Says with which targets the binding's target group was left; the empty text before they are changed.
    ///
    /// # Errors
    /// The API server did not take it; a binding that is gone needs none.
    pub async fn binding_checkpoint(
        &self,
        object: &ObjectKey,
        checkpoint: &str,
    ) -> Result<(), WriteError> {
        let patch = Patch::Merge(json!({ "metadata": { "annotations": {
            CHECKPOINT: checkpoint,
            CHECKPOINT_TIMESTAMP: Timestamp::now().as_second().to_string(),
        }}}));
        let (api, params) = (self.objects(object), patch_params());
        let request = api.patch_metadata(&object.name, &params, &patch);
        match self.write(|| format!("write the checkpoint of {object}"), request).await {
            Ok(_) | Err(WriteError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn create_binding(&self, published: &Published) -> Result<(), WriteError> {
        let key = &published.object;
        let resource = resource(key.kind);
        let object = DynamicObject {
            types: Some(TypeMeta { api_version: resource.api_version, kind: resource.kind }),
            metadata: ObjectMeta {
                name: Some(key.name.clone()),
                namespace: Some(key.namespace.clone()),
                labels: Some(published.labels.clone()),
                finalizers: Some(vec![BINDING_FINALIZER.into()]),
                ..ObjectMeta::default()
            },
            data: json!({ "spec": spec(published) }),
        };
        let (api, params) = (self.objects(key), PostParams::default());
        let created = self.write(|| format!("create {key}"), api.create(&params, &object)).await?;
        self.observed(key, &created).await;
        Ok(())
    }

    /// Labels and spec become exactly what is wanted; annotations and other finalizers are left alone.
    async fn update_binding(&self, published: &Published) -> Result<(), WriteError> {
        let key = &published.object;
        let written = persistently(|| async {
            let api = self.objects(key);
            let mut object = self.read(|| format!("get {key}"), api.get(&key.name)).await?;
            object.metadata.labels = Some(published.labels.clone());
            let finalizers = object.metadata.finalizers.get_or_insert_default();
            if !finalizers.iter().any(|it| it == BINDING_FINALIZER) {
                finalizers.push(BINDING_FINALIZER.into());
            }
            object.data["spec"] = spec(published);
            let params = PostParams::default();
            let request = api.replace(&key.name, &params, &object);
            self.write(|| format!("update {key}"), request).await
        });
        let written = written.await?;
        self.observed(key, &written).await;
        Ok(())
    }

    /// The finalizer goes last, so that a crash in between leaves what is found again.
    async fn delete_binding(&self, object: &ObjectKey) -> Result<(), WriteError> {
        let Some(meta) = self.metadata(object).await? else { return Ok(()) };
        if meta.deletion_timestamp.is_none() {
            let params = DeleteParams {
                preconditions: Some(Preconditions { uid: meta.uid, resource_version: None }),
                ..DeleteParams::default()
            };
            let api = self.objects(object);
            let request = api.delete(&object.name, &params);
            match self.write(|| format!("delete {object}"), request).await {
                Ok(_) => {}
                Err(WriteError::Gone(_)) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        self.finalizer_remove(object, BINDING_FINALIZER).await
    }

    /// `status.observedGeneration`, which the peer writes too. It only informs people, so nothing fails
    /// for it.
    async fn observed(&self, key: &ObjectKey, object: &DynamicObject) {
        let patch = json!({ "status": { "observedGeneration": object.metadata.generation } });
        let (api, params, patch) = (self.objects(key), patch_params(), Patch::Merge(patch));
        let request = api.patch_status(&key.name, &params, &patch);
        if let Err(error) = self.write(|| format!("update the status of {key}"), request).await {
            tracing::debug!(%error);
        }
    }
}

/// The spec as a value. A text that is none would be refused by the API server, as nothing is.
fn spec(published: &Published) -> Value {
    serde_json::from_str(&published.spec).unwrap_or(Value::Null)
}
