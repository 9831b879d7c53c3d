//! Load balancers, listeners, rules and target groups between the SDK's types and ours. Spellings that
//! the SDK does not know are kept; what AWS must give and did not (an ARN) drops the record, since
//! nothing could be done with it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types as sdk;
use aws_sdk_elasticloadbalancingv2::types::AdvertiseTrustStoreCaNamesEnum as Advertise;
use inroad_words::balancer::{
    BalancerKind, IpAddressType, Listener, ListenerProtocol, LoadBalancer, Mutual, Rule, Scheme,
    Verify,
};
use inroad_words::observed::{SeenTargetGroup, TargetHealth};
use inroad_words::targets::{
    BackendProtocol, HealthCheck, Matcher, ProtocolVersion, Target, TargetFamily, TargetGroup,
    TargetType,
};
use inroad_words::{Arn, Pick, Tags, Value};

use super::actions::{seen_actions, seen_condition, seen_transform};

/// Tags as the API takes them.
pub(super) fn ask_tags(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect()
}

/// Tags as the API gives them.
pub(super) fn seen_tags(tags: &[sdk::Tag]) -> Tags {
    let pair =
        |tag: &sdk::Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    tags.iter().filter_map(pair).collect()
}

/// What a load balancer is, but for its attributes and tags.
pub(super) fn seen_balancer(balancer: &sdk::LoadBalancer) -> LoadBalancer {
    let subnets = balancer.availability_zones().iter().filter_map(|zone| zone.subnet_id());
    LoadBalancer {
        kind: match balancer.r#type() {
            Some(sdk::LoadBalancerTypeEnum::Network) => BalancerKind::Network,
            _ => BalancerKind::Application,
        },
        name: balancer.load_balancer_name().unwrap_or_default().to_owned(),
        scheme: match balancer.scheme() {
            Some(sdk::LoadBalancerSchemeEnum::InternetFacing) => Scheme::InternetFacing,
            _ => Scheme::Internal,
        },
        ip_address_type: match balancer.ip_address_type() {
            Some(sdk::IpAddressType::Dualstack) => IpAddressType::Dualstack,
            Some(sdk::IpAddressType::DualstackWithoutPublicIpv4) => {
                IpAddressType::DualstackWithoutPublicIpv4
            }
            _ => IpAddressType::Ipv4,
        },
        subnets: Pick { keep: true, prefer: subnets.map(str::to_owned).collect() },
        security_groups: balancer.security_groups().iter().cloned().map(Value::Known).collect(),
        attributes: BTreeMap::new(),
        customer_owned_pool: balancer.customer_owned_ipv4_pool().map(str::to_owned),
        web_acl: None,
        tags: Tags::new(),
    }
}

/// The parts of a listener that other calls tell.
#[derive(Debug, Default)]
pub(super) struct ListenerParts {
    pub(super) attributes: BTreeMap<String, String>,
    /// The SNI list, default certificate not counted.
    pub(super) certificates: Vec<Arn>,
    pub(super) tags: Tags,
}

/// What a listener is; `None` where it has no port, which none of ours lacks.
pub(super) fn seen_listener(listener: &sdk::Listener, parts: ListenerParts) -> Option<Listener> {
    let default = listener.certificates().iter().filter_map(|c| c.certificate_arn());
    let mut certificates: Vec<Arn> = default.map(|arn| Arn(arn.to_owned())).collect();
    certificates.extend(parts.certificates);
    Some(Listener {
        load_balancer: Value::Known(Arn(listener.load_balancer_arn()?.to_owned())),
        port: u16::try_from(listener.port()?).ok()?,
        protocol: match listener.protocol() {
            Some(sdk::ProtocolEnum::Http) => ListenerProtocol::Http,
            Some(sdk::ProtocolEnum::Https) => ListenerProtocol::Https,
            Some(sdk::ProtocolEnum::Tcp) => ListenerProtocol::Tcp,
            _ => ListenerProtocol::Other,
        },
        default_actions: seen_actions(listener.default_actions()),
        certificates,
        ssl_policy: listener.ssl_policy().map(str::to_owned),
        mutual: listener.mutual_authentication().and_then(seen_mutual),
        attributes: parts.attributes,
        tags: parts.tags,
    })
}

/// What is asked of clients' certificates; `None`: nothing.
pub(super) fn seen_mutual(seen: &sdk::MutualAuthenticationAttributes) -> Option<Mutual> {
    match seen.mode() {
        Some("verify") => Some(Mutual::Verify(Verify {
            trust_store: Arn(seen.trust_store_arn().unwrap_or_default().to_owned()),
            ignore_expiry: seen.ignore_client_certificate_expiry().unwrap_or_default(),
            advertise: seen.advertise_trust_store_ca_names().map(|it| *it == Advertise::On),
        })),
        Some("passthrough") => Some(Mutual::Passthrough),
        _ => None,
    }
}

/// `MutualAuthentication` as the API takes it: nothing beside the mode where nobody is verified.
pub(super) fn ask_mutual(mutual: &Mutual) -> sdk::MutualAuthenticationAttributes {
    let call = sdk::MutualAuthenticationAttributes::builder();
    match mutual {
        Mutual::Off => call.mode("off"),
        Mutual::Passthrough => call.mode("passthrough"),
        Mutual::Verify(verify) => {
            let advertise = |on| if on { Advertise::On } else { Advertise::Off };
            call.mode("verify")
                .trust_store_arn(&verify.trust_store.0)
                .ignore_client_certificate_expiry(verify.ignore_expiry)
                .set_advertise_trust_store_ca_names(verify.advertise.map(advertise))
        }
    }
    .build()
}

