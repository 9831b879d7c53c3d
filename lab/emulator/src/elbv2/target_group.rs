//! Creating, describing, changing and deleting target groups.

use serde_json::{Value, json};

use super::answer::{invalid, members, page, parse, strings, text, unconfigurable};
use super::load_balancer::{arn, check_name};
use super::probe::{self, Routed};
use super::state::{Protocol, TargetGroup};
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

fn build(account: &Account, name: String, input: &Value) -> Result<TargetGroup, Fault> {
    let own = |member: &str| input[member].as_str().map(str::to_owned);
    let port = |member: &str| input[member].as_u64().and_then(|port| u16::try_from(port).ok());
    let routed = routed(account, input)?;
    let asked = match &input["HealthCheckProtocol"] {
        Value::Null => None,
        given => Some(parse(given)?),
    };
    let health_check = probe::changed(&routed, probe::defaults(&routed, asked), input)?;
    Ok(TargetGroup {
        arn: String::new(),
        name,
        protocol: routed.protocol,
        protocol_version: routed.version,
        port: port("Port"),
        vpc_id: own("VpcId"),
        ip_address_type: own("IpAddressType").unwrap_or_else(|| "ipv4".into()),
        target_control_port: port("TargetControlPort"),
        health_check,
        target_type: routed.target_type,
        attributes: Default::default(),
        tags: Default::default(),
    })
}

/// Protocol, version and target type, with all that they demand of port and VPC.
fn routed(account: &Account, input: &Value) -> Result<Routed, Fault> {
    let target_type = input["TargetType"].as_str().unwrap_or("instance").to_owned();
    if target_type == "lambda" {
        if ["Protocol", "Port", "VpcId"].iter().any(|member| !input[member].is_null()) {
            return Err(invalid("Protocol, port and VPC do not apply to Lambda targets"));
        }
        return Ok(Routed { protocol: None, version: None, target_type });
    }
    let protocol: Protocol = match &input["Protocol"] {
        Value::Null => return Err(invalid("A protocol must be specified")),
        given => parse(given)?,
    };
    let port = input["Port"].as_u64().ok_or_else(|| invalid("A port must be specified"))?;
    let vpc = input["VpcId"].as_str().ok_or_else(|| invalid("A VPC ID must be specified"))?;
    if !network::vpc_exists(account, vpc) {
        return Err(invalid(format!("The VPC ID '{vpc}' is not found")));
    }
    if target_type == "alb" && protocol != Protocol::Tcp {
        return Err(unconfigurable("A target group of type alb needs protocol TCP"));
    }
    if protocol == Protocol::Geneve && port != 6081 {
        return Err(unconfigurable("A GENEVE target group needs port 6081"));
    }
    let version = version(protocol, input["ProtocolVersion"].as_str().map(str::to_owned))?;
    Ok(Routed { protocol: Some(protocol), version, target_type })
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
    group.health_check = probe::changed(&Routed::of(&group), now, input)?;
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
