//! Health-check settings of target groups: the defaults, and what `CreateTargetGroup` and `ModifyTargetGroup`
//! accept.

use serde_json::Value;

use super::answer::{invalid, parse, unconfigurable};
use super::state::{HealthCheck, Matcher, Protocol, TargetGroup};
use crate::Fault;

/// What of a target group its health checks depend on.
pub(super) struct Routed {
    pub(super) protocol: Option<Protocol>,
    pub(super) version: Option<String>,
    pub(super) target_type: String,
}

impl Routed {
    /// Of a group that exists.
    pub(super) fn of(group: &TargetGroup) -> Self {
        Self {
            protocol: group.protocol,
            version: group.protocol_version.clone(),
            target_type: group.target_type.clone(),
        }
    }
}

/// The defaults (API `CreateTargetGroup`; the guides for 5 seconds with ALBs and, with NLBs, 6 for HTTP
/// probes and 10 for others) for the protocol of the probe that the caller names.
pub(super) fn defaults(routed: &Routed, probe: Option<Protocol>) -> HealthCheck {
    let protocol = routed.protocol;
    let alb = protocol.is_none_or(Protocol::is_http) || routed.target_type == "alb";
    let own = if alb { Protocol::Http } else { Protocol::Tcp };
    let probe = probe.unwrap_or(own);
    let (interval, timeout, unhealthy) = match (protocol, probe) {
        (None, _) => (35, 30, 5),
        (Some(Protocol::Geneve), _) => (10, 5, 2),
        (Some(Protocol::Http | Protocol::Https), _) => (30, 5, 2),
        (Some(_), Protocol::Http) => (30, 6, 2),
        (Some(_), _) => (30, 10, 2),
    };
    let grpc = routed.version.as_deref() == Some("GRPC");
    let path = if grpc { "/AWS.ALB/healthcheck" } else { "/" };
    let port = if protocol == Some(Protocol::Geneve) { "80" } else { "traffic-port" };
    HealthCheck {
        protocol: protocol.map(|_| probe),
        port: protocol.map(|_| port.to_owned()),
        enabled: protocol.is_some(),
        interval,
        timeout,
        healthy_threshold: 5,
        unhealthy_threshold: unhealthy,
        path: probe.is_http().then(|| path.to_owned()),
        matcher: probe.is_http().then(|| matcher(protocol, grpc)),
    }
}

fn matcher(protocol: Option<Protocol>, grpc: bool) -> Matcher {
    let alb = protocol.is_none_or(Protocol::is_http);
    let codes = if alb { "200" } else { "200-399" };
    match grpc {
        true => Matcher { http_code: None, grpc_code: Some("12".into()) },
        false => Matcher { http_code: Some(codes.into()), grpc_code: None },
    }
}

/// What the call gives over what is there, checked as a whole.
pub(super) fn changed(
    routed: &Routed,
    now: HealthCheck,
    input: &Value,
) -> Result<HealthCheck, Fault> {
    let number = |member: &str, current: u32| {
        input[member].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(current)
    };
    let own = |member: &str| input[member].as_str().map(str::to_owned);
    let mut check = HealthCheck {
        protocol: match &input["HealthCheckProtocol"] {
            Value::Null => now.protocol,
            given => Some(parse(given)?),
        },
        port: own("HealthCheckPort").or(now.port),
        enabled: input["HealthCheckEnabled"].as_bool().unwrap_or(now.enabled),
        interval: number("HealthCheckIntervalSeconds", now.interval),
        timeout: number("HealthCheckTimeoutSeconds", now.timeout),
        healthy_threshold: number("HealthyThresholdCount", now.healthy_threshold),
        unhealthy_threshold: number("UnhealthyThresholdCount", now.unhealthy_threshold),
        path: own("HealthCheckPath").or(now.path),
        matcher: match &input["Matcher"] {
            Value::Null => now.matcher,
            given => Some(parse(given)?),
        },
    };
    let asks = !input["HealthCheckPath"].is_null() || !input["Matcher"].is_null();
    complete(routed, &mut check, asks)?;
    check_ranges(routed, &check)?;
    Ok(check)
}

