//! Manifests of any number.

use serde_json::{Value, json};

/// What a cluster holds before the first Ingress.
pub(crate) fn cluster() -> Vec<Value> {
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1"},
        "spec": {"providerID": "aws:///us-west-2a/i-00000000000000001"},
        "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
    let class = json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
        "metadata": {"name": "alb"}, "spec": {"controller": "ingress.k8s.aws/alb"}});
    vec![node, class]
}

/// A Service with its Pods, whose addresses end in these numbers.
pub(crate) fn service(name: &str, pods: impl Iterator<Item = usize>) -> [Value; 2] {
    let endpoints: Vec<Value> = pods
        .map(|pod| {
            json!({"addresses": [format!("10.0.0.{pod}")], "nodeName": "node-1",
                "conditions": {"ready": true},
                "targetRef": {"kind": "Pod", "name": format!("{name}-{pod}")}})
        })
        .collect();
    let service = json!({"apiVersion": "v1", "kind": "Service",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {"ports": [{"port": 80, "targetPort": 8080}]}});
    let slice = json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": format!("{name}-1"), "namespace": "shop",
            "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": endpoints});
    [service, slice]
}

/// An Ingress with these hosts, paths and Services.
pub(crate) fn ingress(name: &str, group: Option<&str>, paths: &[(&str, &str, &str)]) -> Value {
    let rules: Vec<Value> = paths
        .iter()
        .map(|(host, path, service)| {
            let backend = json!({"service": {"name": service, "port": {"number": 80}}});
            let path = json!({"path": path, "pathType": "Prefix", "backend": backend});
            json!({"host": host, "http": {"paths": [path]}})
        })
        .collect();
    let mut annotations = json!({"alb.ingress.kubernetes.io/target-type": "ip"});
    if let Some(group) = group {
        annotations["alb.ingress.kubernetes.io/group.name"] = json!(group);
    }
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": "shop", "annotations": annotations},
        "spec": {"ingressClassName": "alb", "rules": rules}})
}

/// The Services of a fleet, then its Ingresses: each has its own host and Service.
pub(crate) fn fleet(size: usize, group: Option<&str>) -> (Vec<Value>, Vec<Value>) {
    let services = (0..size).flat_map(|nth| service(&format!("svc-{nth}"), 21..24));
    (services.collect(), (0..size).map(|nth| member(nth, group)).collect())
}

/// One Ingress of a fleet.
pub(crate) fn member(nth: usize, group: Option<&str>) -> Value {
    let (host, service) = (format!("h{nth}.example.com"), format!("svc-{nth}"));
    ingress(&format!("web-{nth:03}"), group, &[(&host, "/", &service)])
}
