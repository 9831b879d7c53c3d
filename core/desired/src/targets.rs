//! Target groups, the bindings that ALBC would publish for them, and their registrations.

use std::net::IpAddr;

use inroad_intent::model::{Backend, BackendSettings, EndpointTarget, TargetsIntent};
use inroad_words::{
    Arn, Field, Origin, Origins, ResourceKey, ResourceKind, Unit, Value,
    facts::{Facts, Need, Vpc},
    hold::{Hold, HoldReason},
    targets::{Binding, BindingRule, HealthCheck, PortRef, Target, TargetGroup, TargetType},
};
use ipnet::IpNet;

use crate::{
    balancer::attributes,
    model::{Desired, DesiredTargets, Resource, Shaped},
    naming,
    shape::Shaping,
};

/// What stands for every zone where a target lies outside the VPC (ELBv2 API, `TargetDescription`).
const OUTSIDE: &str = "all";
/// The health check's port is the one that traffic goes to (ELBv2 API, `HealthCheckPort`).
const TRAFFIC_PORT: &str = "traffic-port";

/// Adds a target group with its binding. `source`: the security group that traffic comes from, where
/// the groups of the targets are ours to manage.
pub(crate) fn group(
    shaping: &mut Shaping<'_>,
    id: &str,
    backend: &Backend,
    source: Option<&Value<String>>,
) {
    let group = target_group(shaping, id, backend);
    let binding = Binding {
        name: group.spec.name.clone(),
        namespace: backend.service.namespace.clone(),
        service: backend.service.name.clone(),
        port: backend.service_port.clone(),
        group: shaping.key(ResourceKind::TargetGroup, id).output(Field::Arn),
        multi_cluster: backend.multi_cluster.value,
        node_labels: node_labels(backend),
        networking: source.map(|source| networking(shaping, backend, source)),
    };
    let origins = Origins::of(backend.origin.clone());
    let desired = &mut shaping.out.desired;
    desired.bindings.insert(id.into(), Resource { spec: binding, origins });
    desired.target_groups.insert(id.into(), group);
}

fn target_group(shaping: &Shaping<'_>, id: &str, backend: &Backend) -> Resource<TargetGroup> {
    let mut origins = origins(backend);
    let cluster = &shaping.controller.balancers.cluster_name;
    let spec = TargetGroup {
        name: naming::target_group(cluster, shaping.stack, backend),
        vpc: shaping.controller.balancers.vpc_id.clone(),
        target_type: backend.target_type.value,
        ip_address_type: backend.family,
        port: backend.port,
        protocol: backend.protocol.protocol.value,
        protocol_version: backend.protocol.version.as_ref().map(|said| said.value),
        control_port: backend.control_port.as_ref().map(|said| said.value),
        health_check: health_check(&backend.protocol),
        attributes: attributes("targetGroupAttributes", &backend.attributes, &mut origins),
        tags: shaping.tagger().tags(id, &backend.tags, &mut origins),
    };
    Resource { spec, origins }
}

fn origins(backend: &Backend) -> Origins {
    let settings = &backend.protocol;
    let said = [
        ("protocolVersion", settings.version.as_ref().map(|said| &said.origin)),
        ("healthCheckConfig.path", settings.health_path.as_ref().map(|said| &said.origin)),
        ("healthCheckConfig.matcher", settings.matcher.as_ref().map(|said| &said.origin)),
        ("targetControlPort", backend.control_port.as_ref().map(|said| &said.origin)),
    ];
    let said = said.into_iter().filter_map(|(field, origin)| Some((field, origin?)));
    [
        ("targetType", &backend.target_type.origin),
        ("protocol", &settings.protocol.origin),
        ("healthCheckConfig.port", &settings.health_port.origin),
        ("healthCheckConfig.protocol", &settings.health_protocol.origin),
        ("healthCheckConfig.intervalSeconds", &settings.interval_seconds.origin),
        ("healthCheckConfig.timeoutSeconds", &settings.timeout_seconds.origin),
        ("healthCheckConfig.healthyThresholdCount", &settings.healthy_threshold.origin),
        ("healthCheckConfig.unhealthyThresholdCount", &settings.unhealthy_threshold.origin),
    ]
    .into_iter()
    .chain(said)
    .fold(Origins::of(backend.origin.clone()), |all, (field, it)| all.with(field, it.clone()))
}

