//! How many calls a state costs, and how many of them a new process needs to find it as it should be.
//! Bounds are of today's code: who raises one says why.

use std::collections::BTreeMap;
use std::fmt::Write;

use inroad_emulator::{Quotas, Settings};

use crate::account::Lab;
use crate::process;

/// Calls by operation since then.
fn calls(lab: &Lab, skip: usize) -> (usize, BTreeMap<String, usize>) {
    let mut by = BTreeMap::new();
    for call in lab.emulator.calls().iter().skip(skip) {
        *by.entry(format!("{}:{}", call.service, call.operation)).or_default() += 1;
    }
    (by.values().sum(), by)
}

const CLUSTER: &str = r#"
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: alb}
spec: {controller: ingress.k8s.aws/alb}
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
spec: {providerID: aws:///us-west-2a/i-00000000000000001}
status: {conditions: [{type: Ready, status: "True"}]}
"#;

/// A Service with three Pods.
fn service(name: &str) -> String {
    format!(
        r#"
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec: {{ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: {name}-1, namespace: shop, labels: {{kubernetes.io/service-name: {name}}}}}
addressType: IPv4
ports: [{{port: 8080}}]
endpoints:
- {{addresses: [10.0.0.21], nodeName: node-1, conditions: {{ready: true}}, targetRef: {{kind: Pod, name: a}}}}
- {{addresses: [10.0.0.22], nodeName: node-1, conditions: {{ready: true}}, targetRef: {{kind: Pod, name: b}}}}
- {{addresses: [10.0.0.23], nodeName: node-1, conditions: {{ready: true}}, targetRef: {{kind: Pod, name: c}}}}
"#
    )
}

fn ingress(name: &str, group: Option<&str>, paths: &[(&str, &str, &str)]) -> String {
    let group = group.map(|group| format!("alb.ingress.kubernetes.io/group.name: {group}, "));
    let mut text = format!(
        r#"
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {name}
  namespace: shop
  annotations: {{{}alb.ingress.kubernetes.io/target-type: ip}}
spec:
  ingressClassName: alb
  rules:
"#,
        group.unwrap_or_default()
    );
    for (host, path, service) in paths {
        let _ = write!(
            text,
            "  - host: {host}\n    http: {{paths: [{{path: {path}, pathType: Prefix, backend: {{service: \
             {{name: {service}, port: {{number: 80}}}}}}}}]}}\n"
        );
    }
    text
}

fn fleet(size: usize, group: Option<&str>) -> String {
    let mut text = CLUSTER.to_owned();
    for nth in 0..size {
        let (service_name, host) = (format!("svc-{nth}"), format!("h{nth}.example.com"));
        text += &service(&service_name);
        text += &ingress(&format!("web-{nth}"), group, &[(&host, "/", &service_name)]);
    }
    text
}

/// Calls to make it, and of a process that finds it made.
async fn cost(manifests: &str) -> (usize, usize) {
    let quotas = Quotas { load_balancers: 100, ..Quotas::default() };
    let lab = Lab::of(Settings { quotas, ..Settings::default() });
    let before = lab.calls();
    process::run(&lab, manifests).await;
    let (made, by) = calls(&lab, before);
    println!("made {made}: {by:#?}");
    let before = lab.calls();
    process::run(&lab, manifests).await;
    let (again, by) = calls(&lab, before);
    println!("again {again}: {by:#?}");
    (made, again)
}

#[tokio::test]
async fn the_first_ingress() {
    let paths = [
        ("a.example.com", "/cart", "cart"),
        ("a.example.com", "/pay", "pay"),
        ("b.example.com", "/", "cart"),
    ];
    let all = [CLUSTER.to_owned(), service("cart"), service("pay"), ingress("web", None, &paths)];
    let (made, again) = cost(&all.concat()).await;
    assert!(made <= 35 && again <= 20, "{made} to make it, {again} to find it");
}

#[tokio::test]
async fn a_group_of_fifty() {
    let (made, again) = cost(&fleet(50, Some("edge"))).await;
    assert!(made <= 180 && again <= 120, "{made} to make it, {again} to find it");
}

#[tokio::test]
async fn fifty_load_balancers() {
    let (made, again) = cost(&fleet(50, None)).await;
    assert!(made <= 480 && again <= 480, "{made} to make it, {again} to find it");
}
