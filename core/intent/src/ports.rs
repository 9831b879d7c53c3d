//! The ports of a Service, and how a load balancer reaches what is behind them (load-balancers.md 2.3, 4.8).

use inroad_words::{
    ObjectKey, Origin, Said,
    controller::BalancerSettings,
    targets::{PortRef, TargetFamily, TargetType},
};
use k8s_openapi::{
    api::core::v1::{Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    codes,
    said::{Mistake, mistake},
};

/// A Service whose ports are asked about; `asker`: who is told of mistakes.
pub(crate) struct Ports<'a> {
    pub(crate) key: &'a ObjectKey,
    pub(crate) service: &'a Service,
    pub(crate) asker: &'a Origin,
}

impl Ports<'_> {
    pub(crate) fn all(&self) -> &[ServicePort] {
        self.service.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default()
    }

    pub(crate) fn find(&self, port: &PortRef) -> Option<&ServicePort> {
        self.all().iter().find(|candidate| match port {
            PortRef::Number(number) => candidate.port == i32::from(*number),
            PortRef::Name(name) => candidate.name.as_deref() == Some(name),
        })
    }

    pub(crate) fn known(&self) -> String {
        let name = |port: &ServicePort| match &port.name {
            Some(name) => format!("{} ({name})", port.port),
            None => port.port.to_string(),
        };
        format!("it has {}", self.all().iter().map(name).collect::<Vec<_>>().join(", "))
    }

    /// The target group's own port, and the port that is reached on the targets.
    pub(crate) fn reach(
        &self,
        port: &ServicePort,
        target_type: &Said<TargetType>,
        settings: &BalancerSettings,
    ) -> Result<(u16, PortRef), Mistake> {
        if target_type.value == TargetType::Instance {
            let number = node_port(port).ok_or_else(|| self.no_node_port(port))?;
            return Ok((number, PortRef::Number(number)));
        }
        if !settings.switches.ip_targets {
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
                Err(mistake(codes::NO_TARGET_PORT, self.asker, message, help))
            }
            Some(PortRef::Number(number)) => Ok((number, PortRef::Number(number))),
            // Named ports differ from pod to pod; each registration carries its own.
            Some(name) => Ok((1, name)),
        }
    }

    fn no_node_port(&self, port: &ServicePort) -> Mistake {
        let message = format!(
            "port {} of Service {} has no nodePort, which target type instance needs",
            port.port,
            self.key.short()
        );
        let help = "make the Service NodePort or LoadBalancer, or set target-type: ip";
        mistake(codes::NO_TARGET_PORT, self.asker, message, help)
    }

    /// The family of the endpoints, which the load balancer must have too.
    pub(crate) fn family(&self, has_ipv6: bool) -> Result<TargetFamily, Mistake> {
        let families = self.service.spec.as_ref().and_then(|spec| spec.ip_families.as_ref());
        if !families.into_iter().flatten().any(|family| family == "IPv6") {
            return Ok(TargetFamily::Ipv4);
        }
        if has_ipv6 {
            return Ok(TargetFamily::Ipv6);
        }
        let message = format!("Service {} has IPv6, the load balancer has not", self.key.short());
        Err(mistake(codes::NO_IPV6, self.asker, message, "set ip-address-type: dualstack"))
    }

    /// Where health is asked: `traffic-port` or a number; a name is that of a Service port.
    pub(crate) fn health(
        &self,
        said: Said<String>,
        target_type: TargetType,
    ) -> Result<Said<String>, Mistake> {
        if said.value == "traffic-port" || said.value.parse::<u16>().is_ok_and(|port| port > 0) {
            return Ok(said);
        }
        let port = self.find(&PortRef::Name(said.value.clone()));
        let number = port.and_then(|port| match target_type {
            TargetType::Instance => node_port(port),
            _ => match target_port(port) {
                Some(PortRef::Number(number)) => Some(number),
                _ => None,
            },
        });
        if let Some(number) = number {
            return Ok(said.map(|_| number.to_string()));
        }
        let message = format!("healthcheck-port {} is no port with a number", said.value);
        let help = "use traffic-port, a number, or a Service port whose target is a number";
        Err(mistake(codes::BAD_VALUE, &said.origin, message, help))
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
