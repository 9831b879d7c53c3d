//! The endpoints of a backend (load-balancers.md 7.1, 7.2). In: EndpointSlices, Pods and Nodes.
//! Out: who should get traffic.
//!
//! A folder of manifests has no Pods as a rule, so readiness is the slice's own word; a Pod is
//! asked only where the slice says not ready, to let Pods in that wait for the load balancer
//! themselves (readiness gates).

use std::collections::BTreeMap;

use inroad_words::{
    Diagnostic, ObjectKey, Origin,
    controller::BalancerSettings,
    targets::{PortRef, TargetFamily, TargetType},
};
use inroad_world::Lens;
use k8s_openapi::api::{
    core::v1::{Node, Pod, Service, Taint},
    discovery::v1::{Endpoint, EndpointSlice},
};

use crate::{
    codes,
    model::{Backend, EndpointTarget},
};

/// Who should get traffic, with the object that says so.
pub(crate) type Endpoints = BTreeMap<EndpointTarget, Origin>;

/// The endpoints of a backend.
pub(crate) fn endpoints(
    lens: &Lens<'_>,
    backend: &Backend,
    settings: &BalancerSettings,
    diagnostics: &mut Vec<Diagnostic>,
) -> Endpoints {
    let (ready, fallback) = match backend.target_type.value {
        TargetType::Ip => addresses(lens, backend),
        TargetType::Instance => instances(lens, backend, diagnostics),
        // Seen in AWS only, never asked for.
        TargetType::Other => Default::default(),
    };
    let use_fallback = ready.is_empty() && settings.switches.endpoints_fail_open;
    if use_fallback { fallback } else { ready }
}

/// Whether an endpoint gets traffic: yes, only where nobody else can, or no.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Ready,
    Fallback,
    Unfit,
}

fn addresses(lens: &Lens<'_>, backend: &Backend) -> (Endpoints, Endpoints) {
    let (mut ready, mut fallback) = (Endpoints::new(), Endpoints::new());
    let family = match backend.family {
        TargetFamily::Ipv4 => "IPv4",
        TargetFamily::Ipv6 => "IPv6",
    };
    let port_name = port_name(lens, backend);
    for (key, slice) in lens.slices_of(&backend.service) {
        for port in ports(slice, port_name).filter(|_| slice.address_type == family) {
            for (index, endpoint) in slice.endpoints.iter().enumerate() {
                let Some(address) = endpoint.addresses.first() else { continue };
                let target = EndpointTarget { id: address.clone(), port };
                let origin = Origin::field(key, format!("/endpoints/{index}"));
                match fit(lens, endpoint, &key.namespace) {
                    Fit::Ready => drop(ready.insert(target, origin)),
                    Fit::Fallback => drop(fallback.insert(target, origin)),
                    Fit::Unfit => {}
                }
            }
        }
    }
    (ready, fallback)
}

/// VPC CNI's note that a Pod has an interface and security groups of its own.
const OWN_INTERFACE: &str = "vpc.amazonaws.com/pod-eni";

/// On which EC2 instance each address of the backend is, but for Pods with an interface of their own.
pub(crate) fn hosts(lens: &Lens<'_>, backend: &Backend) -> BTreeMap<String, String> {
    let mut hosts = BTreeMap::new();
    if backend.target_type.value != TargetType::Ip {
        return hosts;
    }
    for (key, slice) in lens.slices_of(&backend.service) {
        for endpoint in &slice.endpoints {
            let host = || {
                let node = lens.get::<Node>("", endpoint.node_name.as_deref()?)?;
                let reference = endpoint.target_ref.as_ref()?;
                let pod = lens.get::<Pod>(&key.namespace, reference.name.as_deref()?);
                let notes = pod.and_then(|pod| pod.metadata.annotations.as_ref());
                let apart = notes.is_some_and(|notes| notes.contains_key(OWN_INTERFACE));
                instance(node).filter(|_| !apart)
            };
            if let (Some(address), Some(instance)) = (endpoint.addresses.first(), host()) {
                hosts.insert(address.clone(), instance.to_owned());
            }
        }
    }
    hosts
}

/// The EC2 instance that a Node is.
fn instance(node: &Node) -> Option<&str> {
    let provider = node.spec.as_ref()?.provider_id.as_deref()?;
    provider.rsplit('/').next().filter(|id| id.starts_with("i-"))
}