fn health_check(settings: &BackendSettings) -> HealthCheck {
    HealthCheck {
        port: settings.health_port.value.clone(),
        protocol: settings.health_protocol.value,
        path: settings.health_path.as_ref().map(|said| said.value.clone()),
        matcher: settings.matcher.as_ref().map(|said| said.value.clone()),
        interval_seconds: settings.interval_seconds.value,
        timeout_seconds: settings.timeout_seconds.value,
        healthy_threshold: settings.healthy_threshold.value,
        unhealthy_threshold: settings.unhealthy_threshold.value,
    }
}

/// Nodes are chosen by labels only where nodes are the targets.
fn node_labels(backend: &Backend) -> std::collections::BTreeMap<String, String> {
    let instance = backend.target_type.value == TargetType::Instance;
    let labels = backend.node_labels.iter().filter(|_| instance);
    labels.map(|(key, said)| (key.clone(), said.value.clone())).collect()
}

/// The port of the traffic, and those of health check and control where they are others.
fn networking(
    shaping: &Shaping<'_>,
    backend: &Backend,
    source: &Value<String>,
) -> Vec<BindingRule> {
    let rule = |ports| BindingRule { source: source.clone(), ports };
    if shaping.controller.balancers.switches.unrestricted_rules {
        return vec![rule(Vec::new())];
    }
    let mut ports = vec![backend.target_port.clone()];
    let health = &backend.protocol.health_port.value;
    if health != TRAFFIC_PORT {
        ports.push(health.parse().map_or(PortRef::Name(health.clone()), PortRef::Number));
    }
    ports.extend(backend.control_port.as_ref().map(|said| PortRef::Number(said.value)));
    if shaping.stack.is_of_service() {
        // The peer writes one line for a Service, and no port twice.
        ports.dedup();
        return vec![rule(ports)];
    }
    ports.into_iter().map(|port| rule(vec![port])).collect()
}

/// The registrations of one target group.
pub(crate) fn shape(asked: &TargetsIntent, facts: &Facts) -> Shaped {
    let mut desired = Desired::nothing(Unit::Targets(asked.key.clone()));
    desired.held.unit.clone_from(&asked.held);
    if asked.service.is_some() && asked.held.is_none() {
        match targets(asked, facts) {
            // Nobody makes the group that it would wait for.
            Ok(targets) if asked.standby && targets.group.known().is_none() => {}
            Ok(targets) => desired.targets = Some(targets),
            Err(why) => {
                desired.held.unit = Some(Hold {
                    subject: desired.unit.to_string(),
                    reason: HoldReason::MissingFact(why),
                    origin: Origin::Default,
                });
            }
        }
    }
    Shaped { desired, diagnostics: Vec::new() }
}

fn targets(asked: &TargetsIntent, facts: &Facts) -> Result<DesiredTargets, String> {
    let key = ResourceKey::new(
        Unit::Stack(asked.key.stack.clone()),
        ResourceKind::TargetGroup,
        asked.key.group.clone(),
    );
    let group = match facts.outputs.get(&key, Field::Arn) {
        Some(arn) => Value::Known(Arn(arn.to_owned())),
        None => key.output(Field::Arn),
    };
    let vpc = match (asked.target_type, &facts.vpc) {
        (TargetType::Instance | TargetType::Other, _) => None,
        (TargetType::Ip, Some(vpc)) => Some(vpc),
        (TargetType::Ip, None) => {
            let why = facts.missing.get(&Need::Vpc).map(String::as_str);
            return Err(why.unwrap_or("the VPC is not known").to_owned());
        }
    };
    let targets = asked.endpoints.iter().map(|(it, origin)| (target(it, vpc), origin.clone()));
    Ok(DesiredTargets { group, shared: asked.multi_cluster, targets: targets.collect() })
}

fn target(endpoint: &EndpointTarget, vpc: Option<&Vpc>) -> Target {
    let outside = vpc.is_some_and(|vpc| !lies_in(vpc, &endpoint.id));
    Target {
        id: endpoint.id.clone(),
        port: endpoint.port,
        zone: outside.then(|| OUTSIDE.to_owned()),
    }
}

fn lies_in(vpc: &Vpc, address: &str) -> bool {
    let Ok(address) = address.parse::<IpAddr>() else { return false };
    let blocks = vpc.cidrs.iter().filter_map(|cidr| cidr.parse::<IpNet>().ok());
    blocks.into_iter().any(|block| block.contains(&address))
}

#[cfg(test)]
mod tests;
