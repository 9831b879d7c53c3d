//! Attributes of load balancers, target groups and listeners: which exist for whom, their defaults and
//! what they may be set to. Source: botocore's model, shapes `LoadBalancerAttribute`,
//! `TargetGroupAttribute` and `ListenerAttribute`.

use serde_json::{Value, json};

use super::answer::{Pair, list, parse, text, unconfigurable};
use super::state::{Kind, Pairs, Protocol, TargetGroup};
use crate::{Account, Fault};

/// Which values an attribute takes.
#[derive(Debug, Clone, Copy)]
enum Takes {
    Bool,
    Number(u64, u64),
    OneOf(&'static [&'static str]),
    /// `off`, or a number in the range.
    OffOr(u64, u64),
    Text,
}

impl Takes {
    fn allows(self, value: &str) -> bool {
        let within = |low, high| value.parse().is_ok_and(|number| (low..=high).contains(&number));
        match self {
            Self::Bool => value == "true" || value == "false",
            Self::Number(low, high) => within(low, high),
            Self::OneOf(values) => values.contains(&value),
            Self::OffOr(low, high) => value == "off" || within(low, high),
            Self::Text => true,
        }
    }
}

/// Key, default, accepted values.
type Attribute = (&'static str, &'static str, Takes);

const BOTH: &[Attribute] = &[
    ("access_logs.s3.bucket", "", Takes::Text),
    ("access_logs.s3.enabled", "false", Takes::Bool),
    ("access_logs.s3.prefix", "", Takes::Text),
    ("deletion_protection.enabled", "false", Takes::Bool),
    ("ipv6.deny_all_igw_traffic", "false", Takes::Bool),
    ("zonal_shift.config.enabled", "false", Takes::Bool),
];

const APPLICATION: &[Attribute] = &[
    ("client_keep_alive.seconds", "3600", Takes::Number(60, 604_800)),
    ("connection_logs.s3.bucket", "", Takes::Text),
    ("connection_logs.s3.enabled", "false", Takes::Bool),
    ("connection_logs.s3.prefix", "", Takes::Text),
    ("health_check_logs.s3.bucket", "", Takes::Text),
    ("health_check_logs.s3.enabled", "false", Takes::Bool),
    ("health_check_logs.s3.prefix", "", Takes::Text),
    ("idle_timeout.timeout_seconds", "60", Takes::Number(1, 4000)),
    ("load_balancing.cross_zone.enabled", "true", Takes::OneOf(&["true"])),
    (
        "routing.http.desync_mitigation_mode",
        "defensive",
        Takes::OneOf(&["monitor", "defensive", "strictest"]),
    ),
    ("routing.http.drop_invalid_header_fields.enabled", "false", Takes::Bool),
    ("routing.http.preserve_host_header.enabled", "false", Takes::Bool),
    ("routing.http.x_amzn_tls_version_and_cipher_suite.enabled", "false", Takes::Bool),
    ("routing.http.xff_client_port.enabled", "false", Takes::Bool),
    (
        "routing.http.xff_header_processing.mode",
        "append",
        Takes::OneOf(&["append", "preserve", "remove"]),
    ),
    ("routing.http2.enabled", "true", Takes::Bool),
    ("waf.fail_open.enabled", "false", Takes::Bool),
];

const NETWORK: &[Attribute] = &[
    (
        "dns_record.client_routing_policy",
        "any_availability_zone",
        Takes::OneOf(&[
            "any_availability_zone",
            "availability_zone_affinity",
            "partial_availability_zone_affinity",
        ]),
    ),
    ("load_balancing.cross_zone.enabled", "false", Takes::Bool),
    ("secondary_ips.auto_assigned.per_subnet", "0", Takes::Number(0, 7)),
];

const GATEWAY: &[Attribute] = &[
    ("deletion_protection.enabled", "false", Takes::Bool),
    ("load_balancing.cross_zone.enabled", "false", Takes::Bool),
];

const DRAIN: Attribute = ("deregistration_delay.timeout_seconds", "300", Takes::Number(0, 3600));

const GROUP_HEALTH: &[Attribute] = &[
    (
        "load_balancing.cross_zone.enabled",
        "use_load_balancer_configuration",
        Takes::OneOf(&["true", "false", "use_load_balancer_configuration"]),
    ),
    (
        "target_group_health.dns_failover.minimum_healthy_targets.count",
        "1",
        Takes::OffOr(1, u64::MAX),
    ),
    (
        "target_group_health.dns_failover.minimum_healthy_targets.percentage",
        "off",
        Takes::OffOr(1, 100),
    ),
    (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count",
        "1",
        Takes::Number(1, u64::MAX),
    ),
    (
        "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage",
        "off",
        Takes::OffOr(1, 100),
    ),
];

