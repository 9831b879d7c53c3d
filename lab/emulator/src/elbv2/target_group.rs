//! Creating, describing, changing and deleting target groups.

use serde_json::{Value, json};

use super::answer::{invalid, members, page, parse, strings, text, unconfigurable};
use super::load_balancer::{arn, check_name};
use super::state::{HealthCheck, Matcher, Protocol, TargetGroup};
use super::{attributes, network, settle, tags};
use crate::{Account, Fault};

pub(super) fn create(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let name = text(input, "Name")?.to_owned();
    check_name("Target group", &name)?;
    let tags = tags::given(account, input)?;
    let mut made = build(account, name, input)?;
    made.tags = tags;
    if let Some(twin) = account.elbv2.target_groups.values().find(|other| other.name == made.name) {
        return idempotent(account, twin, &made);
    }
    if account.elbv2.target_groups.len() >= account.settings.quotas.target_groups {
        return Err(Fault::new("TooManyTargetGroups", "The quota on target groups is reached"));
    }
    let id = account.fresh_hex(16);
    made.arn = arn(account, &format!("targetgroup/{}/{id}", made.name));
    made.attributes = attributes::new_group(&made);
    let answer = json!({ "TargetGroups": [view(account, &made)] });
    account.elbv2.targets.insert(made.arn.clone(), Vec::new());
    account.elbv2.target_groups.insert(made.arn.clone(), made);
    Ok(answer)
}

fn idempotent(account: &Account, twin: &TargetGroup, made: &TargetGroup) -> Result<Value, Fault> {
    let settings = |group: &TargetGroup| {
        let mut settings = members(group);
        settings.remove("TargetGroupArn");
        settings
    };
    if settings(twin) == settings(made) && twin.tags == made.tags {
        return Ok(json!({ "TargetGroups": [view(account, twin)] }));
    }
    let message = format!(
        "A target group with the same name '{}' exists, but with different settings",
        twin.name
    );
    Err(Fault::new("DuplicateTargetGroupName", message))
}

fn build(account: &mut Account, name: String, input: &Value) -> Result<TargetGroup, Fault> {
    let own = |member: &str| input[member].as_str().map(str::to_owned);
    let port = |member: &str| input[member].as_u64().and_then(|port| u16::try_from(port).ok());
    let target_type = own("TargetType").unwrap_or_else(|| "instance".into());
    let mut group = TargetGroup {
        arn: String::new(),
        name,
        protocol: None,
        protocol_version: None,
        port: None,
        vpc_id: None,
        ip_address_type: own("IpAddressType").unwrap_or_else(|| "ipv4".into()),
        target_control_port: port("TargetControlPort"),
        health_check: health_check(None, None, &target_type),
        target_type,
        attributes: Default::default(),
        tags: Default::default(),
    };
    if group.target_type == "lambda" {
        if ["Protocol", "Port", "VpcId"].iter().any(|member| !input[member].is_null()) {
            return Err(invalid("Protocol, port and VPC do not apply to Lambda targets"));
        }
        group.ip_address_type.clear();
    } else {
        let protocol = match &input["Protocol"] {
            Value::Null => return Err(invalid("A protocol must be specified")),
            given => parse(given)?,
        };
        group.protocol = Some(protocol);
        group.port = Some(port("Port").ok_or_else(|| invalid("A port must be specified"))?);
        group.vpc_id = Some(vpc(account, own("VpcId"))?);
        check_type(&group, protocol)?;
        group.protocol_version = version(protocol, own("ProtocolVersion"))?;
    }
    let version = group.protocol_version.as_deref();
    let defaults = health_check(group.protocol, version, &group.target_type);
    group.health_check = changed(&group, defaults, input)?;
    Ok(group)
}

fn vpc(account: &mut Account, given: Option<String>) -> Result<String, Fault> {
    let vpc = given.ok_or_else(|| invalid("A VPC ID must be specified"))?;
    match network::vpc_exists(account, &vpc) {
        true => Ok(vpc),
        false => Err(invalid(format!("The VPC ID '{vpc}' is not found"))),
    }
}

