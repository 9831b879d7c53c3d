//! A stack in the schema that AWS Load Balancer Controller logs its models in, so that two controllers'
//! ideas of the same objects can be compared by machine. In: what should be there. Out: JSON. Forbidden:
//! reading it back; nothing in here decides anything.

use inroad_words::{
    Arn, Field, ResourceKey, ResourceKind, Tags, Unit, Value,
    balancer::{BalancerKind, Listener, LoadBalancer, Mutual, Rule},
    network::{IngressRule, Peer, SecurityGroup},
    targets::{Binding, HealthCheck, Matcher, ProtocolVersion, TargetGroup},
};
use serde_json::{Map, Value as Json, json};

use crate::{
    bindings,
    model::{Desired, Resource},
    tags::{is_note, is_ownership},
};

mod traffic;

use traffic::{actions, conditions, transforms};

const SECURITY_GROUP: &str = "AWS::EC2::SecurityGroup";
const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";
const LISTENER: &str = "AWS::ElasticLoadBalancingV2::Listener";
const RULE: &str = "AWS::ElasticLoadBalancingV2::ListenerRule";
const TARGET_GROUP: &str = "AWS::ElasticLoadBalancingV2::TargetGroup";
const BINDING: &str = "K8S::ElasticLoadBalancingV2::TargetGroupBinding";
const FRONTEND: &str = "FrontendNLBTargetGroup";
const WEB_ACL: &str = "AWS::WAFv2::WebACLAssociation";

/// The stack with its resources by type and id. Tags that only say whose a resource is are left out, as
/// they are in the peer's models; so is whatever is held.
pub fn stack_json(desired: &Desired) -> Json {
    let id = match &desired.unit {
        Unit::Stack(key) => key.to_string(),
        other => other.to_string(),
    };
    let mut resources = Map::new();
    let mut add = |kind: &str, found: Map<String, Json>| {
        if !found.is_empty() {
            resources.insert(kind.into(), found.into());
        }
    };
    add(SECURITY_GROUP, each(&desired.security_groups, ToString::to_string, security_group));
    add(LOAD_BALANCER, each(&desired.load_balancers, ToString::to_string, load_balancer));
    let protected = desired.load_balancers.iter().filter_map(|(id, it)| {
        let acl = it.spec.web_acl.as_ref()?.arn();
        let key = ResourceKey::new(desired.unit.clone(), ResourceKind::LoadBalancer, id);
        let balancer = reference(&key, Field::Arn);
        Some((id.clone(), json!({ "spec": { "resourceARN": balancer, "webACLARN": acl } })))
    });
    add(WEB_ACL, protected.collect());
    add(LISTENER, each(&desired.listeners, ToString::to_string, listener));
    add(RULE, each(&desired.rules, |(port, nth)| format!("{port}:{nth}"), rule));
    add(TARGET_GROUP, each(&desired.target_groups, ToString::to_string, target_group));
    let published = desired.bindings.iter().filter_map(|(id, it)| {
        let group = desired.target_groups.get(id)?;
        Some((id.clone(), json!({ "spec": { "template": binding(&it.spec, &group.spec) } })))
    });
    add(BINDING, published.collect());
    if desired.load_balancers.values().any(|it| it.spec.kind == BalancerKind::Application) {
        // The peer's models always hold this, empty where no NLB stands in front.
        add(FRONTEND, Map::from_iter([(FRONTEND.into(), json!({ "TargetGroups": {} }))]));
    }
    json!({ "id": id, "resources": resources })
}

fn each<K, T>(
    resources: &std::collections::BTreeMap<K, Resource<T>>,
    id: impl Fn(&K) -> String,
    spec: impl Fn(&T) -> Json,
) -> Map<String, Json> {
    resources.iter().map(|(key, it)| (id(key), json!({ "spec": spec(&it.spec) }))).collect()
}

/// An object without the members that have nothing to say.
fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    let silent = |value: &Json| match value {
        Json::Null => true,
        Json::Array(list) => list.is_empty(),
        Json::Object(map) => map.is_empty(),
        _ => false,
    };
    let said = members.into_iter().filter(|(_, value)| !silent(value));
    said.map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
}

fn security_group(spec: &SecurityGroup) -> Json {
    object([
        ("groupName", json!(spec.name)),
        ("description", json!(spec.description)),
        ("tags", tags(&spec.tags)),
        ("ingress", spec.ingress.iter().map(permission).collect()),
    ])
}

fn permission(rule: &IngressRule) -> Json {
    let (member, peer) = match &rule.peer {
        Peer::Ipv4(cidr) => ("ipRanges", json!({ "cidrIP": cidr })),
        Peer::Ipv6(cidr) => ("ipv6Ranges", json!({ "cidrIPv6": cidr })),
        Peer::PrefixList(id) => ("prefixLists", json!({ "listID": id })),
        Peer::Group(group) => ("userIDGroupPairs", json!({ "groupID": text(group) })),
    };
    object([
        ("ipProtocol", json!(rule.protocol)),
        ("fromPort", json!(rule.from_port)),
        ("toPort", json!(rule.to_port)),
        (member, json!([peer])),
    ])
}

fn load_balancer(spec: &LoadBalancer) -> Json {
    let subnet = |id: &String| json!({ "subnetID": id });
    let of_network = spec.kind == BalancerKind::Network;
    object([
        ("name", json!(spec.name)),
        ("type", json!(spec.kind.as_str())),
        ("enablePrefixForIpv6SourceNat", json!(of_network.then_some("off"))),
        ("scheme", json!(spec.scheme.as_str())),
        ("ipAddressType", json!(spec.ip_address_type.as_str())),
        ("subnetMapping", spec.subnets.prefer.iter().map(subnet).collect()),
        ("securityGroups", spec.security_groups.iter().map(text).collect()),
        ("customerOwnedIPv4Pool", json!(spec.customer_owned_pool)),
        ("loadBalancerAttributes", pairs(&spec.attributes)),
        ("tags", tags(&spec.tags)),
    ])
}

