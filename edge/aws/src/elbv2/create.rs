//! The four creations. Each carries its tags; each that finds its own work from an attempt whose answer
//! was lost takes it as done, and anything else of that name or place as somebody else's.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_plan::{Op, OpOutputs};
use inroad_words::balancer::{Listener, ListenerProtocol, LoadBalancer, Rule};
use inroad_words::targets::TargetGroup;
use inroad_words::{Arn, Field, Tags};

use super::actions::{
    as_told, ask_actions, ask_condition, ask_transforms, number, seen_actions, seen_condition,
    seen_transform,
};
use super::convert::{ask_matcher, ask_mutual, ask_protocol, ask_tags, seen_mutual};
use super::listing::tags_of;
use super::observe::rules;
use crate::client::Service;
use crate::memory::locked;
use crate::ownership::proves;
use crate::value::known;
use crate::{Aws, Error};

pub(super) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    Ok(Some(match op {
        Op::CreateTargetGroup { spec, .. } => arn(target_group(aws, spec).await?),
        Op::CreateLoadBalancer { spec, .. } => load_balancer(aws, spec).await?,
        Op::CreateListener { spec, .. } => arn(listener(aws, spec).await?),
        Op::CreateRule { spec, .. } => arn(rule(aws, spec).await?),
        _ => return Ok(None),
    }))
}

fn arn(arn: String) -> OpOutputs {
    BTreeMap::from([(Field::Arn, arn)])
}

