//! The table's second dialect: what Services say of load balancers of their own (load-balancers.md 2.2). The
//! rows are those of Ingresses; where Network Load Balancers have another default or another spelling, the
//! setting stands here again with that.

use std::collections::BTreeMap;

use inroad_words::{
    Diagnostic, ObjectKey, Origin, balancer::IpAddressType, targets::BackendProtocol,
};

use super::*;
use crate::codes;

/// The prefix of annotations on Services of type LoadBalancer.
pub const SERVICE_PREFIX: &str = "service.beta.kubernetes.io/";

pub(crate) static NLB_IP_ADDRESS_TYPE: Setting<IpAddressType> =
    Setting { parse: family, fallback: Fallback::Text("ipv4"), ..IP_ADDRESS_TYPE };

pub(crate) static NLB_TARGET_GROUP_ATTRIBUTES: Setting<BTreeMap<String, String>> = Setting {
    fallback: Fallback::Text("proxy_protocol_v2.enabled=false"),
    ..TARGET_GROUP_ATTRIBUTES
};

pub(crate) static NLB_HEALTH_PROTOCOL: Setting<BackendProtocol> =
    Setting { parse: probe, fallback: Fallback::Text("TCP"), ..HEALTH_PROTOCOL };

pub(crate) static NLB_HEALTH_PATH: Setting<String> =
    Setting { fallback: Fallback::Text("/"), ..HEALTH_PATH };

pub(crate) static NLB_HEALTH_INTERVAL: Setting<u32> =
    Setting { fallback: Fallback::Text("10"), ..HEALTH_INTERVAL };

pub(crate) static NLB_HEALTH_TIMEOUT: Setting<u32> =
    Setting { fallback: Fallback::Text("10"), ..HEALTH_TIMEOUT };

pub(crate) static NLB_HEALTHY_THRESHOLD: Setting<u32> =
    Setting { fallback: Fallback::Text("3"), ..HEALTHY_THRESHOLD };

pub(crate) static NLB_UNHEALTHY_THRESHOLD: Setting<u32> =
    Setting { fallback: Fallback::Text("3"), ..UNHEALTHY_THRESHOLD };

pub(crate) static NLB_SUCCESS_CODES: Setting<String> =
    Setting { fallback: Fallback::Text("200-399"), ..SUCCESS_CODES };

/// Every setting that is served on Services, with its default there.
pub static OF_SERVICES: &[&dyn AnySetting] = &[
    &LOAD_BALANCER_NAME,
    &SCHEME,
    &NLB_IP_ADDRESS_TYPE,
    &SUBNETS,
    &SECURITY_GROUPS,
    &MANAGE_BACKEND_RULES,
    &LOAD_BALANCER_ATTRIBUTES,
    &TAGS,
    &INBOUND_CIDRS,
    &PREFIX_LISTS,
    &LISTENER_ATTRIBUTES,
    &TARGET_TYPE,
    &NLB_TARGET_GROUP_ATTRIBUTES,
    &HEALTH_PORT,
    &NLB_HEALTH_PROTOCOL,
    &NLB_HEALTH_PATH,
    &NLB_HEALTH_INTERVAL,
    &NLB_HEALTH_TIMEOUT,
    &NLB_HEALTHY_THRESHOLD,
    &NLB_UNHEALTHY_THRESHOLD,
    &NLB_SUCCESS_CODES,
    &TARGET_NODE_LABELS,
    &MULTI_CLUSTER,
];