const GROUP_HTTP: &[Attribute] = &[
    DRAIN,
    ("load_balancing.algorithm.anomaly_mitigation", "off", Takes::OneOf(&["on", "off"])),
    (
        "load_balancing.algorithm.type",
        "round_robin",
        Takes::OneOf(&["round_robin", "least_outstanding_requests", "weighted_random"]),
    ),
    ("slow_start.duration_seconds", "0", Takes::Number(0, 900)),
    ("stickiness.app_cookie.cookie_name", "", Takes::Text),
    ("stickiness.app_cookie.duration_seconds", "86400", Takes::Number(1, 604_800)),
    ("stickiness.enabled", "false", Takes::Bool),
    ("stickiness.lb_cookie.duration_seconds", "86400", Takes::Number(1, 604_800)),
    ("stickiness.type", "lb_cookie", Takes::OneOf(&["lb_cookie", "app_cookie"])),
];

const GROUP_NETWORK: &[Attribute] = &[
    DRAIN,
    ("deregistration_delay.connection_termination.enabled", "false", Takes::Bool),
    ("preserve_client_ip.enabled", "true", Takes::Bool),
    ("proxy_protocol_v2.enabled", "false", Takes::Bool),
    ("stickiness.enabled", "false", Takes::Bool),
    ("stickiness.type", "source_ip", Takes::OneOf(&["source_ip"])),
    ("target_health_state.unhealthy.connection_termination.enabled", "true", Takes::Bool),
    ("target_health_state.unhealthy.draining_interval_seconds", "0", Takes::Number(0, 360_000)),
];

const GROUP_GATEWAY: &[Attribute] = &[
    DRAIN,
    ("stickiness.enabled", "false", Takes::Bool),
    (
        "stickiness.type",
        "source_ip_dest_ip_proto",
        Takes::OneOf(&["source_ip_dest_ip", "source_ip_dest_ip_proto"]),
    ),
    (
        "target_failover.on_deregistration",
        "no_rebalance",
        Takes::OneOf(&["rebalance", "no_rebalance"]),
    ),
    ("target_failover.on_unhealthy", "no_rebalance", Takes::OneOf(&["rebalance", "no_rebalance"])),
];

const GROUP_LAMBDA: &[Attribute] = &[("lambda.multi_value_headers.enabled", "false", Takes::Bool)];

const TCP_IDLE: Attribute = ("tcp.idle_timeout.seconds", "350", Takes::Number(60, 6000));

/// Headers that an ALB adds to its answers; empty: it does not.
const ANSWER_HEADERS: &[Attribute] = &[
    ("routing.http.response.server.enabled", "true", Takes::Bool),
    ("routing.http.response.access_control_allow_credentials.header_value", "", Takes::Text),
    ("routing.http.response.access_control_allow_headers.header_value", "", Takes::Text),
    ("routing.http.response.access_control_allow_methods.header_value", "", Takes::Text),
    ("routing.http.response.access_control_allow_origin.header_value", "", Takes::Text),
    ("routing.http.response.access_control_expose_headers.header_value", "", Takes::Text),
    ("routing.http.response.access_control_max_age.header_value", "", Takes::Text),
    ("routing.http.response.content_security_policy.header_value", "", Takes::Text),
    ("routing.http.response.strict_transport_security.header_value", "", Takes::Text),
    ("routing.http.response.x_content_type_options.header_value", "", Takes::Text),
    ("routing.http.response.x_frame_options.header_value", "", Takes::Text),
];

/// Headers that an HTTPS listener adds to requests; empty: they keep their names.
const REQUEST_HEADERS: &[Attribute] = &[
    ("routing.http.request.x_amzn_mtls_clientcert.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_mtls_clientcert_issuer.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_mtls_clientcert_leaf.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_mtls_clientcert_serial_number.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_mtls_clientcert_subject.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_mtls_clientcert_validity.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_tls_cipher_suite.header_name", "", Takes::Text),
    ("routing.http.request.x_amzn_tls_version.header_name", "", Takes::Text),
];

type Tables = &'static [&'static [Attribute]];

fn of_balancer(kind: Kind) -> Tables {
    match kind {
        Kind::Application => &[BOTH, APPLICATION],
        Kind::Network => &[BOTH, NETWORK],
        Kind::Gateway => &[GATEWAY],
    }
}