/// What a rule is; `None` for the default rule, which belongs to its listener.
pub(super) fn seen_rule(listener: &Arn, rule: &sdk::Rule, tags: Tags) -> Option<Rule> {
    Some(Rule {
        listener: Value::Known(listener.clone()),
        priority: rule.priority()?.parse().ok()?,
        conditions: rule.conditions().iter().map(seen_condition).collect(),
        actions: seen_actions(rule.actions()),
        transforms: rule.transforms().iter().map(seen_transform).collect(),
        tags,
    })
}

/// A target group with the load balancers that use it; attributes and tags are told elsewhere.
pub(super) fn seen_target_group(group: &sdk::TargetGroup) -> Option<SeenTargetGroup> {
    let spec = TargetGroup {
        name: group.target_group_name().unwrap_or_default().to_owned(),
        vpc: group.vpc_id().unwrap_or_default().to_owned(),
        target_type: match group.target_type() {
            Some(sdk::TargetTypeEnum::Instance) => TargetType::Instance,
            Some(sdk::TargetTypeEnum::Ip) => TargetType::Ip,
            _ => TargetType::Other,
        },
        ip_address_type: match group.ip_address_type() {
            Some(sdk::TargetGroupIpAddressTypeEnum::Ipv6) => TargetFamily::Ipv6,
            _ => TargetFamily::Ipv4,
        },
        port: group.port().and_then(|port| port.try_into().ok()).unwrap_or_default(),
        protocol: seen_protocol(group.protocol()),
        protocol_version: seen_version(group),
        control_port: group.target_control_port().and_then(|port| port.try_into().ok()),
        health_check: seen_health_check(group),
        attributes: BTreeMap::new(),
        tags: Tags::new(),
    };
    Some(SeenTargetGroup {
        arn: Arn(group.target_group_arn()?.to_owned()),
        spec,
        load_balancers: group.load_balancer_arns().iter().cloned().map(Arn).collect(),
        healthy: None,
    })
}

/// A group that speaks HTTP speaks the first version where nobody says another.
fn seen_version(group: &sdk::TargetGroup) -> Option<ProtocolVersion> {
    match (group.protocol_version(), seen_protocol(group.protocol())) {
        (Some("HTTP2"), _) => Some(ProtocolVersion::Http2),
        (Some("GRPC"), _) => Some(ProtocolVersion::Grpc),
        (_, BackendProtocol::Http | BackendProtocol::Https) => Some(ProtocolVersion::Http1),
        (_, BackendProtocol::Tcp | BackendProtocol::Other) => None,
    }
}

fn seen_protocol(protocol: Option<&sdk::ProtocolEnum>) -> BackendProtocol {
    match protocol {
        Some(sdk::ProtocolEnum::Http) => BackendProtocol::Http,
        Some(sdk::ProtocolEnum::Https) => BackendProtocol::Https,
        Some(sdk::ProtocolEnum::Tcp) => BackendProtocol::Tcp,
        _ => BackendProtocol::Other,
    }
}

fn seen_health_check(group: &sdk::TargetGroup) -> HealthCheck {
    let count = |value: Option<i32>| value.and_then(|v| v.try_into().ok()).unwrap_or_default();
    HealthCheck {
        port: group.health_check_port().unwrap_or_default().to_owned(),
        protocol: seen_protocol(group.health_check_protocol()),
        path: group.health_check_path().map(str::to_owned),
        matcher: group.matcher().map(|matcher| match matcher.grpc_code() {
            Some(codes) => Matcher::Grpc(codes.to_owned()),
            None => Matcher::Http(matcher.http_code().unwrap_or_default().to_owned()),
        }),
        interval_seconds: count(group.health_check_interval_seconds()),
        timeout_seconds: count(group.health_check_timeout_seconds()),
        healthy_threshold: count(group.healthy_threshold_count()),
        unhealthy_threshold: count(group.unhealthy_threshold_count()),
    }
}

/// `Matcher` as the API takes it.
pub(super) fn ask_matcher(matcher: &Matcher) -> sdk::Matcher {
    match matcher {
        Matcher::Http(codes) => sdk::Matcher::builder().http_code(codes).build(),
        Matcher::Grpc(codes) => sdk::Matcher::builder().grpc_code(codes).build(),
    }
}

/// A protocol as the API takes it.
pub(super) fn ask_protocol(protocol: BackendProtocol) -> sdk::ProtocolEnum {
    protocol.as_str().into()
}

/// Registrations as the API takes them.
pub(super) fn ask_targets(targets: &BTreeSet<Target>) -> Vec<sdk::TargetDescription> {
    let one = |target: &Target| {
        sdk::TargetDescription::builder()
            .id(&target.id)
            .port(target.port.into())
            .set_availability_zone(target.zone.clone())
            .build()
    };
    targets.iter().map(one).collect()
}

/// A registration with its health; `None` while it drains, which is as good as gone. AWS names a zone
/// for each address of the VPC, asked or not: only `all` tells what was asked.
pub(super) fn seen_target(seen: &sdk::TargetHealthDescription) -> Option<(Target, TargetHealth)> {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let health = seen.target_health();
    let state = text(health.and_then(|health| health.state()).map(|state| state.as_str()));
    if state == "draining" {
        return None;
    }
    let target = seen.target()?;
    let zone = target.availability_zone().filter(|zone| *zone == "all").map(str::to_owned);
    Some((
        Target { id: target.id()?.to_owned(), port: target.port()?.try_into().ok()?, zone },
        TargetHealth {
            state,
            reason: text(health.and_then(|h| h.reason()).map(|reason| reason.as_str())),
            description: text(health.and_then(|h| h.description())),
        },
    ))
}
