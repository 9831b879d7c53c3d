//! The part of the cluster that a folder leaves out: the class, nodes, nodePorts, endpoints.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::{Ipv4Addr, SocketAddr},
};

use inroad_words::{Kind, ObjectKey};
use inroad_world::{Change, Marks, Object, SERVICE_LABEL, World};
use k8s_openapi::{
    api::{
        core::v1::{
            Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus, ObjectReference, Service,
        },
        discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice},
        networking::v1::{IngressClass, IngressClassSpec},
    },
    apimachinery::pkg::{apis::meta::v1::ObjectMeta, util::intstr::IntOrString},
};

use super::names;

/// How many pods a Service gets that has no endpoints in the folder.
const PODS: usize = 2;

/// A world that a controller could have found.
#[derive(Debug)]
pub(crate) struct Supplied {
    pub(crate) world: World,
    /// One line for each kind of thing that was made up.
    pub(crate) notes: Vec<String>,
    pub(crate) wiring: Wiring,
}

/// Where the endpoints of Services lead on this machine.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Wiring {
    /// Endpoint address and port -> who answers there.
    pub(crate) pods: BTreeMap<(String, u16), Pod>,
    /// nodePort -> the endpoints behind it.
    pub(crate) node_ports: BTreeMap<u16, BTreeSet<(String, u16)>>,
}

/// Who answers at an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) service: ObjectKey,
    pub(crate) name: String,
    /// A real local process instead of an echo.
    pub(crate) process: Option<SocketAddr>,
}

/// `--backend namespace/service[:port]=address:port`.
#[derive(Debug, Clone)]
pub(crate) struct Backend {
    pub(crate) service: ObjectKey,
    /// The Service port, by number or name; `None`: every port.
    pub(crate) port: Option<String>,
    pub(crate) process: SocketAddr,
}

impl std::str::FromStr for Backend {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = || format!("{text:?} is not namespace/service[:port]=127.0.0.1:3000");
        let (name, process) = text.split_once('=').ok_or_else(form)?;
        let (namespace, name) = name.split_once('/').ok_or_else(form)?;
        let (name, port) = match name.split_once(':') {
            Some((name, port)) => (name, Some(port.to_owned())),
            None => (name, None),
        };
        let process = process.parse().map_err(|_| form())?;
        Ok(Self { service: ObjectKey::new(Kind::Service, namespace, name), port, process })
    }
}

/// Adds what is missing. The same folder gets the same things, whatever was asked before.
pub(crate) fn supply(folder: &World, region: &str, backends: &[Backend]) -> Supplied {
    let mut notes = Vec::new();
    let mut added = Vec::new();
    if folder.objects(Kind::IngressClass).next().is_none() {
        added.push(Object::new(class(), Marks::default()));
        notes.push("IngressClass alb (the folder has none)".to_owned());
    }
    if folder.objects(Kind::Node).next().is_none() {
        added.extend(["a", "b"].map(|zone| Object::new(node(region, zone), Marks::default())));
        notes.push("2 nodes (the folder has none)".to_owned());
    }
    added.extend(services(folder, &mut notes));
    let (world, _) = folder.absorb_all(added.into_iter().map(Change::Applied));
    let slices = slices(&world, backends);
    if !slices.is_empty() {
        notes.push(format!(
            "echo backends for {} without EndpointSlices",
            services_text(slices.len())
        ));
    }
    let (world, _) = world.absorb_all(slices.into_iter().map(Change::Applied));
    let wiring = wire(&world, backends);
    Supplied { world, notes, wiring }
}

fn services_text(count: usize) -> String {
    if count == 1 { "1 Service".to_owned() } else { format!("{count} Services") }
}

fn class() -> IngressClass {
    IngressClass {
        metadata: ObjectMeta { name: Some("alb".into()), ..ObjectMeta::default() },
        spec: Some(IngressClassSpec {
            controller: Some("ingress.k8s.aws/alb".into()),
            ..IngressClassSpec::default()
        }),
    }
}

fn node(region: &str, zone: &str) -> Node {
    let address = if zone == "a" { "10.0.0.10" } else { "10.0.16.10" };
    let instance = names::id("i", zone);
    Node {
        metadata: ObjectMeta { name: Some(format!("node-{zone}")), ..ObjectMeta::default() },
        spec: Some(NodeSpec {
            provider_id: Some(format!("aws:///{region}{zone}/{instance}")),
            ..NodeSpec::default()
        }),
        status: Some(NodeStatus {
            addresses: Some(vec![NodeAddress {
                type_: "InternalIP".into(),
                address: address.into(),
            }]),
            conditions: Some(vec![NodeCondition {
                type_: "Ready".into(),
                status: "True".into(),
                ..NodeCondition::default()
            }]),
            ..NodeStatus::default()
        }),
    }
}