async fn target_group(aws: &Aws, spec: &TargetGroup) -> Result<String, Error> {
    let check = &spec.health_check;
    let call = aws
        .elbv2
        .create_target_group()
        .name(&spec.name)
        .vpc_id(&spec.vpc)
        .target_type(spec.target_type.as_str().into())
        .ip_address_type(spec.ip_address_type.as_str().into())
        .port(spec.port.into())
        .protocol(ask_protocol(spec.protocol))
        .set_protocol_version(spec.protocol_version.map(|version| version.as_str().into()))
        .set_target_control_port(spec.control_port.map(i32::from))
        .health_check_enabled(true)
        .health_check_port(&check.port)
        .health_check_protocol(ask_protocol(check.protocol))
        .set_health_check_path(check.path.clone())
        .set_matcher(check.matcher.as_ref().map(ask_matcher))
        .health_check_interval_seconds(number(check.interval_seconds)?)
        .health_check_timeout_seconds(number(check.timeout_seconds)?)
        .healthy_threshold_count(number(check.healthy_threshold)?)
        .unhealthy_threshold_count(number(check.unhealthy_threshold)?)
        .set_tags(Some(ask_tags(&spec.tags)))
        .send();
    match aws.send(Service::Elbv2, "CreateTargetGroup", call).await {
        Ok(output) => {
            let made = output.target_groups.unwrap_or_default().into_iter().next();
            let arn = made.and_then(|group| group.target_group_arn).unwrap_or_default();
            locked(&aws.memory.empty).insert(Arn(arn.clone()));
            Ok(arn)
        }
        Err(error @ Error::Exists(_)) => adopt_target_group(aws, spec).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

/// The target group of this name, if it is the one that an earlier attempt made.
async fn adopt_target_group(aws: &Aws, spec: &TargetGroup) -> Result<Option<String>, Error> {
    let call = aws.elbv2.describe_target_groups().names(&spec.name).send();
    let found = aws.send(Service::Elbv2, "DescribeTargetGroups", call).await?;
    let arn = found.target_groups().first().and_then(|group| group.target_group_arn());
    let ours = is_ours(aws, arn, &spec.tags).await?;
    Ok(adopted(aws, arn.filter(|_| ours).map(str::to_owned)))
}

async fn load_balancer(aws: &Aws, spec: &LoadBalancer) -> Result<OpOutputs, Error> {
    let groups: Result<Vec<_>, _> =
        spec.security_groups.iter().map(|g| known(g).cloned()).collect();
    let call = aws
        .elbv2
        .create_load_balancer()
        .name(&spec.name)
        .r#type(spec.kind.as_str().into())
        .scheme(spec.scheme.as_str().into())
        .ip_address_type(spec.ip_address_type.as_str().into())
        .set_subnets(Some(spec.subnets.prefer.iter().cloned().collect()))
        .set_security_groups(Some(groups?).filter(|groups| !groups.is_empty()))
        .set_customer_owned_ipv4_pool(spec.customer_owned_pool.clone())
        .set_tags(Some(ask_tags(&spec.tags)))
        .send();
    let made = match aws.send(Service::Elbv2, "CreateLoadBalancer", call).await {
        Ok(output) => output.load_balancers.unwrap_or_default().into_iter().next(),
        Err(error @ Error::Exists(_)) => Some(adopt_balancer(aws, spec).await?.ok_or(error)?),
        Err(error) => return Err(error),
    };
    let (arn, dns_name) = made.map(|b| (b.load_balancer_arn, b.dns_name)).unwrap_or_default();
    Ok(BTreeMap::from([
        (Field::Arn, arn.unwrap_or_default()),
        (Field::DnsName, dns_name.unwrap_or_default()),
    ]))
}

/// The load balancer of this name, if it is the one that an earlier attempt made.
async fn adopt_balancer(
    aws: &Aws,
    spec: &LoadBalancer,
) -> Result<Option<sdk::LoadBalancer>, Error> {
    let call = aws.elbv2.describe_load_balancers().names(&spec.name).send();
    let found = aws.send(Service::Elbv2, "DescribeLoadBalancers", call).await?;
    let found = found.load_balancers.unwrap_or_default().into_iter().next();
    let arn = found.as_ref().and_then(|balancer| balancer.load_balancer_arn());
    let ours = is_ours(aws, arn, &spec.tags).await?;
    Ok(adopted(aws, found.filter(|_| ours)))
}

/// Notes that something was taken over.
fn adopted<T>(aws: &Aws, found: Option<T>) -> Option<T> {
    if found.is_some() {
        aws.memory.adopt();
    }
    found
}

/// Whether what is in the way of a creation carries the tags that the creation would have given it.
async fn is_ours(aws: &Aws, arn: Option<&str>, wanted: &Tags) -> Result<bool, Error> {
    let Some(arn) = arn else { return Ok(false) };
    let tags = tags_of(aws, &[Arn(arn.to_owned())]).await?;
    Ok(tags.get(arn).is_some_and(|seen| proves(wanted, seen)))
}

/// The default certificate, where the protocol takes one; the others are added one by one.
pub(super) fn default_certificate(spec: &Listener) -> Option<Vec<sdk::Certificate>> {
    let first = spec.certificates.first()?;
    (spec.protocol == ListenerProtocol::Https)
        .then(|| vec![sdk::Certificate::builder().certificate_arn(&first.0).build()])
}

/// The TLS policy, where the protocol takes one.
pub(super) fn tls_policy(spec: &Listener) -> Option<String> {
    spec.ssl_policy.clone().filter(|_| spec.protocol == ListenerProtocol::Https)
}

async fn listener(aws: &Aws, spec: &Listener) -> Result<String, Error> {
    let balancer = known(&spec.load_balancer)?;
    let call = aws
        .elbv2
        .create_listener()
        .load_balancer_arn(&balancer.0)
        .port(spec.port.into())
        .protocol(spec.protocol.as_str().into())
        .set_default_actions(Some(ask_actions(&spec.default_actions)?))
        .set_certificates(default_certificate(spec))
        .set_ssl_policy(tls_policy(spec))
        .set_mutual_authentication(spec.mutual.as_ref().map(ask_mutual))
        .set_tags(unless_untagged(&spec.tags))
        .send();
    match aws.send(Service::Elbv2, "CreateListener", call).await {
        Ok(output) => {
            let made = output.listeners.unwrap_or_default().into_iter().next();
            Ok(made.and_then(|listener| listener.listener_arn).unwrap_or_default())
        }
        Err(error @ Error::Exists(_)) => adopt_listener(aws, balancer, spec).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

async fn adopt_listener(
    aws: &Aws,
    balancer: &Arn,
    spec: &Listener,
) -> Result<Option<String>, Error> {
    let call = aws.elbv2.describe_listeners().load_balancer_arn(&balancer.0).send();
    let found = aws.send(Service::Elbv2, "DescribeListeners", call).await?;
    let mut found = found.listeners.unwrap_or_default().into_iter();
    let same = found.find(|seen| is_same_listener(seen, spec));
    Ok(adopted(aws, same.and_then(|seen| seen.listener_arn)))
}

/// Listeners and rules below our load balancer are ours in any case; they are the one that was asked
/// for if they do the same.
fn is_same_listener(seen: &sdk::Listener, spec: &Listener) -> bool {
    seen.port() == Some(spec.port.into())
        && seen.protocol().map(|protocol| protocol.as_str()) == Some(spec.protocol.as_str())
        && seen_actions(seen.default_actions()) == as_told(&spec.default_actions)
        && spec.mutual.as_ref().is_none_or(|want| {
            want.is_met_by(seen.mutual_authentication().and_then(seen_mutual).as_ref())
        })
}

/// Gate `ListenerRulesTagging` off: no tags, and no member for them.
fn unless_untagged(tags: &Tags) -> Option<Vec<sdk::Tag>> {
    (!tags.is_empty()).then(|| ask_tags(tags))
}

async fn rule(aws: &Aws, spec: &Rule) -> Result<String, Error> {
    let listener = known(&spec.listener)?;
    let conditions: Result<Vec<_>, _> = spec.conditions.iter().map(ask_condition).collect();
    let call = aws
        .elbv2
        .create_rule()
        .listener_arn(&listener.0)
        .priority(number(spec.priority)?)
        .set_conditions(Some(conditions?))
        .set_actions(Some(ask_actions(&spec.actions)?))
        .set_transforms(ask_transforms(&spec.transforms)?)
        .set_tags(unless_untagged(&spec.tags))
        .send();
    match aws.send(Service::Elbv2, "CreateRule", call).await {
        Ok(output) => {
            let made = output.rules.unwrap_or_default().into_iter().next();
            Ok(made.and_then(|rule| rule.rule_arn).unwrap_or_default())
        }
        Err(error @ Error::Exists(_)) => adopt_rule(aws, listener, spec).await?.ok_or(error),
        Err(error) => Err(error),
    }
}

async fn adopt_rule(aws: &Aws, listener: &Arn, spec: &Rule) -> Result<Option<String>, Error> {
    let found = rules(aws, listener).await?;
    let same = found.into_iter().find(|seen| is_same_rule(seen, spec));
    Ok(adopted(aws, same.and_then(|seen| seen.rule_arn)))
}

fn is_same_rule(seen: &sdk::Rule, spec: &Rule) -> bool {
    seen.priority() == Some(spec.priority.to_string().as_str())
        && seen_actions(seen.actions()) == as_told(&spec.actions)
        && seen.conditions().iter().map(seen_condition).eq(spec.conditions.iter().cloned())
        && seen.transforms().iter().map(seen_transform).eq(spec.transforms.iter().cloned())
}
