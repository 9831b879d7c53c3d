//! The status of an Ingress or a Service: where its traffic comes in.

use inroad_status::IngressStatus;
use inroad_words::ObjectKey;
use k8s_openapi::api::{
    core::v1::Service,
    networking::v1::{Ingress, IngressLoadBalancerIngress},
};
use kube::{Api, api::Patch};
use serde_json::json;

use super::{WriteError, Writer, patch_params};

impl Writer {
    /// Makes sure that the Ingress says `status`, and nothing else, under `status.loadBalancer`. One that
    /// says so already is left alone; one that is gone needs nothing.
    ///
    /// # Errors
    /// The API server did not take it.
    pub async fn ingress_status(
        &self,
        object: &ObjectKey,
        status: &IngressStatus,
    ) -> Result<(), WriteError> {
        let api: Api<Ingress> = Api::namespaced(self.client.clone(), &object.namespace);
        let found = self.read(|| format!("get {object}"), api.get_opt(&object.name)).await?;
        let Some(found) = found else { return Ok(()) };
        self.recorder.identify(object, found.metadata.uid.clone());
        if standing(&found).as_ref() == Some(status) {
            return Ok(());
        }
        // The peer leaves the protocol empty, and so nothing changes when it takes over again.
        let ports: Vec<_> =
            status.ports.iter().map(|port| json!({ "port": port, "protocol": "" })).collect();
        let entry = json!({ "hostname": status.hostname, "ports": ports });
        let patch = Patch::Merge(json!({ "status": { "loadBalancer": { "ingress": [entry] } } }));
        let params = patch_params();
        let request = api.patch_status(&object.name, &params, &patch);
        match self.write(|| format!("update the status of {object}"), request).await {
            Ok(_) | Err(WriteError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

impl Writer {
    /// The same for a Service. `None`: it has no load balancer any more, and says nothing.
    ///
    /// # Errors
    /// The API server did not take it.
    pub async fn service_status(
        &self,
        object: &ObjectKey,
        status: Option<&IngressStatus>,
    ) -> Result<(), WriteError> {
        let api: Api<Service> = Api::namespaced(self.client.clone(), &object.namespace);
        let found = self.read(|| format!("get {object}"), api.get_opt(&object.name)).await?;
        let Some(found) = found else { return Ok(()) };
        self.recorder.identify(object, found.metadata.uid.clone());
        let says = found.status.as_ref().and_then(|it| it.load_balancer.as_ref());
        let silent = says.and_then(|it| it.ingress.as_ref()).is_none_or(Vec::is_empty);
        if standing_service(&found).as_ref() == status && (status.is_some() || silent) {
            return Ok(());
        }
        let entries = status.map(|status| {
            let ports = status.ports.iter();
            let ports: Vec<_> =
                ports.map(|port| json!({ "port": port, "protocol": "TCP" })).collect();
            json!([{ "hostname": status.hostname, "ports": ports }])
        });
        let patch = Patch::Merge(json!({ "status": { "loadBalancer": { "ingress": entries } } }));
        let params = patch_params();
        let request = api.patch_status(&object.name, &params, &patch);
        match self.write(|| format!("update the status of {object}"), request).await {
            Ok(_) | Err(WriteError::Gone(_)) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What a Service says now; `None` where that is nothing, or what we would never say.
pub fn standing_service(service: &Service) -> Option<IngressStatus> {
    let entries = service.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    let [entry] = entries.as_slice() else { return None };
    let hostname = entry.hostname.clone().filter(|_| entry.ip.is_none())?;
    let ports = entry.ports.iter().flatten();
    let ports = ports.map(|it| u16::try_from(it.port).ok().filter(|_| it.protocol == "TCP"));
    Some(IngressStatus { hostname, ports: ports.collect::<Option<_>>()? })
}

/// What an Ingress says now; `None` where that is nothing, or what we would never say.
pub fn standing(ingress: &Ingress) -> Option<IngressStatus> {
    let entries = ingress.status.as_ref()?.load_balancer.as_ref()?.ingress.as_ref()?;
    let [entry] = entries.as_slice() else { return None };
    let IngressLoadBalancerIngress { hostname: Some(hostname), ip: None, ports } = entry else {
        return None;
    };
    let ports = ports.iter().flatten().map(|port| u16::try_from(port.port).ok());
    Some(IngressStatus { hostname: hostname.clone(), ports: ports.collect::<Option<_>>()? })
}