/// The name of the backend's Service port; `None` where it has none, as in Services of one port.
fn port_name<'w>(lens: &Lens<'w>, backend: &'w Backend) -> Option<&'w str> {
    match &backend.service_port {
        PortRef::Name(name) => Some(name),
        PortRef::Number(number) => {
            let spec = lens.by_key::<Service>(&backend.service)?.spec.as_ref()?;
            let port = spec.ports.iter().flatten().find(|port| port.port == i32::from(*number))?;
            port.name.as_deref().filter(|name| !name.is_empty())
        }
    }
}

fn ports<'s>(
    slice: &'s EndpointSlice,
    name: Option<&'s str>,
) -> impl Iterator<Item = u16> + use<'s> {
    let ports = slice.ports.iter().flatten();
    let named = ports.filter(move |port| name.is_none() || port.name.as_deref() == name);
    named.filter_map(|port| u16::try_from(port.port?).ok())
}

fn fit(lens: &Lens<'_>, endpoint: &Endpoint, namespace: &str) -> Fit {
    let reference = endpoint.target_ref.as_ref();
    if reference.is_some_and(|reference| reference.kind.as_deref() != Some("Pod")) {
        return Fit::Unfit;
    }
    let conditions = endpoint.conditions.as_ref();
    if conditions.and_then(|c| c.ready).unwrap_or(true) {
        return Fit::Ready;
    }
    let pod = reference.and_then(|reference| {
        lens.get::<Pod>(namespace, reference.name.as_deref().unwrap_or_default())
    });
    let terminating = conditions.and_then(|c| c.terminating).unwrap_or(false);
    if terminating || !pod.is_some_and(containers_ready) {
        return Fit::Unfit;
    }
    let node = endpoint.node_name.as_deref().and_then(|name| lens.get::<Node>("", name));
    match node.and_then(readiness) {
        Some("True") => Fit::Ready,
        Some("Unknown") => Fit::Fallback,
        _ => Fit::Unfit,
    }
}

fn containers_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    let ready = conditions.into_iter().flatten().find(|c| c.type_ == "ContainersReady");
    ready.is_some_and(|condition| condition.status == "True")
}

/// The status of a Node's `Ready` condition.
fn readiness(node: &Node) -> Option<&str> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    Some(conditions.iter().find(|c| c.type_ == "Ready")?.status.as_str())
}

fn instances(
    lens: &Lens<'_>,
    backend: &Backend,
    diagnostics: &mut Vec<Diagnostic>,
) -> (Endpoints, Endpoints) {
    let (mut ready, mut fallback) = (Endpoints::new(), Endpoints::new());
    for (key, node) in lens.all::<Node>().filter(|(_, node)| is_suitable(node, backend)) {
        let chosen = match readiness(node) {
            Some("True") => &mut ready,
            Some("Unknown") => &mut fallback,
            _ => continue,
        };
        let Some(id) = instance(node) else {
            let provider = node.spec.as_ref().and_then(|spec| spec.provider_id.as_deref());
            diagnostics.push(no_instance(key, provider));
            continue;
        };
        let target = EndpointTarget { id: id.into(), port: backend.port };
        chosen.insert(target, Origin::field(key, "/spec/providerID"));
    }
    (ready, fallback)
}

fn no_instance(key: &ObjectKey, provider: Option<&str>) -> Diagnostic {
    let provider = provider.unwrap_or("nothing");
    let message = format!("the providerID of Node {} names no EC2 instance: {provider}", key.name);
    Diagnostic::error(codes::BAD_NODE, Origin::field(key, "/spec/providerID"), message)
        .help("the node gets no traffic; exclude it or use target-type: ip")
}

/// Labels that keep a Node from being a target, whatever they say.
const EXCLUDING: [&str; 3] = [
    "node-role.kubernetes.io/master",
    "node.kubernetes.io/exclude-from-external-load-balancers",
    "alpha.service-controller.kubernetes.io/exclude-balancer",
];

fn is_suitable(node: &Node, backend: &Backend) -> bool {
    let empty = BTreeMap::new();
    let labels = node.metadata.labels.as_ref().unwrap_or(&empty);
    let excluded = EXCLUDING.iter().any(|label| labels.contains_key(*label));
    let fargate = labels.get("eks.amazonaws.com/compute-type").is_some_and(|t| t == "fargate");
    let wanted = backend.node_labels.iter().all(|(k, v)| labels.get(k) == Some(&v.value));
    let taints = node.spec.as_ref().and_then(|spec| spec.taints.as_ref());
    let leaving = |taint: &Taint| {
        taint.key == "ToBeDeletedByClusterAutoscaler"
            || (taint.key == "karpenter.sh/disrupted" && taint.effect == "NoSchedule")
    };
    !excluded && !fargate && wanted && !taints.into_iter().flatten().any(leaving)
}
