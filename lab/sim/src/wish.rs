//! What the manifests ask for, small enough to be drawn at random and edited, and those manifests.

use std::collections::{BTreeMap, BTreeSet};

use fastrand::Rng;
use inroad_apiserver::Place;
use serde_json::{Value, json};

use crate::reach::Reached;

const NAMESPACE: &str = "shop";
const INGRESSES: usize = 4;
const SERVICES: usize = 2;
const PODS: u8 = 5;

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Wish {
    /// By name.
    pub(crate) ingresses: BTreeMap<String, Ingress>,
    /// The addresses of each Service's Pods.
    pub(crate) pods: BTreeMap<String, BTreeSet<String>>,
}

/// One Ingress: one host of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ingress {
    /// In the shared group, or alone.
    pub(crate) shared: bool,
    /// Services by path.
    pub(crate) paths: BTreeMap<&'static str, String>,
    /// `group.order`.
    pub(crate) order: u8,
    /// Part of its target groups' health check.
    pub(crate) healthy: u8,
    /// An attribute of its load balancer; said by one that is alone only, as members may not differ.
    pub(crate) idle: u8,
}

/// One way into the cluster: a host, a path, and an address behind it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) host: String,
    pub(crate) path: &'static str,
    pub(crate) service: String,
    pub(crate) address: String,
}

/// What an edit did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Edit {
    /// These objects are to be written as the wish has them.
    Apply(Vec<String>),
    /// This Ingress is to be deleted.
    Delete(String),
    /// This Ingress is on another load balancer now.
    Move(String),
}

const PATHS: [&str; 3] = ["/a", "/b", "/c"];

fn service(nth: usize) -> String {
    format!("s{nth}")
}

pub(crate) fn host(ingress: &str) -> String {
    format!("{ingress}.example.com")
}

impl Wish {
    /// Something to begin with.
    pub(crate) fn draw(dice: &mut Rng) -> Self {
        let mut wish = Self::default();
        for nth in 0..SERVICES {
            let pods = (1..=PODS).filter(|_| dice.bool()).map(address);
            let mut pods: BTreeSet<String> = pods.collect();
            pods.insert(address(dice.u8(1..=PODS)));
            wish.pods.insert(service(nth), pods);
        }
        for _ in 0..dice.usize(1..=3) {
            wish.add(dice, |_| true);
        }
        wish
    }

    fn add(&mut self, dice: &mut Rng, is_free: impl Fn(&str) -> bool) -> Option<String> {
        let names = (0..INGRESSES).map(|nth| format!("i{nth}"));
        let free = names.filter(|it| !self.ingresses.contains_key(it) && is_free(it));
        let free: Vec<String> = free.collect();
        let name = dice.choice(free)?;
        let mut paths: BTreeMap<&'static str, String> = BTreeMap::new();
        for _ in 0..dice.usize(1..=2) {
            paths.insert(PATHS[dice.usize(..PATHS.len())], service(dice.usize(..SERVICES)));
        }
        let ingress = Ingress {
            shared: dice.u8(..3) > 0,
            paths,
            order: dice.u8(1..=3),
            healthy: 2,
            idle: 60,
        };
        self.ingresses.insert(name.clone(), ingress);
        Some(name)
    }

    /// One change, as a person or a deployment makes it; nothing where it hits nothing. New Ingresses get names
    /// that are free.
    pub(crate) fn edit(&mut self, dice: &mut Rng, is_free: impl Fn(&str) -> bool) -> Option<Edit> {
        let names: Vec<String> = self.ingresses.keys().cloned().collect();
        let kind = dice.u8(..12);
        if kind < 4 {
            let (name, pods) = self.pods.iter_mut().nth(dice.usize(..SERVICES))?;
            let pod = address(dice.u8(1..=PODS));
            if !pods.remove(&pod) || pods.is_empty() {
                pods.insert(pod);
            }
            return Some(Edit::Apply(vec![name.clone()]));
        }
        if kind == 4 {
            return self.add(dice, is_free).map(|name| Edit::Apply(vec![name]));
        }
        let name = dice.choice(names)?;
        let ingress = self.ingresses.get_mut(&name)?;
        match kind {
            5 | 6 => {
                self.ingresses.remove(&name);
                return Some(Edit::Delete(name));
            }
            7 => {
                ingress.paths.insert(PATHS[dice.usize(..3)], service(dice.usize(..SERVICES)));
            }
            8 => {
                let path = PATHS[dice.usize(..3)];
                if ingress.paths.len() > 1 {
                    ingress.paths.remove(path);
                }
            }
            9 => ingress.order = dice.u8(1..=3),
            10 if dice.bool() => ingress.healthy = dice.u8(2..=4),
            10 => ingress.idle = dice.u8(60..=62),
            _ => {
                ingress.shared = !ingress.shared;
                return Some(Edit::Move(name));
            }
        }
        Some(Edit::Apply(vec![name]))
    }