fn check_type(group: &TargetGroup, protocol: Protocol) -> Result<(), Fault> {
    let known = ["instance", "ip", "alb"].contains(&group.target_type.as_str());
    if !known {
        return Err(invalid(format!("'{}' is not a target type", group.target_type)));
    }
    if group.target_type == "alb" && protocol != Protocol::Tcp {
        return Err(unconfigurable("A target group of type alb needs protocol TCP"));
    }
    if protocol == Protocol::Geneve && group.port != Some(6081) {
        return Err(unconfigurable("A GENEVE target group needs port 6081"));
    }
    Ok(())
}

fn version(protocol: Protocol, given: Option<String>) -> Result<Option<String>, Fault> {
    match given {
        Some(_) if !protocol.is_http() => {
            Err(unconfigurable("A protocol version goes with HTTP and HTTPS only"))
        }
        Some(version) if !["HTTP1", "HTTP2", "GRPC"].contains(&version.as_str()) => {
            Err(invalid(format!("'{version}' is not a protocol version")))
        }
        None if protocol.is_http() => Ok(Some("HTTP1".into())),
        given => Ok(given),
    }
}

/// The defaults (API `CreateTargetGroup`, and the ALB guide for the 5 seconds of HTTP target groups).
fn health_check(protocol: Option<Protocol>, version: Option<&str>, kind: &str) -> HealthCheck {
    let http = protocol.is_some_and(Protocol::is_http) || kind == "alb" || kind == "lambda";
    let grpc = version == Some("GRPC");
    let (interval, timeout, unhealthy) = match protocol {
        None => (35, 30, 5),
        Some(Protocol::Geneve) => (10, 5, 2),
        Some(Protocol::Http | Protocol::Https) => (30, 5, 2),
        Some(_) if http => (30, 6, 2),
        Some(_) => (30, 10, 2),
    };
    let path = if grpc { "/AWS.ALB/healthcheck" } else { "/" };
    let health_protocol = if http { Protocol::Http } else { Protocol::Tcp };
    let port = if protocol == Some(Protocol::Geneve) { "80" } else { "traffic-port" };
    HealthCheck {
        protocol: protocol.map(|_| health_protocol),
        port: protocol.map(|_| port.to_owned()),
        enabled: protocol.is_some(),
        interval,
        timeout,
        healthy_threshold: 5,
        unhealthy_threshold: unhealthy,
        path: http.then(|| path.to_owned()),
        matcher: http.then(|| matcher(protocol, grpc)),
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
fn changed(group: &TargetGroup, now: HealthCheck, input: &Value) -> Result<HealthCheck, Fault> {
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
    complete(group, &mut check, asks)?;
    check_ranges(group, &check)?;
    Ok(check)
}

/// Path and matcher come and go with the protocol of the probe.
fn complete(group: &TargetGroup, check: &mut HealthCheck, asks: bool) -> Result<(), Fault> {
    let http = check.protocol.is_none_or(Protocol::is_http);
    if http {
        let grpc = group.protocol_version.as_deref() == Some("GRPC");
        check.path.get_or_insert_with(|| "/".into());
        check.matcher.get_or_insert_with(|| matcher(group.protocol, grpc));
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

fn check_ranges(group: &TargetGroup, check: &HealthCheck) -> Result<(), Fault> {
    let http_group = group.protocol.is_some_and(Protocol::is_http);
    let supported = match check.protocol {
        Some(Protocol::Tcp) => !http_group,
        Some(protocol) => protocol.is_http(),
        None => true,
    };
    if !supported {
        let message = format!("{:?} health checks are not supported here", check.protocol);
        return Err(unconfigurable(message));
    }
    if group.target_type != "lambda" && !check.enabled {
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
    if check.timeout >= check.interval {
        return Err(invalid("Health check interval must be greater than the timeout"));
    }
    let port = check.port.as_deref().unwrap_or("traffic-port");
    if port != "traffic-port" && port.parse::<u16>().is_ok_and(|port| port > 0).eq(&false) {
        return Err(invalid(format!("Health check port '{port}' is not valid")));
    }
    match &check.path {
        Some(path) if !path.starts_with('/') => {
            Err(invalid(format!("Health check path '{path}' must begin with '/'")))
        }
        _ => check_matcher(group, check),
    }
}

fn check_matcher(group: &TargetGroup, check: &HealthCheck) -> Result<(), Fault> {
    let Some(matcher) = &check.matcher else { return Ok(()) };
    let grpc = group.protocol_version.as_deref() == Some("GRPC");
    let (text, range) = match (&matcher.http_code, &matcher.grpc_code, group.protocol) {
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

/// The API's `TargetGroup`.
fn view(account: &Account, group: &TargetGroup) -> Value {
    let usage = account.elbv2.usage();
    with_usage(group, usage.get(group.arn.as_str()).into_iter().flatten())
}

/// The same where the usage is known already.
pub(super) fn with_usage<'a>(
    group: &TargetGroup,
    balancers: impl Iterator<Item = &'a &'a str>,
) -> Value {
    let mut view = members(group);
    if group.target_type == "lambda" {
        view.remove("IpAddressType");
    }
    view.insert("LoadBalancerArns".into(), balancers.map(|arn| json!(arn)).collect());
    Value::Object(view)
}

pub(super) fn describe(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let (arns, names) = (strings(input, "TargetGroupArns"), strings(input, "Names"));
    let balancer = input["LoadBalancerArn"].as_str();
    if let Some(balancer) = balancer {
        account.elbv2.load_balancer(balancer)?;
    }
    for arn in &arns {
        account.elbv2.target_group(arn)?;
    }
    let all = || account.elbv2.target_groups.values();
    if let Some(missing) = names.iter().find(|name| !all().any(|found| found.name == **name)) {
        let message = format!("One or more target groups not found: '{missing}'");
        return Err(Fault::new("TargetGroupNotFound", message));
    }
    let usage = account.elbv2.usage();
    let of = |group: &TargetGroup| usage.get(group.arn.as_str()).into_iter().flatten();
    let named = |found: &&TargetGroup| match balancer {
        Some(balancer) => of(found).any(|arn| *arn == balancer),
        None if arns.is_empty() && names.is_empty() => true,
        None => arns.contains(&found.arn) || names.contains(&found.name),
    };
    let views = all().filter(named).map(|found| with_usage(found, of(found))).collect();
    page("TargetGroups", views, input)
}

pub(super) fn modify(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let mut group = account.elbv2.target_group(text(input, "TargetGroupArn")?)?.clone();
    let network = group.protocol.is_some_and(|protocol| !protocol.is_http());
    let other = !input["HealthCheckProtocol"].is_null()
        && Some(parse::<Protocol>(&input["HealthCheckProtocol"])?) != group.health_check.protocol;
    let mut now = group.health_check.clone();
    if other && network {
        now.path = None;
        now.matcher = None;
    }
    group.health_check = changed(&group, now, input)?;
    let answer = json!({ "TargetGroups": [view(account, &group)] });
    account.elbv2.target_groups.insert(group.arn.clone(), group);
    settle::settle(account);
    Ok(answer)
}

/// A group that is not there is deleted already: the API knows no error for it.
pub(super) fn delete(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let arn = text(input, "TargetGroupArn")?;
    if account.elbv2.usage().contains_key(arn) {
        let message = format!("Target group '{arn}' is currently in use by a listener or a rule");
        return Err(Fault::new("ResourceInUse", message));
    }
    account.elbv2.target_groups.remove(arn);
    account.elbv2.targets.remove(arn);
    Ok(json!({}))
}
