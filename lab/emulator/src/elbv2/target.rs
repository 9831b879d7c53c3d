//! Registering, deregistering and looking at targets.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{parse, strings, text, tree};
use super::health::{Health, Target, drains_until};
use super::state::{Kind, Pairs, TargetGroup};
use super::{network, routing, settle};
use crate::{Account, Fault};

/// Addresses outside the VPC that may be registered (API `CreateTargetGroup`, target type `ip`).
const PRIVATE: [&str; 5] =
    ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7"];

/// `TargetDescription` of the API.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Description {
    id: String,
    port: Option<u16>,
    availability_zone: Option<String>,
    quic_server_id: Option<String>,
}

fn invalid_target(message: String) -> Fault {
    Fault::new("InvalidTarget", message)
}

/// The port a description means: its own or the group's.
fn port_of(group: &TargetGroup, wanted: &Description) -> Option<u16> {
    wanted.port.or(group.port)
}

/// Whether the id is of the group's kind.
fn check_id(group: &TargetGroup, id: &str) -> Result<(), Fault> {
    let ok = match group.target_type.as_str() {
        "instance" => id.starts_with("i-"),
        "ip" => id
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_ipv6() == (group.ip_address_type == "ipv6")),
        "alb" => id.contains(":loadbalancer/app/"),
        _ => id.contains(":lambda:"),
    };
    let message = || format!("'{id}' is not a target of type '{}'", group.target_type);
    if ok { Ok(()) } else { Err(invalid_target(message())) }
}

/// Checks one target and finds its zone.
fn zone_of(
    account: &Account,
    group: &TargetGroup,
    wanted: &Description,
) -> Result<Option<String>, Fault> {
    check_id(group, &wanted.id)?;
    let vpc = group.vpc_id.clone().unwrap_or_default();
    match group.target_type.as_str() {
        "instance" => instance_zone(account, &vpc, &wanted.id),
        "ip" => address_zone(account, &vpc, wanted),
        "alb" => balancer_target(account, &vpc, wanted),
        _ => Ok(None),
    }
}

fn instance_zone(account: &Account, vpc: &str, id: &str) -> Result<Option<String>, Fault> {
    let Some(instance) = network::instance(account, id) else {
        return Err(invalid_target(format!("The instance '{id}' does not exist")));
    };
    if instance.vpc != vpc {
        let message = format!("The following targets are not in the target group VPC '{vpc}'");
        return Err(invalid_target(format!("{message}: '{id}'")));
    }
    if instance.state != "running" {
        let message = "The following targets are not in a running state and cannot be registered";
        return Err(invalid_target(format!("{message}: '{id}'")));
    }
    Ok(instance.zone)
}

fn address_zone(
    account: &Account,
    vpc: &str,
    wanted: &Description,
) -> Result<Option<String>, Fault> {
    let id = &wanted.id;
    let address: IpAddr =
        id.parse().map_err(|_| invalid_target(format!("'{id}' is no address")))?;
    let all = wanted.availability_zone.as_deref() == Some("all");
    if network::in_vpc(account, vpc, address) {
        let found = network::zone_of_address(account, vpc, address);
        return Ok(if all { None } else { wanted.availability_zone.clone().or(found) });
    }
    let private = PRIVATE.iter().filter_map(|block| block.parse::<IpNet>().ok());
    if !private.into_iter().any(|block| block.contains(&address)) {
        let message = format!("The IP address '{id}' is not within the VPC '{vpc}' or private");
        return Err(invalid_target(message));
    }
    match &wanted.availability_zone {
        None => {
            let message = format!("'{id}' is outside the VPC: an Availability Zone must be given");
            Err(invalid_target(message))
        }
        Some(zone) => Ok(Some(zone.clone()).filter(|_| !all)),
    }
}

/// An ALB behind an NLB: there, in the VPC, with a listener on the port.
fn balancer_target(
    account: &Account,
    vpc: &str,
    wanted: &Description,
) -> Result<Option<String>, Fault> {
    let found = account.elbv2.load_balancers.get(&wanted.id);
    let found = found.filter(|alb| alb.kind == Kind::Application && alb.network.vpc_id == vpc);
    let listeners = account.elbv2.listeners_of(&wanted.id);
    let listens = wanted.port.is_none_or(|port| listeners.iter().any(|l| l.port == port));
    match found {
        Some(_) if listens => Ok(None),
        _ => Err(invalid_target(format!("'{}' is no usable load balancer", wanted.id))),
    }
}

pub(super) fn register(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let group = account.elbv2.target_group(text(input, "TargetGroupArn")?)?.clone();
    let wanted: Vec<Description> = parse(&input["Targets"])?;
    let mut after = account.elbv2.targets_of(&group.arn).to_vec();
    for one in wanted {
        let zone = zone_of(account, &group, &one)?;
        let port = port_of(&group, &one);
        let made = Target {
            availability_zone: shown_zone(&group, &one, zone.as_deref()),
            id: one.id,
            port,
            zone,
            quic_server_id: one.quic_server_id,
            health: Health::not_in_use(),
            since: account.now,
            draining_until: None,
            passed: 0,
            failed: 0,
        };
        match after.iter_mut().find(|old| old.id == made.id && old.port == made.port) {
            Some(old) if old.draining_until.is_none() => {}
            Some(old) => *old = made,
            None => after.push(made),
        }
    }
    check_count(account, &group, &after)?;
    let before = account.elbv2.targets.insert(group.arn.clone(), after);
    if let Err(fault) = check_balancers(account, &group) {
        account.elbv2.targets.insert(group.arn, before.unwrap_or_default());
        return Err(fault);
    }
    settle::settle(account);
    Ok(json!({}))
}

