//! Settings of target groups. A Service's annotation beats the Ingress's.

use std::collections::BTreeMap;

use inroad_words::targets::{BackendProtocol, ProtocolVersion, TargetType};

use super::{Fallback, Merge, Row, Scope, Setting, balancer::said, grammar, no_params};

/// An entry of a target group.
const fn row(
    id: &'static str,
    ingress: &'static str,
    service: Option<&'static str>,
    gateway: Option<&'static str>,
    doc: &'static str,
) -> Row {
    let scope = Scope::TargetGroup;
    Row { id, ingress, service, gateway, params: None, scope, merge: Merge::MostSpecific, doc }
}

pub(crate) static TARGET_TYPE: Setting<TargetType> = Setting {
    row: Row {
        params: Some("targetType"),
        ..row(
            "target-group.target-type",
            "target-type",
            Some("aws-load-balancer-nlb-target-type"),
            Some("TargetGroupConfiguration:/targetType"),
            "instance (traffic goes to nodePorts) or ip (to pods).",
        )
    },
    parse: target_type,
    fallback: Fallback::Flag("default-target-type", |s| s.target_type.as_str().into()),
    params: |spec| said(&spec.target_type).map(target_type),
};

pub(crate) static BACKEND_PROTOCOL: Setting<BackendProtocol> = Setting {
    row: row(
        "target-group.protocol",
        "backend-protocol",
        None,
        Some("TargetGroupConfiguration:/protocol"),
        "HTTP or HTTPS towards the targets.",
    ),
    parse: protocol,
    fallback: Fallback::Text("HTTP"),
    params: no_params,
};

pub(crate) static PROTOCOL_VERSION: Setting<ProtocolVersion> = Setting {
    row: row(
        "target-group.protocol-version",
        "backend-protocol-version",
        None,
        Some("TargetGroupConfiguration:/protocolVersion"),
        "HTTP1, HTTP2 or GRPC towards the targets.",
    ),
    parse: version,
    fallback: Fallback::Text("HTTP1"),
    params: no_params,
};

pub(crate) static TARGET_GROUP_ATTRIBUTES: Setting<BTreeMap<String, String>> = Setting {
    row: row(
        "target-group.attributes",
        "target-group-attributes",
        Some("aws-load-balancer-target-group-attributes"),
        Some("TargetGroupConfiguration:/targetGroupAttributes"),
        "Attributes of the target group as key=value; others are left as they are.",
    ),
    parse: grammar::map,
    fallback: Fallback::Text(""),
    params: no_params,
};

