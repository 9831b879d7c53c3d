//! A Service to a target group (load-balancers.md 4.8): which port, how it is reached, how its health
//! is found out.

use inroad_words::{
    ObjectKey, Origin, Said,
    targets::{Matcher, PortRef, ProtocolVersion, TargetType},
};
use k8s_openapi::api::core::v1::Service;

use super::{Desk, group::Member, merge, merge::SaidMap, own_tags};
pub(super) use crate::said::{Mistake, mistake};
use crate::{
    codes,
    model::{Backend, BackendSettings},
    ports::Ports,
    settings::{
        BACKEND_PROTOCOL, HEALTH_INTERVAL, HEALTH_PATH, HEALTH_PORT, HEALTH_PROTOCOL,
        HEALTH_TIMEOUT, HEALTHY_THRESHOLD, Layer, MULTI_CLUSTER, PROTOCOL_VERSION, SUCCESS_CODES,
        Setting, TAGS, TARGET_CONTROL_PORT, TARGET_GROUP_ATTRIBUTES, TARGET_NODE_LABELS,
        TARGET_TYPE, UNHEALTHY_THRESHOLD, Unreadable, look, look_named, resolve, strange,
    },
};

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

    fn ports(&self) -> Ports<'_> {
        Ports { key: &self.key, service: self.service, asker: self.origin }
    }

    pub(super) fn backend(
        &self,
        port: PortRef,
        desk: &mut Desk<'_, '_>,
    ) -> Result<Backend, Mistake> {
        let annotations = self.service.metadata.annotations.as_ref();
        desk.diagnostics.extend(strange(&self.key, annotations));
        let layers = self.layers();
        let ports = self.ports();
        let service_port = ports.find(&port).ok_or_else(|| {
            let message = format!("Service {} has no port {port}", self.key.short());
            mistake(codes::NO_PORT, self.origin, message, ports.known())
        })?;
        let target_type = self.fixed(&TARGET_TYPE, desk)?;
        let (number, target_port) = ports.reach(service_port, &target_type, desk.settings)?;
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
            family: ports.family(desk.has_ipv6)?,
            protocol: self.protocol(target_type.value, desk)?,
            target_type,
            tags: self.tags(desk),
            standby: false,
        })
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
            health_path: Some(or(path, "/", "/AWS.ALB/healthcheck")),
            matcher: Some(or(codes, "200", "12").map(if grpc {
                Matcher::Grpc
            } else {
                Matcher::Http
            })),
            interval_seconds: number(&HEALTH_INTERVAL),
            timeout_seconds: number(&HEALTH_TIMEOUT),
            healthy_threshold: number(&HEALTHY_THRESHOLD),
            unhealthy_threshold: number(&UNHEALTHY_THRESHOLD),
            protocol,
            version: Some(version),
        })
    }

    fn health_port(
        &self,
        target_type: TargetType,
        layers: &[Layer<'_>],
        desk: &mut Desk<'_, '_>,
    ) -> Said<String> {
        let said = resolve(&HEALTH_PORT, layers, desk.settings, desk.diagnostics);
        self.ports().health(said, target_type).unwrap_or_else(|mistake| {
            desk.diagnostics.push(*mistake);
            HEALTH_PORT.default(desk.settings)
        })
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