/// Suffixes that ALBC knows on Services and that are not served, each with a value that asks for nothing
/// (none: every value asks for something). One that ends in a dot is followed by a name.
pub const UNSERVED: &[(&str, Option<&str>)] = &[
    ("actions.", None),
    ("aws-load-balancer-access-log-enabled", Some("false")),
    ("aws-load-balancer-cross-zone-load-balancing-enabled", None),
    ("aws-load-balancer-disable-nlb-sg", Some("false")),
    ("aws-load-balancer-eip-allocations", None),
    ("aws-load-balancer-enable-icmp-for-path-mtu-discovery", Some("off")),
    ("aws-load-balancer-enable-prefix-for-ipv6-source-nat", Some("off")),
    ("aws-load-balancer-inbound-sg-rules-on-private-link-traffic", None),
    ("aws-load-balancer-internal", None),
    ("aws-load-balancer-ipv6-addresses", None),
    ("aws-load-balancer-minimum-load-balancer-capacity", None),
    ("aws-load-balancer-private-ipv4-addresses", None),
    ("aws-load-balancer-proxy-protocol", None),
    ("aws-load-balancer-proxy-protocol-per-target-group", None),
    ("aws-load-balancer-quic-enabled-ports", None),
    ("aws-load-balancer-source-nat-ipv6-prefixes", None),
    ("aws-load-balancer-ssl-cert", None),
    ("aws-load-balancer-ssl-ports", None),
    ("aws-load-balancer-target-group-attributes.", None),
];

/// Known, and without a meaning of their own where nothing of the above is said.
const SILENT: &[&str] = &[
    "aws-load-balancer-access-log-s3-bucket-name",
    "aws-load-balancer-access-log-s3-bucket-prefix",
    "aws-load-balancer-alpn-policy",
    "aws-load-balancer-backend-protocol",
    "aws-load-balancer-enable-tcp-udp-listener",
    "aws-load-balancer-ssl-negotiation-policy",
    "aws-load-balancer-type",
];

/// What annotations of a Service ask for that is not served: each a reason to leave the Service alone.
pub(crate) fn unserved(
    object: &ObjectKey,
    annotations: &BTreeMap<String, String>,
) -> Vec<Diagnostic> {
    let told = annotations.iter().filter_map(|(key, value)| {
        let suffix = key.strip_prefix(SERVICE_PREFIX)?;
        let (_, nothing) = UNSERVED.iter().find(|(known, _)| is(known, suffix))?;
        let asks = nothing.is_none_or(|nothing| value != nothing);
        let message = format!("{suffix} is not served");
        asks.then(|| Diagnostic::error(codes::UNSERVED, Origin::annotation(object, key), message))
    });
    told.collect()
}

/// Warns of annotations that are like ours and that nobody knows.
pub(crate) fn strange_service(
    object: &ObjectKey,
    annotations: &BTreeMap<String, String>,
) -> Vec<Diagnostic> {
    let served = || OF_SERVICES.iter().filter_map(|setting| setting.row().service);
    let known = |suffix: &str| {
        let unserved = UNSERVED.iter().map(|(known, _)| *known);
        { served().chain(unserved) }.any(|known| is(known, suffix)) || SILENT.contains(&suffix)
    };
    let strange = annotations.keys().filter_map(|key| {
        let suffix = key.strip_prefix(SERVICE_PREFIX)?;
        let ours = suffix.starts_with("aws-load-balancer-") && !known(suffix);
        ours.then(|| {
            let message = format!("there is no annotation {suffix}; it has no effect");
            let origin = Origin::annotation(object, key);
            let warning = Diagnostic::warning(codes::UNKNOWN_ANNOTATION, origin, message);
            match nearest(suffix, served()) {
                Some(known) => warning.help(format!("did you mean {known}?")),
                None => warning,
            }
        })
    });
    strange.collect()
}

fn is(known: &str, suffix: &str) -> bool {
    suffix == known || (known.ends_with('.') && suffix.starts_with(known))
}

fn family(text: &str) -> Result<IpAddressType, String> {
    [IpAddressType::Ipv4, IpAddressType::Dualstack]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "expected ipv4 or dualstack".into())
}

/// Protocol of a probe, in any case.
fn probe(text: &str) -> Result<BackendProtocol, String> {
    [BackendProtocol::Tcp, BackendProtocol::Http, BackendProtocol::Https]
        .into_iter()
        .find(|protocol| protocol.as_str().eq_ignore_ascii_case(text))
        .ok_or_else(|| "expected tcp, http or https".into())
}