    /// Every way in.
    pub(crate) fn ways(&self) -> BTreeSet<Way> {
        let mut ways = BTreeSet::new();
        for (name, ingress) in &self.ingresses {
            for (path, service) in &ingress.paths {
                for address in &self.pods[service] {
                    let (service, address) = (service.clone(), address.clone());
                    ways.insert(Way { host: host(name), path, service, address });
                }
            }
        }
        ways
    }

    /// Whether what a request for a way in reaches is what this wish asks for.
    pub(crate) fn asks_for(&self, host: &str, path: &str, reached: &Reached) -> bool {
        let name = host.split('.').next().unwrap_or_default();
        let Some(ingress) = self.ingresses.get(name) else { return false };
        let stack =
            if ingress.shared { "shared".to_owned() } else { format!("{NAMESPACE}/{name}") };
        let service = &ingress.paths[path];
        let group = format!("{NAMESPACE}/{name}-{service}:80");
        let wanted = Reached { stack, group, addresses: self.pods[service].clone() };
        *reached == wanted
    }

    /// How many load balancers that takes.
    pub(crate) fn balancers(&self) -> usize {
        let alone = self.ingresses.values().filter(|it| !it.shared).count();
        alone + usize::from(self.ingresses.values().any(|it| it.shared))
    }

    /// Every object, those that nobody edits too.
    pub(crate) fn objects(&self) -> Vec<Value> {
        let services = self.pods.keys().map(|name| service_object(name));
        let slices = self.pods.keys().filter_map(|name| self.object(name));
        let ingresses = self.ingresses.keys().filter_map(|name| self.object(name));
        surroundings().into_iter().chain(services).chain(slices).chain(ingresses).collect()
    }

    /// The Ingress of this name, or the EndpointSlice of the Service of this name.
    pub(crate) fn object(&self, name: &str) -> Option<Value> {
        match self.pods.get(name) {
            Some(pods) => Some(slice_object(name, pods)),
            None => self.ingresses.get(name).map(|it| ingress_object(name, it)),
        }
    }
}

fn address(pod: u8) -> String {
    format!("10.0.0.{}", 20 + pod)
}

/// Where an Ingress is kept.
pub(crate) fn place(name: &str) -> Place {
    Place {
        collection: "networking.k8s.io/v1/ingresses".into(),
        namespace: NAMESPACE.into(),
        name: name.into(),
    }
}

fn service_object(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"type": "ClusterIP", "ports": [{"port": 80, "targetPort": 8080}]}})
}

fn slice_object(name: &str, pods: &BTreeSet<String>) -> Value {
    let endpoints: Vec<Value> =
        pods.iter().map(|pod| json!({"addresses": [pod], "conditions": {"ready": true}})).collect();
    json!({"apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice",
        "metadata": {"name": format!("{name}-1"), "namespace": NAMESPACE,
            "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4", "ports": [{"port": 8080}], "endpoints": endpoints})
}

fn ingress_object(name: &str, it: &Ingress) -> Value {
    let mut annotations = json!({
        "alb.ingress.kubernetes.io/target-type": "ip",
        "alb.ingress.kubernetes.io/target-group-attributes": "deregistration_delay.timeout_seconds=5",
        "alb.ingress.kubernetes.io/healthy-threshold-count": it.healthy.to_string(),
    });
    if it.shared {
        annotations["alb.ingress.kubernetes.io/group.name"] = json!("shared");
        annotations["alb.ingress.kubernetes.io/group.order"] = json!(it.order.to_string());
    } else {
        annotations["alb.ingress.kubernetes.io/load-balancer-attributes"] =
            json!(format!("idle_timeout.timeout_seconds={}", it.idle));
    }
    let paths: Vec<Value> = it
        .paths
        .iter()
        .map(|(path, service)| {
            json!({"path": path, "pathType": "Prefix",
                "backend": {"service": {"name": service, "port": {"number": 80}}}})
        })
        .collect();
    json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
        "metadata": {"name": name, "namespace": NAMESPACE, "annotations": annotations},
        "spec": {"ingressClassName": "alb", "rules": [{"host": host(name), "http": {"paths": paths}}]}})
}

/// What is there before anybody wishes anything; an Ingress of somebody else keeps a name in the zone, since a
/// world without any never empties one.
fn surroundings() -> Vec<Value> {
    vec![
        json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "IngressClass",
            "metadata": {"name": "alb"}, "spec": {"controller": "ingress.k8s.aws/alb"}}),
        json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"},
            "spec": {"providerID": "aws:///us-west-2a/i-00000000000000001"},
            "status": {"conditions": [{"type": "Ready", "status": "True"}]}}),
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "Ingress",
            "metadata": {"name": "keeper", "namespace": "other", "annotations": {
                "external-dns.kubernetes.io/hostname": "keeper.example.com",
                "external-dns.kubernetes.io/target": "192.0.2.9",
                "kubernetes.io/ingress.class": "nginx"}},
            "spec": {}}),
    ]
}