/// What `DescribeTargetHealth` tells of the zone: addresses have one, `all` stays what it is.
fn shown_zone(group: &TargetGroup, one: &Description, zone: Option<&str>) -> Option<String> {
    let own = one.availability_zone.clone();
    if group.target_type == "ip" { own.or(zone.map(str::to_owned)) } else { own }
}

fn check_count(account: &Account, group: &TargetGroup, after: &[Target]) -> Result<(), Fault> {
    let single = ["alb", "lambda"].contains(&group.target_type.as_str());
    let limit = if single { 1 } else { account.settings.quotas.targets_per_target_group };
    let registered = after.iter().filter(|target| target.draining_until.is_none()).count();
    if registered > limit {
        let message = format!("The target group can have at most {limit} targets");
        return Err(Fault::new("TooManyTargets", message));
    }
    Ok(())
}

/// The quotas of each load balancer that the group serves.
fn check_balancers(account: &Account, group: &TargetGroup) -> Result<(), Fault> {
    let usage = account.elbv2.usage();
    for balancer in usage.get(group.arn.as_str()).into_iter().flatten() {
        let groups: BTreeSet<&str> = account.elbv2.target_groups_of(balancer);
        routing::check_quotas(account, &groups)?;
    }
    Ok(())
}

/// A target that is not registered is no error (API reference).
pub(super) fn deregister(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let group = account.elbv2.target_group(text(input, "TargetGroupArn")?)?.clone();
    let wanted: Vec<Description> = parse(&input["Targets"])?;
    for one in &wanted {
        check_id(&group, &one.id)?;
    }
    let until = drains_until(account.now, group.deregistration_delay());
    let now = account.now;
    let targets = account.elbv2.targets.entry(group.arn.clone()).or_default();
    for one in &wanted {
        let port = port_of(&group, one);
        let registered = targets.iter_mut().filter(|target| target.draining_until.is_none());
        for target in registered.filter(|target| target.id == one.id && target.port == port) {
            let drains = target.is_probed();
            target.draining_until = Some(if drains { until } else { now });
            target.enter(Health::draining(), now);
        }
    }
    settle::settle(account);
    Ok(json!({}))
}

pub(super) fn describe_health(account: &mut Account, input: &Value) -> Result<Value, Fault> {
    let group = account.elbv2.target_group(text(input, "TargetGroupArn")?)?;
    let wanted: Vec<Description> = match &input["Targets"] {
        Value::Null => Vec::new(),
        given => parse(given)?,
    };
    let anomalies = strings(input, "Include").iter().any(|what| what != "None");
    let targets = account.elbv2.targets_of(&group.arn);
    if wanted.is_empty() {
        let views = targets.iter().map(|target| view(group, target, anomalies));
        return Ok(json!({ "TargetHealthDescriptions": views.collect::<Vec<_>>() }));
    }
    let mut views = Vec::new();
    for one in &wanted {
        check_id(group, &one.id)?;
        let port = port_of(group, one);
        let found = targets.iter().find(|target| target.id == one.id && target.port == port);
        views.push(match found {
            Some(target) => view(group, target, anomalies),
            None => json!({
                "Target": { "Id": one.id, "Port": port },
                "HealthCheckPort": health_port(group, port),
                "TargetHealth": tree(&Health::not_registered()),
            }),
        });
    }
    Ok(json!({ "TargetHealthDescriptions": views }))
}

fn health_port(group: &TargetGroup, port: Option<u16>) -> Option<String> {
    match group.health_check.port.as_deref() {
        Some("traffic-port") | None => port.map(|port| port.to_string()),
        Some(own) => Some(own.to_owned()),
    }
}

/// The API's `TargetHealthDescription`.
pub(super) fn view(group: &TargetGroup, target: &Target, anomalies: bool) -> Value {
    let mut description = json!({ "Id": target.id });
    if let Some(port) = target.port {
        description["Port"] = port.into();
    }
    let texts: Pairs =
        [("AvailabilityZone", &target.availability_zone), ("QuicServerId", &target.quic_server_id)]
            .into_iter()
            .filter_map(|(member, text)| Some((member.to_owned(), text.clone()?)))
            .collect();
    for (member, text) in texts {
        description[member] = text.into();
    }
    let mut view = json!({ "Target": description, "TargetHealth": tree(&target.health) });
    if let Some(port) = health_port(group, target.port) {
        view["HealthCheckPort"] = port.into();
    }
    if anomalies {
        view["AnomalyDetection"] = json!({ "Result": "normal", "MitigationInEffect": "no" });
    }
    view
}
