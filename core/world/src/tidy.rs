//! What of an object is worth keeping. In: an object as the API server or a file has it; out: the
//! same with only the fields that some room reads. A cluster holds hundreds of Pods for each
//! Ingress, and most of a Pod is nothing to us.

use k8s_openapi::{
    api::core::v1::{
        Node, NodeCondition, NodeSpec, NodeStatus, Pod, PodCondition, PodSpec, PodStatus,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

/// Where `kubectl apply` keeps a copy of the whole object.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Drops bookkeeping of the API server and of kubectl.
pub(crate) fn meta(meta: &mut ObjectMeta) {
    meta.managed_fields = None;
    meta.resource_version = None;
    if let Some(annotations) = &mut meta.annotations {
        annotations.remove(LAST_APPLIED);
        if annotations.is_empty() {
            meta.annotations = None;
        }
    }
}

/// Keeps labels, provider id, taints, addresses and the `Ready` condition. Kubelets report every few
/// minutes that nothing has changed, and list every image they hold.
pub(crate) fn node(node: &mut Node) {
    let spec = node.spec.take().map(|spec| NodeSpec {
        provider_id: spec.provider_id,
        taints: spec.taints,
        unschedulable: spec.unschedulable,
        ..NodeSpec::default()
    });
    let status = node.status.take().map(|status| NodeStatus {
        addresses: status.addresses,
        conditions: status.conditions.map(|conditions| {
            let ready = conditions.into_iter().filter(|condition| condition.type_ == "Ready");
            ready.map(node_condition).collect()
        }),
        ..NodeStatus::default()
    });
    (node.spec, node.status) = (spec, status);
}

fn node_condition(condition: NodeCondition) -> NodeCondition {
    NodeCondition { type_: condition.type_, status: condition.status, ..Default::default() }
}

/// Keeps metadata, node, readiness gates, addresses and conditions.
pub(crate) fn pod(pod: &mut Pod) {
    let spec = pod.spec.take().map(|spec| PodSpec {
        node_name: spec.node_name,
        readiness_gates: spec.readiness_gates,
        ..PodSpec::default()
    });
    let status = pod.status.take().map(|status| PodStatus {
        pod_ip: status.pod_ip,
        pod_ips: status.pod_ips,
        conditions: status
            .conditions
            .map(|conditions| conditions.into_iter().map(pod_condition).collect()),
        ..PodStatus::default()
    });
    (pod.spec, pod.status) = (spec, status);
}

fn pod_condition(condition: PodCondition) -> PodCondition {
    PodCondition {
        type_: condition.type_,
        status: condition.status,
        reason: condition.reason,
        message: condition.message,
        last_transition_time: condition.last_transition_time,
        ..Default::default()
    }
}