/// Services that an API server would have given nodePorts.
fn services(folder: &World, notes: &mut Vec<String>) -> Vec<Object> {
    let all = || folder.all::<Service>();
    let ports = |service: &Service| service.spec.as_ref().and_then(|s| s.ports.clone());
    let mut taken: BTreeSet<i32> = all()
        .flat_map(|(_, service)| ports(service).unwrap_or_default())
        .filter_map(|port| port.node_port)
        .collect();
    let mut changed = Vec::new();
    for (key, service) in all().filter(|(_, service)| wants_node_ports(service)) {
        let mut service = service.clone();
        let spec = service.spec.get_or_insert_default();
        let mut given = false;
        for port in spec.ports.iter_mut().flatten().filter(|port| port.node_port.is_none()) {
            let what = format!("{}:{}", key.short(), port.port);
            port.node_port = Some(names::node_port(&what, &mut taken));
            given = true;
        }
        if given {
            let marks = folder.object(key).map(|o| (*o.marks).clone()).unwrap_or_default();
            changed.push(Object::new(service, marks));
        }
    }
    if !changed.is_empty() {
        notes.push(format!("nodePorts for {}", services_text(changed.len())));
    }
    changed
}

fn wants_node_ports(service: &Service) -> bool {
    let kind = service.spec.as_ref().and_then(|spec| spec.type_.as_deref());
    matches!(kind, Some("NodePort" | "LoadBalancer"))
}

/// EndpointSlices for Services that have none.
fn slices(world: &World, backends: &[Backend]) -> Vec<Object> {
    let mut taken: BTreeSet<Ipv4Addr> = BTreeSet::new();
    world
        .all::<Service>()
        .filter(|(key, _)| world.slices_of(key).next().is_none())
        .filter_map(|(key, service)| {
            let ports = service.spec.as_ref()?.ports.as_ref()?;
            let real = backends.iter().any(|backend| backend.service == *key);
            let pods = if real { 1 } else { PODS };
            let endpoints = (1..=pods).map(|n| endpoint(key, n, &mut taken)).collect();
            let ports = ports
                .iter()
                .map(|port| EndpointPort {
                    name: port.name.clone(),
                    port: Some(container_port(port.target_port.as_ref(), port.port)),
                    ..EndpointPort::default()
                })
                .collect();
            Some(Object::new(slice(key, endpoints, ports), Marks::default()))
        })
        .collect()
}

/// The container's port; which one a named targetPort means only a pod could say.
fn container_port(target: Option<&IntOrString>, port: i32) -> i32 {
    match target {
        Some(IntOrString::Int(target)) if *target != 0 => *target,
        Some(IntOrString::String(_)) => 8080,
        _ => port,
    }
}

fn endpoint(service: &ObjectKey, n: usize, taken: &mut BTreeSet<Ipv4Addr>) -> Endpoint {
    let pod = format!("{}-{n}", service.name);
    let address = names::address(&format!("{}/{n}", service.short()), taken);
    Endpoint {
        addresses: vec![address.to_string()],
        conditions: Some(EndpointConditions { ready: Some(true), ..Default::default() }),
        target_ref: Some(ObjectReference {
            kind: Some("Pod".into()),
            namespace: Some(service.namespace.clone()),
            name: Some(pod),
            ..ObjectReference::default()
        }),
        ..Endpoint::default()
    }
}

fn slice(key: &ObjectKey, endpoints: Vec<Endpoint>, ports: Vec<EndpointPort>) -> EndpointSlice {
    EndpointSlice {
        metadata: ObjectMeta {
            name: Some(format!("{}-supplied", key.name)),
            namespace: Some(key.namespace.clone()),
            labels: Some(BTreeMap::from([(SERVICE_LABEL.into(), key.name.clone())])),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".into(),
        endpoints,
        ports: Some(ports),
    }
}

fn wire(world: &World, backends: &[Backend]) -> Wiring {
    let mut wiring = Wiring::default();
    for (key, service) in world.all::<Service>() {
        let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
        for port in ports {
            let process = backends
                .iter()
                .find(|backend| backend.service == *key && backend.meant(port.port, &port.name))
                .map(|backend| backend.process);
            let places = places(world, key, port.name.as_deref());
            for (address, number, pod) in &places {
                let pod = Pod { service: key.clone(), name: pod.clone(), process };
                wiring.pods.insert((address.clone(), *number), pod);
            }
            if let Some(node_port) = port.node_port.and_then(|p| u16::try_from(p).ok()) {
                let behind = wiring.node_ports.entry(node_port).or_default();
                behind.extend(places.into_iter().map(|(address, number, _)| (address, number)));
            }
        }
    }
    wiring
}

impl Backend {
    fn meant(&self, number: i32, name: &Option<String>) -> bool {
        match &self.port {
            None => true,
            Some(port) => *port == number.to_string() || Some(port) == name.as_ref(),
        }
    }
}

/// Address, port and pod of each endpoint of a Service port, by the port's name.
fn places(world: &World, service: &ObjectKey, port: Option<&str>) -> Vec<(String, u16, String)> {
    let mut places = Vec::new();
    for (_, slice) in world.slices_of(service) {
        let numbers: Vec<u16> = slice
            .ports
            .iter()
            .flatten()
            .filter(|p| p.name.as_deref().unwrap_or_default() == port.unwrap_or_default())
            .filter_map(|p| u16::try_from(p.port?).ok())
            .collect();
        for endpoint in &slice.endpoints {
            let pod = endpoint.target_ref.as_ref().and_then(|r| r.name.clone());
            if let Some(address) = endpoint.addresses.first() {
                let pod = pod.clone().unwrap_or_else(|| address.clone());
                places.extend(numbers.iter().map(|n| (address.clone(), *n, pod.clone())));
            }
        }
    }
    places
}