fn listener(spec: &Listener) -> Json {
    let certificate = |arn: &Arn| json!({ "certificateARN": arn });
    object([
        ("loadBalancerARN", arn(&spec.load_balancer)),
        ("port", json!(spec.port)),
        ("protocol", json!(spec.protocol.as_str())),
        ("defaultActions", actions(&spec.default_actions)),
        ("certificates", spec.certificates.iter().map(certificate).collect()),
        ("sslPolicy", json!(spec.ssl_policy)),
        ("mutualAuthentication", json!(spec.mutual.as_ref().map(mutual))),
        ("listenerAttributes", pairs(&spec.attributes)),
        ("tags", tags(&spec.tags)),
    ])
}

fn mutual(mutual: &Mutual) -> Json {
    let (mode, verify) = match mutual {
        Mutual::Off => ("off", None),
        Mutual::Passthrough => ("passthrough", None),
        Mutual::Verify(verify) => ("verify", Some(verify)),
    };
    let on = |on: bool| if on { "on" } else { "off" };
    object([
        ("mode", json!(mode)),
        ("trustStoreArn", json!(verify.map_or("", |it| &it.trust_store.0))),
        ("ignoreClientCertificateExpiry", json!(verify.map(|it| it.ignore_expiry))),
        ("advertiseTrustStoreCaNames", json!(verify.and_then(|it| it.advertise).map(on))),
    ])
}

fn rule(spec: &Rule) -> Json {
    object([
        ("listenerARN", arn(&spec.listener)),
        ("priority", json!(spec.priority)),
        ("actions", actions(&spec.actions)),
        ("conditions", conditions(&spec.conditions)),
        ("transforms", transforms(&spec.transforms)),
        ("tags", tags(&spec.tags)),
    ])
}

fn target_group(spec: &TargetGroup) -> Json {
    object([
        ("name", json!(spec.name)),
        ("targetType", json!(spec.target_type.as_str())),
        ("ipAddressType", json!(spec.ip_address_type.as_str())),
        ("port", json!(spec.port)),
        ("protocol", json!(spec.protocol.as_str())),
        ("protocolVersion", json!(spec.protocol_version.map(ProtocolVersion::as_str))),
        ("targetControlPort", json!(spec.control_port)),
        ("healthCheckConfig", health_check(&spec.health_check)),
        ("targetGroupAttributes", pairs(&spec.attributes)),
        ("tags", tags(&spec.tags)),
    ])
}

fn health_check(check: &HealthCheck) -> Json {
    let matcher = check.matcher.as_ref().map(|matcher| match matcher {
        Matcher::Http(codes) => json!({ "httpCode": codes }),
        Matcher::Grpc(codes) => json!({ "grpcCode": codes }),
    });
    let port = check.port.parse::<u16>().map_or(json!(check.port), |port| json!(port));
    object([
        ("port", port),
        ("protocol", json!(check.protocol.as_str())),
        ("path", json!(check.path)),
        ("matcher", json!(matcher)),
        ("intervalSeconds", json!(check.interval_seconds)),
        ("timeoutSeconds", json!(check.timeout_seconds)),
        ("healthyThresholdCount", json!(check.healthy_threshold)),
        ("unhealthyThresholdCount", json!(check.unhealthy_threshold)),
    ])
}

/// The TargetGroupBinding that the peer would publish.
fn binding(binding: &Binding, group: &TargetGroup) -> Json {
    let spec = bindings::spec(binding, group, &|of, field| Some(reference(of, field)));
    json!({ "metadata": { "name": binding.name, "namespace": binding.namespace }, "spec": spec })
}

fn tags(tags: &Tags) -> Json {
    let said = tags.iter().filter(|(key, _)| !is_ownership(key) && !is_note(key));
    said.map(|(key, value)| (key.clone(), json!(value))).collect::<Map<_, _>>().into()
}

fn pairs(attributes: &std::collections::BTreeMap<String, String>) -> Json {
    attributes.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect()
}

fn arn(value: &Value<Arn>) -> Json {
    refer(value, |arn| json!(arn))
}

fn text(value: &Value<String>) -> Json {
    refer(value, |text| json!(text))
}

/// A known value as it is, an unknown one as a reference into the stack.
fn refer<T>(value: &Value<T>, known: impl Fn(&T) -> Json) -> Json {
    match value {
        Value::Known(value) => known(value),
        Value::Output { of, field } => reference(of, *field),
    }
}

fn reference(of: &ResourceKey, field: Field) -> Json {
    let (kind, attribute) = match (of.kind, field) {
        (ResourceKind::SecurityGroup, _) => (SECURITY_GROUP, "groupID"),
        (ResourceKind::LoadBalancer, Field::DnsName) => (LOAD_BALANCER, "dnsName"),
        (ResourceKind::LoadBalancer, _) => (LOAD_BALANCER, "loadBalancerARN"),
        (ResourceKind::Listener, _) => (LISTENER, "listenerARN"),
        (ResourceKind::Rule, _) => (RULE, "ruleARN"),
        (ResourceKind::TargetGroup, _) => (TARGET_GROUP, "targetGroupARN"),
    };
    json!({ "$ref": format!("#/resources/{kind}/{}/status/{attribute}", of.id) })
}

#[cfg(test)]
mod tests;