/// Path and matcher come and go with the protocol of the probe.
fn complete(routed: &Routed, check: &mut HealthCheck, asks: bool) -> Result<(), Fault> {
    let http = check.protocol.is_none_or(Protocol::is_http);
    if http {
        let grpc = routed.version.as_deref() == Some("GRPC");
        check.path.get_or_insert_with(|| "/".into());
        check.matcher.get_or_insert_with(|| matcher(routed.protocol, grpc));
        return Ok(());
    }
    if asks {
        let message = "Health check path and matcher are not supported for TCP health checks";
        return Err(unconfigurable(message));
    }
    check.path = None;
    check.matcher = None;
    Ok(())
}

fn check_ranges(routed: &Routed, check: &HealthCheck) -> Result<(), Fault> {
    let http_group = routed.protocol.is_some_and(Protocol::is_http);
    let supported = match check.protocol {
        Some(Protocol::Tcp) => !http_group,
        Some(protocol) => protocol.is_http(),
        None => true,
    };
    if !supported {
        let message = format!("{:?} health checks are not supported here", check.protocol);
        return Err(unconfigurable(message));
    }
    if routed.target_type != "lambda" && !check.enabled {
        return Err(unconfigurable("Health checks cannot be disabled for this target type"));
    }
    let ranges = [
        ("interval", check.interval, 5..=300),
        ("timeout", check.timeout, 2..=120),
        ("healthy threshold", check.healthy_threshold, 2..=10),
        ("unhealthy threshold", check.unhealthy_threshold, 2..=10),
    ];
    for (what, value, range) in ranges {
        if !range.contains(&value) {
            let message = format!("Health check {what} '{value}' is not in {range:?}");
            return Err(invalid(message));
        }
    }
    check_place(check, http_group)?;
    check_matcher(routed, check)
}

/// Times, port and path against each other and against what they must be. Where connections are passed
/// on, a probe may take until the next one begins: ALBC's own defaults are 10 and 10 seconds.
fn check_place(check: &HealthCheck, http_group: bool) -> Result<(), Fault> {
    if check.timeout > check.interval || (http_group && check.timeout == check.interval) {
        return Err(invalid("Health check interval must be greater than the timeout"));
    }
    let port = check.port.as_deref().unwrap_or("traffic-port");
    if port != "traffic-port" && !port.parse::<u16>().is_ok_and(|port| port > 0) {
        return Err(invalid(format!("Health check port '{port}' is not valid")));
    }
    match &check.path {
        Some(path) if !path.starts_with('/') => {
            Err(invalid(format!("Health check path '{path}' must begin with '/'")))
        }
        _ => Ok(()),
    }
}

fn check_matcher(routed: &Routed, check: &HealthCheck) -> Result<(), Fault> {
    let Some(matcher) = &check.matcher else { return Ok(()) };
    let grpc = routed.version.as_deref() == Some("GRPC");
    let (text, range) = match (&matcher.http_code, &matcher.grpc_code, routed.protocol) {
        (Some(codes), None, Some(Protocol::Http | Protocol::Https) | None) if !grpc => {
            (codes, 200..=499)
        }
        (Some(codes), None, Some(Protocol::Geneve)) => (codes, 200..=399),
        (Some(codes), None, _) if !grpc => (codes, 200..=599),
        (None, Some(codes), _) if grpc => (codes, 0..=99),
        _ => return Err(unconfigurable("HttpCode, or GrpcCode with protocol version GRPC")),
    };
    let legal = |code: &str| code.trim().parse::<u16>().is_ok_and(|code| range.contains(&code));
    let parts = text.split(',').flat_map(|part| part.splitn(2, '-'));
    match parts.into_iter().all(legal) {
        true => Ok(()),
        false => Err(invalid(format!("Health check matcher '{text}' is not in {range:?}"))),
    }
}