pub(crate) static HEALTH_PORT: Setting<String> = Setting {
    row: row(
        "health-check.port",
        "healthcheck-port",
        Some("aws-load-balancer-healthcheck-port"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthCheckPort"),
        "traffic-port, a number, or the name of a Service port.",
    ),
    parse: grammar::text,
    fallback: Fallback::Text("traffic-port"),
    params: no_params,
};

pub(crate) static HEALTH_PROTOCOL: Setting<BackendProtocol> = Setting {
    row: row(
        "health-check.protocol",
        "healthcheck-protocol",
        Some("aws-load-balancer-healthcheck-protocol"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthCheckProtocol"),
        "HTTP or HTTPS; else the backend protocol.",
    ),
    parse: protocol,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static HEALTH_PATH: Setting<String> = Setting {
    row: row(
        "health-check.path",
        "healthcheck-path",
        Some("aws-load-balancer-healthcheck-path"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthCheckPath"),
        "Path of the probe; else / or, for GRPC, /AWS.ALB/healthcheck.",
    ),
    parse: grammar::text,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static HEALTH_INTERVAL: Setting<u32> = Setting {
    row: row(
        "health-check.interval",
        "healthcheck-interval-seconds",
        Some("aws-load-balancer-healthcheck-interval"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthCheckInterval"),
        "Seconds between probes, 5 to 300.",
    ),
    parse: grammar::unsigned::<5, 300>,
    fallback: Fallback::Text("15"),
    params: no_params,
};

pub(crate) static HEALTH_TIMEOUT: Setting<u32> = Setting {
    row: row(
        "health-check.timeout",
        "healthcheck-timeout-seconds",
        Some("aws-load-balancer-healthcheck-timeout"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthCheckTimeout"),
        "Seconds until a probe has failed, 2 to 120.",
    ),
    parse: grammar::unsigned::<2, 120>,
    fallback: Fallback::Text("5"),
    params: no_params,
};

pub(crate) static HEALTHY_THRESHOLD: Setting<u32> = Setting {
    row: row(
        "health-check.healthy-threshold",
        "healthy-threshold-count",
        Some("aws-load-balancer-healthcheck-healthy-threshold"),
        Some("TargetGroupConfiguration:/healthCheckConfig/healthyThresholdCount"),
        "Successes in a row until a target is healthy, 2 to 10.",
    ),
    parse: grammar::unsigned::<2, 10>,
    fallback: Fallback::Text("2"),
    params: no_params,
};

pub(crate) static UNHEALTHY_THRESHOLD: Setting<u32> = Setting {
    row: row(
        "health-check.unhealthy-threshold",
        "unhealthy-threshold-count",
        Some("aws-load-balancer-healthcheck-unhealthy-threshold"),
        Some("TargetGroupConfiguration:/healthCheckConfig/unhealthyThresholdCount"),
        "Failures in a row until a target is unhealthy, 2 to 10.",
    ),
    parse: grammar::unsigned::<2, 10>,
    fallback: Fallback::Text("2"),
    params: no_params,
};

pub(crate) static SUCCESS_CODES: Setting<String> = Setting {
    row: row(
        "health-check.success-codes",
        "success-codes",
        Some("aws-load-balancer-healthcheck-success-codes"),
        Some("TargetGroupConfiguration:/healthCheckConfig/matcher"),
        "Healthy answers, as 200,302 or 200-299; else 200 or, for GRPC, 12.",
    ),
    parse: grammar::text,
    fallback: Fallback::Nothing,
    params: no_params,
};

pub(crate) static TARGET_NODE_LABELS: Setting<BTreeMap<String, String>> = Setting {
    row: row(
        "target-group.node-labels",
        "target-node-labels",
        Some("aws-load-balancer-target-node-labels"),
        Some("TargetGroupConfiguration:/nodeSelector"),
        "Labels as key=value that a node must have to be an instance target.",
    ),
    parse: grammar::map,
    fallback: Fallback::Text(""),
    params: no_params,
};

pub(crate) static MULTI_CLUSTER: Setting<bool> = Setting {
    row: Row {
        merge: Merge::Either,
        ..row(
            "target-group.multi-cluster",
            "multi-cluster-target-group",
            Some("aws-load-balancer-multi-cluster-target-group"),
            Some("TargetGroupConfiguration:/enableMultiCluster"),
            "Whether other clusters register targets there too; nobody's target is taken out then.",
        )
    },
    parse: grammar::boolean,
    fallback: Fallback::Text("false"),
    params: no_params,
};

pub(crate) static TARGET_CONTROL_PORT: Setting<u16> = Setting {
    row: row(
        "target-group.control-port",
        "target-control-port.",
        None,
        Some("TargetGroupConfiguration:/targetControlPort"),
        "Port of the target control agent behind <Service>.<port>; ip targets only.",
    ),
    parse: grammar::port,
    fallback: Fallback::Nothing,
    params: no_params,
};

fn target_type(text: &str) -> Result<TargetType, String> {
    [TargetType::Instance, TargetType::Ip]
        .into_iter()
        .find(|kind| kind.as_str() == text)
        .ok_or_else(|| "expected instance or ip".into())
}

fn protocol(text: &str) -> Result<BackendProtocol, String> {
    [BackendProtocol::Http, BackendProtocol::Https]
        .into_iter()
        .find(|protocol| protocol.as_str() == text)
        .ok_or_else(|| "expected HTTP or HTTPS".into())
}

fn version(text: &str) -> Result<ProtocolVersion, String> {
    [ProtocolVersion::Http1, ProtocolVersion::Http2, ProtocolVersion::Grpc]
        .into_iter()
        .find(|version| version.as_str() == text)
        .ok_or_else(|| "expected HTTP1, HTTP2 or GRPC".into())
}
