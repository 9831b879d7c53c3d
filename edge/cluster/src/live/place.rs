//! Where the cluster is, as its nodes say. In: a client. Out: a region and an instance. Nothing is decided.

use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{ListParams, ObjectList},
};

/// What one node says of where it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// `topology.kubernetes.io/region`.
    pub region: Option<String>,
    /// The EC2 instance of its `spec.providerID` (`aws:///ZONE/i-…`).
    pub instance: Option<String>,
}

/// Asks the first few nodes where they are.
///
/// # Errors
/// What the API server, or the way to it, says.
pub async fn place(client: &Client) -> Result<Place, kube::Error> {
    let nodes: ObjectList<Node> =
        Api::all(client.clone()).list(&ListParams::default().limit(10)).await?;
    Ok(Place {
        region: nodes.items.iter().find_map(region),
        instance: nodes.items.iter().find_map(instance),
    })
}

fn region(node: &Node) -> Option<String> {
    node.metadata.labels.as_ref()?.get("topology.kubernetes.io/region").cloned()
}

fn instance(node: &Node) -> Option<String> {
    let id = node.spec.as_ref()?.provider_id.as_ref()?.strip_prefix("aws://")?;
    let instance = id.rsplit('/').next()?;
    instance.starts_with("i-").then(|| instance.to_owned())
}
