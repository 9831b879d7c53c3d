//! A Service to a target group (load-balancers.md 4.8): which port, how it is reached, how its health
//! is found out.

use inroad_words::{
    Diagnostic, ObjectKey, Origin, Said,
    targets::{Matcher, PortRef, ProtocolVersion, TargetFamily, TargetType},
};
use k8s_openapi::{
    api::core::v1::{Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{Desk, group::Member, merge, merge::SaidMap, own_tags};
use crate::{
    codes,
    model::{Backend, BackendSettings},
    settings::{
        BACKEND_PROTOCOL, HEALTH_INTERVAL, HEALTH_PATH, HEALTH_PORT, HEALTH_PROTOCOL,
        HEALTH_TIMEOUT, HEALTHY_THRESHOLD, Layer, MULTI_CLUSTER, PROTOCOL_VERSION, SUCCESS_CODES,
        Setting, TAGS, TARGET_CONTROL_PORT, TARGET_GROUP_ATTRIBUTES, TARGET_NODE_LABELS,
        TARGET_TYPE, UNHEALTHY_THRESHOLD, Unreadable, look, look_named, resolve, strange,
    },
};

/// Why a backend cannot be served.
pub(super) type Mistake = Box<Diagnostic>;

pub(super) fn mistake(
    code: inroad_words::Code,
    origin: &Origin,
    message: impl Into<String>,
    help: impl Into<String>,
) -> Mistake {
    Box::new(Diagnostic::error(code, origin.clone(), message).help(help))
}

/// What is said where no default will do; what cannot be read is why something is not served.
pub(super) fn readable<T>(
    setting: &Setting<T>,
    suffix: &str,
    layers: &[Layer<'_>],
) -> Result<Option<Said<T>>, Mistake> {
    let mut found = Vec::new();
    look_named(setting, suffix, layers, &mut found).map_err(|unreadable| {
        found.pop().map(Box::new).unwrap_or_else(|| {
            mistake(codes::BAD_VALUE, &unreadable.0, "it cannot be read", setting.row.doc)
        })
    })
}

/// A Service as one Ingress calls it.
pub(super) struct Call<'a, 'w> {
    pub(super) member: &'a Member<'w>,
    pub(super) key: ObjectKey,
    pub(super) service: &'w Service,
    pub(super) origin: &'a Origin,
}

impl Call<'_, '_> {
    /// Where settings stand: class params, the Service, the Ingress.
    fn layers(&self) -> Vec<Layer<'_>> {
        let mut layers = self.member.layers();
        let service = Layer::Annotations(&self.key, self.service.metadata.annotations.as_ref());
        layers.insert(layers.len() - 1, service);
        layers
    }

    fn ports(&self) -> &[ServicePort] {
        self.service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
    }

    fn port(&self, port: &PortRef) -> Option<&ServicePort> {
        self.ports().iter().find(|candidate| match port {
            PortRef::Number(number) => candidate.port == i32::from(*number),
            PortRef::Name(name) => candidate.name.as_deref() == Some(name),
        })
    }

    pub(super) fn backend(
        &self,
        port: PortRef,
        desk: &mut Desk<'_, '_>,
    ) -> Result<Backend, Mistake> {
        let annotations = self.service.metadata.annotations.as_ref();
        desk.diagnostics.extend(strange(&self.key, annotations));
        let layers = self.layers();
        let service_port = self.port(&port).ok_or_else(|| {
            let message = format!("Service {} has no port {port}", self.key.short());
            mistake(codes::NO_PORT, self.origin, message, self.known_ports())
        })?;
        let target_type = self.fixed(&TARGET_TYPE, desk)?;
        let (number, target_port) = self.reach(service_port, &target_type, desk)?;
        let control_port = self.control_port(&port, target_type.value)?;
        let multi_cluster = self.multi_cluster(desk);
        let mut map = |setting: &Setting<_>| {
            let said = look(setting, &layers, desk.diagnostics).unwrap_or_default();
            said.map(merge::spread).unwrap_or_default()
        };
        Ok(Backend {
            attributes: map(&TARGET_GROUP_ATTRIBUTES),
            // Pods are chosen by their Service alone.
            node_labels: match target_type.value {
                TargetType::Instance => map(&TARGET_NODE_LABELS),
                _ => SaidMap::new(),
            },
            origin: self.origin.clone(),
            ingress: self.member.key.clone(),
            service: self.key.clone(),
            service_uid: self.service.metadata.uid.clone().unwrap_or_default(),
            service_port: port,
            port: number,
            target_port,
            control_port,
            multi_cluster,
            family: self.family(desk)?,
            protocol: self.protocol(target_type.value, desk)?,
            target_type,
            tags: self.tags(desk),
            standby: false,
        })
    }

    fn known_ports(&self) -> String {
        let name = |port: &ServicePort| match &port.name {
            Some(name) => format!("{} ({name})", port.port),
            None => port.port.to_string(),
        };
        format!("it has {}", self.ports().iter().map(name).collect::<Vec<_>>().join(", "))
    }

    /// The target group's own port, and the port that is reached on the targets.
    fn reach(
        &self,
        port: &ServicePort,
        target_type: &Said<TargetType>,
        desk: &Desk<'_, '_>,
    ) -> Result<(u16, PortRef), Mistake> {
        if target_type.value == TargetType::Instance {
            return node_port(port).map(|number| (number, PortRef::Number(number))).ok_or_else(
                || {
                    let message = format!(
                        "port {} of Service {} has no nodePort, which target type instance needs",
                        port.port,
                        self.key.short()
                    );
                    let help = "make the Service NodePort or LoadBalancer, or set target-type: ip";
                    mistake(codes::NO_TARGET_PORT, self.origin, message, help)
                },
            );
        }
        if !desk.settings.switches.ip_targets {
            let message = "target type ip is switched off (EnableIPTargetType)";
            return Err(mistake(
                codes::NO_IP_TARGETS,
                &target_type.origin,
                message,
                "use instance",
            ));
        }
        match target_port(port) {
            Some(PortRef::Number(0)) | None => {
                let message =
                    format!("port {} of Service {} leads nowhere", port.port, self.key.short());
                let help = "give it a targetPort from 1 to 65535, or a name";
                Err(mistake(codes::NO_TARGET_PORT, self.origin, message, help))
            }
            Some(PortRef::Number(number)) => Ok((number, PortRef::Number(number))),
            // Named ports differ from pod to pod; each registration carries its own.
            Some(name) => Ok((1, name)),
        }
    }

    fn family(&self, desk: &Desk<'_, '_>) -> Result<TargetFamily, Mistake> {
        let families = self.service.spec.as_ref().and_then(|spec| spec.ip_families.as_ref());
        if !families.into_iter().flatten().any(|family| family == "IPv6") {
            return Ok(TargetFamily::Ipv4);
        }
        if desk.has_ipv6 {
            return Ok(TargetFamily::Ipv6);
        }
        let message = format!("Service {} has IPv6, the load balancer has not", self.key.short());
        Err(mistake(codes::NO_IPV6, self.origin, message, "set ip-address-type: dualstack"))
    }

    /// What a target group is made with and cannot change: the default for something that cannot be
    /// read would replace it, so the backend is not served.
    fn fixed<T>(&self, setting: &Setting<T>, desk: &Desk<'_, '_>) -> Result<Said<T>, Mistake> {
        let said = self.fixed_named(setting, setting.row.ingress)?;
        Ok(said.unwrap_or_else(|| setting.default(desk.settings)))
    }

    fn fixed_named<T>(
        &self,
        setting: &Setting<T>,
        suffix: &str,
    ) -> Result<Option<Said<T>>, Mistake> {
        readable(setting, suffix, &self.layers())
    }

    /// Said for a Service and one of its ports, as the backend writes it.
    fn control_port(
        &self,
        port: &PortRef,
        target_type: TargetType,
    ) -> Result<Option<Said<u16>>, Mistake> {
        let suffix = format!("{}{}.{port}", TARGET_CONTROL_PORT.row.ingress, self.key.name);
        match self.fixed_named(&TARGET_CONTROL_PORT, &suffix)? {
            Some(said) if target_type != TargetType::Ip => {
                let message = "instance targets have no control port";
                let help = "set target-type: ip, or take the annotation away";
                Err(mistake(codes::NO_TARGET_PORT, &said.origin, message, help))
            }
            said => Ok(said),
        }
    }

    fn multi_cluster(&self, desk: &mut Desk<'_, '_>) -> Said<bool> {
        let mut shared = MULTI_CLUSTER.default(desk.settings);
        for layer in self.layers() {
            match look(&MULTI_CLUSTER, &[layer], desk.diagnostics) {
                Ok(Some(said)) if said.value => shared = said,
                // Whose targets they are is not known: none of them goes.
                Err(Unreadable(origin)) => shared = Said::new(true, origin),
                Ok(_) => {}
            }
        }
        shared
    }

    fn protocol(
        &self,
        target_type: TargetType,
        desk: &mut Desk<'_, '_>,
    ) -> Result<BackendSettings, Mistake> {
        let layers = self.layers();
        let health_port = self.health_port(target_type, &layers, desk);
        let protocol = self.fixed(&BACKEND_PROTOCOL, desk)?;
        let version = self.fixed(&PROTOCOL_VERSION, desk)?;
        let (settings, notes) = (desk.settings, &mut *desk.diagnostics);
        let grpc = version.value == ProtocolVersion::Grpc;
        let or = |said: Option<Said<String>>, http: &str, other: &str| {
            let fallback = if grpc { other } else { http };
            said.unwrap_or_else(|| Said::default_value(fallback.into()))
        };
        let health_protocol = look(&HEALTH_PROTOCOL, &layers, notes).unwrap_or_default();
        let path = look(&HEALTH_PATH, &layers, notes).unwrap_or_default();
        let codes = look(&SUCCESS_CODES, &layers, notes).unwrap_or_default();
        let mut number = |setting| resolve(setting, &layers, settings, notes);
        Ok(BackendSettings {
            health_port,
            health_protocol: health_protocol.unwrap_or_else(|| Said::default_value(protocol.value)),
            health_path: or(path, "/", "/AWS.ALB/healthcheck"),
            matcher: or(codes, "200", "12").map(if grpc { Matcher::Grpc } else { Matcher::Http }),
            interval_seconds: number(&HEALTH_INTERVAL),
            timeout_seconds: number(&HEALTH_TIMEOUT),
            healthy_threshold: number(&HEALTHY_THRESHOLD),
            unhealthy_threshold: number(&UNHEALTHY_THRESHOLD),
            protocol,
            version,
        })
    }

    /// `traffic-port` or a number; a name is that of a Service port.
    fn health_port(
        &self,
        target_type: TargetType,
        layers: &[Layer<'_>],
        desk: &mut Desk<'_, '_>,
    ) -> Said<String> {
        let said = resolve(&HEALTH_PORT, layers, desk.settings, desk.diagnostics);
        if said.value == "traffic-port" || said.value.parse::<u16>().is_ok_and(|port| port > 0) {
            return said;
        }
        let port = self.port(&PortRef::Name(said.value.clone()));
        let number = port.and_then(|port| match target_type {
            TargetType::Instance => node_port(port),
            _ => match target_port(port) {
                Some(PortRef::Number(number)) => Some(number),
                _ => None,
            },
        });
        if let Some(number) = number {
            return said.map(|_| number.to_string());
        }
        let message = format!("healthcheck-port {} is no port with a number", said.value);
        let help = "use traffic-port, a number, or a Service port whose target is a number";
        desk.diagnostics.push(*mistake(codes::BAD_VALUE, &said.origin, message, help));
        HEALTH_PORT.default(desk.settings)
    }

    /// Class params, then the Service, then the Ingress, key by key.
    fn tags(&self, desk: &mut Desk<'_, '_>) -> SaidMap {
        let mut merged = SaidMap::new();
        for layer in self.layers() {
            let said = look(&TAGS, &[layer], desk.diagnostics).unwrap_or_default();
            merge::fill(&mut merged, own_tags(said, desk));
        }
        merged
    }
}

fn node_port(port: &ServicePort) -> Option<u16> {
    port.node_port.and_then(|number| u16::try_from(number).ok()).filter(|number| *number > 0)
}

/// `targetPort`, which is the Service port itself where it is not set.
fn target_port(port: &ServicePort) -> Option<PortRef> {
    match &port.target_port {
        None => u16::try_from(port.port).ok().map(PortRef::Number),
        Some(IntOrString::Int(number)) => u16::try_from(*number).ok().map(PortRef::Number),
        Some(IntOrString::String(name)) => Some(PortRef::Name(name.clone())),
    }
}