fn of_group(protocol: Option<Protocol>) -> Tables {
    match protocol {
        None => &[GROUP_LAMBDA, GROUP_HEALTH],
        Some(Protocol::Http | Protocol::Https) => &[GROUP_HTTP, GROUP_HEALTH],
        Some(Protocol::Geneve) => &[GROUP_GATEWAY],
        Some(_) => &[GROUP_NETWORK, GROUP_HEALTH],
    }
}

fn of_listener(protocol: Protocol) -> Tables {
    match protocol {
        Protocol::Http => &[ANSWER_HEADERS],
        Protocol::Https => &[ANSWER_HEADERS, REQUEST_HEADERS],
        Protocol::Tcp | Protocol::Geneve => &[&[TCP_IDLE]],
        _ => &[],
    }
}

fn defaults(tables: Tables) -> Pairs {
    let all = tables.iter().copied().flatten();
    all.map(|(key, value, _)| ((*key).to_owned(), (*value).to_owned())).collect()
}

/// A new load balancer's attributes.
pub(super) fn new_balancer(kind: Kind, scheme: &str) -> Pairs {
    let mut all = defaults(of_balancer(kind));
    if let Some(deny) = all.get_mut("ipv6.deny_all_igw_traffic") {
        *deny = (scheme == "internal").to_string();
    }
    all
}

/// A new target group's attributes; some defaults depend on protocol and target type.
pub(super) fn new_group(group: &TargetGroup) -> Pairs {
    let mut all = defaults(of_group(group.protocol));
    let datagrams = matches!(group.protocol, Some(Protocol::Udp | Protocol::TcpUdp));
    let mut set = |key: &str, value: bool| {
        if let Some(known) = all.get_mut(key) {
            *known = value.to_string();
        }
    };
    set("deregistration_delay.connection_termination.enabled", datagrams);
    set("preserve_client_ip.enabled", datagrams || group.target_type == "instance");
    set("target_health_state.unhealthy.connection_termination.enabled", !datagrams);
    all
}

/// A new listener's attributes.
pub(super) fn new_listener(protocol: Protocol) -> Pairs {
    defaults(of_listener(protocol))
}

/// What a snapshot says over the defaults of what it does not mention.
pub(super) fn restored(mut defaults: Pairs, told: Pairs) -> Pairs {
    defaults.extend(told);
    defaults
}

/// Sets what the call names, or nothing when one of them is wrong.
fn set(current: &mut Pairs, tables: Tables, input: &Value) -> Result<(), Fault> {
    let wanted: Vec<Pair> = parse(&input["Attributes"])?;
    let mut changed = current.clone();
    for Pair { key, value } in wanted {
        let mut all = tables.iter().copied().flatten();
        let Some((.., takes)) = all.find(|(known, ..)| *known == key) else {
            return Err(unconfigurable(format!("Attribute key '{key}' is not recognized")));
        };
        if !takes.allows(&value) {
            let message = format!("'{value}' is not a valid value of the attribute '{key}'");
            return Err(unconfigurable(message));
        }
        changed.insert(key, value);
    }
    for log in ["access_logs", "connection_logs", "health_check_logs"] {
        let is = |part: &str, value: &str| {
            changed.get(&format!("{log}.s3.{part}")).is_some_and(|found| found == value)
        };
        if is("enabled", "true") && is("bucket", "") {
            return Err(unconfigurable(format!("{log} need a bucket")));
        }
    }
    *current = changed;
    Ok(())
}

fn answer(pairs: &Pairs) -> Value {
    json!({ "Attributes": list(pairs) })
}

pub(super) fn describe_balancer(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "LoadBalancerArn")?;
    Ok(answer(&account.elbv2.load_balancer(arn)?.attributes))
}

pub(super) fn modify_balancer(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = account.elbv2.load_balancer_mut(text(input, "LoadBalancerArn")?)?;
    set(&mut found.attributes, of_balancer(found.kind), input)?;
    Ok(answer(&found.attributes))
}

pub(super) fn describe_group(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "TargetGroupArn")?;
    Ok(answer(&account.elbv2.target_group(arn)?.attributes))
}

pub(super) fn modify_group(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = account.elbv2.target_group_mut(text(input, "TargetGroupArn")?)?;
    set(&mut found.attributes, of_group(found.protocol), input)?;
    Ok(answer(&found.attributes))
}

pub(super) fn describe_listener(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "ListenerArn")?;
    Ok(answer(&account.elbv2.listener(arn)?.attributes))
}

pub(super) fn modify_listener(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let found = account.elbv2.listener_mut(text(input, "ListenerArn")?)?;
    set(&mut found.attributes, of_listener(found.protocol), input)?;
    Ok(answer(&found.attributes))
}
