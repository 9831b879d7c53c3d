//! Finalizers: an object that holds one stays until we have taken away what it asked for.

use inroad_words::ObjectKey;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::Patch;
use serde_json::json;

use super::{WriteError, Writer, patch_params, persistently};

impl Writer {
    /// Makes sure that `object` holds `finalizer`.
    ///
    /// # Errors
    /// [`WriteError::Gone`] where the object is not there, or is being deleted without it: what is made
    /// for it now would never be taken away.
    pub async fn finalizer_add(
        &self,
        object: &ObjectKey,
        finalizer: &str,
    ) -> Result<(), WriteError> {
        let what = || format!("add finalizer {finalizer} to {object}");
        persistently(|| async {
            let meta = self.metadata(object).await?.ok_or_else(|| WriteError::Gone(what()))?;
            let mut finalizers = meta.finalizers.clone().unwrap_or_default();
            if finalizers.iter().any(|it| it == finalizer) {
                return Ok(());
            }
            if meta.deletion_timestamp.is_some() {
                return Err(WriteError::Gone(what()));
            }
            finalizers.push(finalizer.to_owned());
            self.set_finalizers(object, &meta, finalizers, what).await
        })
        .await
    }

    /// Makes sure that `object` does not hold `finalizer`; one that is gone does not.
    ///
    /// # Errors
    /// The API server did not take it, or others kept changing the object.
    pub async fn finalizer_remove(
        &self,
        object: &ObjectKey,
        finalizer: &str,
    ) -> Result<(), WriteError> {
        let what = || format!("remove finalizer {finalizer} from {object}");
        persistently(|| async {
            let Some(meta) = self.metadata(object).await? else { return Ok(()) };
            let mut finalizers = meta.finalizers.clone().unwrap_or_default();
            if !finalizers.iter().any(|it| it == finalizer) {
                return Ok(());
            }
            finalizers.retain(|it| it != finalizer);
            match self.set_finalizers(object, &meta, finalizers, what).await {
                Err(WriteError::Gone(_)) => Ok(()),
                other => other,
            }
        })
        .await
    }

    /// `metadata` as it stands; `None` where the object is gone.
    pub(super) async fn metadata(
        &self,
        object: &ObjectKey,
    ) -> Result<Option<ObjectMeta>, WriteError> {
        let api = self.objects(object);
        let found =
            self.read(|| format!("get {object}"), api.get_metadata_opt(&object.name)).await?;
        let meta = found.map(|found| found.metadata);
        self.recorder.identify(object, meta.as_ref().and_then(|meta| meta.uid.clone()));
        Ok(meta)
    }

    /// The whole list is replaced, so the object must still be the one that was read.
    async fn set_finalizers(
        &self,
        object: &ObjectKey,
        read: &ObjectMeta,
        finalizers: Vec<String>,
        what: impl FnOnce() -> String,
    ) -> Result<(), WriteError> {
        let patch = Patch::Merge(json!({ "metadata": {
            "resourceVersion": read.resource_version,
            "finalizers": finalizers,
        }}));
        let (api, params) = (self.objects(object), patch_params());
        let request = api.patch_metadata(&object.name, &params, &patch);
        self.write(what, request).await.map(drop)
    }
}
