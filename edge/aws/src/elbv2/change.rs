//! Changes in place, registrations and tags: each step is its one call (tags: two).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_plan::{FINGERPRINT_TAG, Op, OpOutputs};
use inroad_words::balancer::{Listener, Rule};
use inroad_words::targets::{HealthCheck, Target};
use inroad_words::{Arn, Tags, Value};

use super::actions::{ask_actions, ask_condition, ask_transforms, number};
use super::convert::{ask_matcher, ask_mutual, ask_protocol, ask_tags, ask_targets};
use super::create::{default_certificate, tls_policy};
use crate::apply::done;
use crate::client::Service;
use crate::memory::locked;
use crate::value::known;
use crate::{Aws, Error};

type Attributes = BTreeMap<String, String>;

pub(super) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    if let Some(()) = below(aws, op).await? {
        return done();
    }
    match op {
        Op::SetSubnets { balancer, subnets } => set_subnets(aws, balancer, subnets).await?,
        Op::SetSecurityGroups { balancer, groups } => {
            set_security_groups(aws, balancer, groups).await?;
        }
        Op::SetIpAddressType { balancer, ip_address_type } => {
            let call = aws.elbv2.set_ip_address_type().load_balancer_arn(&balancer.0);
            let call = call.ip_address_type(ip_address_type.as_str().into()).send();
            aws.send(Service::Elbv2, "SetIpAddressType", call).await?;
        }
        Op::ModifyLoadBalancerAttributes { balancer, set } => {
            balancer_attributes(aws, known(balancer)?, set).await?;
        }
        Op::ModifyTargetGroupAttributes { group, set } => {
            group_attributes(aws, known(group)?, set).await?;
        }
        Op::ModifyListenerAttributes { listener, set } => {
            listener_attributes(aws, known(listener)?, set).await?;
        }
        Op::TagBalancing { arn, set, remove } => tag(aws, arn, set, remove).await?,
        Op::Fingerprint { balancer, value } => {
            fingerprint(aws, known(balancer)?, value.as_deref()).await?;
        }
        _ => return Ok(None),
    }
    done()
}

/// Steps on what hangs below a load balancer.
async fn below(aws: &Aws, op: &Op) -> Result<Option<()>, Error> {
    match op {
        Op::ModifyHealthCheck { group, spec } => health_check(aws, known(group)?, spec).await?,
        Op::RegisterTargets { group, targets } => register(aws, known(group)?, targets).await?,
        Op::ModifyListener { listener, spec } => modify_listener(aws, listener, spec).await?,
        Op::AddCertificate { listener, certificate } => {
            let certificate = sdk::Certificate::builder().certificate_arn(&certificate.0).build();
            let call = aws.elbv2.add_listener_certificates().listener_arn(&known(listener)?.0);
            let call = call.certificates(certificate).send();
            aws.send(Service::Elbv2, "AddListenerCertificates", call).await?;
        }
        Op::ModifyRule { rule, spec } => modify_rule(aws, rule, spec).await?,
        Op::SetRulePriorities { priorities, .. } => set_priorities(aws, priorities).await?,
        _ => return Ok(None),
    }
    Ok(Some(()))
}

async fn set_subnets(aws: &Aws, balancer: &Arn, subnets: &BTreeSet<String>) -> Result<(), Error> {
    let subnets = Some(subnets.iter().cloned().collect());
    let call = aws.elbv2.set_subnets().load_balancer_arn(&balancer.0).set_subnets(subnets).send();
    aws.send(Service::Elbv2, "SetSubnets", call).await.map(|_| ())
}

async fn set_security_groups(
    aws: &Aws,
    balancer: &Arn,
    groups: &[Value<String>],
) -> Result<(), Error> {
    let groups: Result<Vec<_>, _> = groups.iter().map(|group| known(group).cloned()).collect();
    let call = aws.elbv2.set_security_groups().load_balancer_arn(&balancer.0);
    let call = call.set_security_groups(Some(groups?)).send();
    aws.send(Service::Elbv2, "SetSecurityGroups", call).await.map(|_| ())
}

async fn balancer_attributes(aws: &Aws, balancer: &Arn, set: &Attributes) -> Result<(), Error> {
    let one = |(key, value): (&String, &String)| {
        sdk::LoadBalancerAttribute::builder().key(key).value(value).build()
    };
    let call = aws.elbv2.modify_load_balancer_attributes().load_balancer_arn(&balancer.0);
    let call = call.set_attributes(Some(set.iter().map(one).collect())).send();
    aws.send(Service::Elbv2, "ModifyLoadBalancerAttributes", call).await.map(|_| ())
}

async fn group_attributes(aws: &Aws, group: &Arn, set: &Attributes) -> Result<(), Error> {
    let one = |(key, value): (&String, &String)| {
        sdk::TargetGroupAttribute::builder().key(key).value(value).build()
    };
    let call = aws.elbv2.modify_target_group_attributes().target_group_arn(&group.0);
    let call = call.set_attributes(Some(set.iter().map(one).collect())).send();
    aws.send(Service::Elbv2, "ModifyTargetGroupAttributes", call).await.map(|_| ())
}

async fn listener_attributes(aws: &Aws, listener: &Arn, set: &Attributes) -> Result<(), Error> {
    let one = |(key, value): (&String, &String)| {
        sdk::ListenerAttribute::builder().key(key).value(value).build()
    };
    let call = aws.elbv2.modify_listener_attributes().listener_arn(&listener.0);
    let call = call.set_attributes(Some(set.iter().map(one).collect())).send();
    aws.send(Service::Elbv2, "ModifyListenerAttributes", call).await.map(|_| ())
}

async fn health_check(aws: &Aws, group: &Arn, check: &HealthCheck) -> Result<(), Error> {
    let call = aws
        .elbv2
        .modify_target_group()
        .target_group_arn(&group.0)
        .health_check_port(&check.port)
        .health_check_protocol(ask_protocol(check.protocol))
        .set_health_check_path(check.path.clone())
        .set_matcher(check.matcher.as_ref().map(ask_matcher))
        .health_check_interval_seconds(number(check.interval_seconds)?)
        .health_check_timeout_seconds(number(check.timeout_seconds)?)
        .healthy_threshold_count(number(check.healthy_threshold)?)
        .unhealthy_threshold_count(number(check.unhealthy_threshold)?)
        .send();
    aws.send(Service::Elbv2, "ModifyTargetGroup", call).await.map(|_| ())
}

async fn register(aws: &Aws, group: &Arn, targets: &BTreeSet<Target>) -> Result<(), Error> {
    locked(&aws.memory.empty).remove(group);
    let targets = Some(ask_targets(targets));
    let call = aws.elbv2.register_targets().target_group_arn(&group.0).set_targets(targets).send();
    aws.send(Service::Elbv2, "RegisterTargets", call).await.map(|_| ())
}

async fn modify_listener(aws: &Aws, listener: &Arn, spec: &Listener) -> Result<(), Error> {
    let call = aws
        .elbv2
        .modify_listener()
        .listener_arn(&listener.0)
        .port(spec.port.into())
        .protocol(spec.protocol.as_str().into())
        .set_default_actions(Some(ask_actions(&spec.default_actions)?))
        .set_certificates(default_certificate(spec))
        .set_ssl_policy(tls_policy(spec))
        .set_mutual_authentication(spec.mutual.as_ref().map(ask_mutual))
        .send();
    aws.send(Service::Elbv2, "ModifyListener", call).await.map(|_| ())
}

async fn modify_rule(aws: &Aws, rule: &Arn, spec: &Rule) -> Result<(), Error> {
    let conditions: Result<Vec<_>, _> = spec.conditions.iter().map(ask_condition).collect();
    let call = aws
        .elbv2
        .modify_rule()
        .rule_arn(&rule.0)
        .set_conditions(Some(conditions?))
        .set_actions(Some(ask_actions(&spec.actions)?))
        .set_transforms(ask_transforms(&spec.transforms)?)
        // Transforms that are not mentioned stay; to mention both is an error.
        .set_reset_transforms(spec.transforms.is_empty().then_some(true))
        .send();
    aws.send(Service::Elbv2, "ModifyRule", call).await.map(|_| ())
}

async fn set_priorities(aws: &Aws, priorities: &BTreeMap<Arn, u32>) -> Result<(), Error> {
    let mut call = aws.elbv2.set_rule_priorities();
    for (rule, priority) in priorities {
        let pair = sdk::RulePriorityPair::builder().rule_arn(&rule.0).priority(number(*priority)?);
        call = call.rule_priorities(pair.build());
    }
    aws.send(Service::Elbv2, "SetRulePriorities", call.send()).await.map(|_| ())
}

async fn tag(aws: &Aws, arn: &Arn, set: &Tags, remove: &BTreeSet<String>) -> Result<(), Error> {
    if !set.is_empty() {
        let call = aws.elbv2.add_tags().resource_arns(&arn.0).set_tags(Some(ask_tags(set))).send();
        aws.send(Service::Elbv2, "AddTags", call).await?;
    }
    if !remove.is_empty() {
        let keys = Some(remove.iter().cloned().collect());
        let call = aws.elbv2.remove_tags().resource_arns(&arn.0).set_tag_keys(keys).send();
        aws.send(Service::Elbv2, "RemoveTags", call).await?;
    }
    Ok(())
}

/// Writes or removes our note. What was taken over may differ from what was asked for, so nothing is
/// called settled until it was looked at. A policy that forbids it costs a look after the next restart and nothing
/// else: what was asked for must not wait for it.
async fn fingerprint(aws: &Aws, balancer: &Arn, value: Option<&str>) -> Result<(), Error> {
    let key = || FINGERPRINT_TAG.to_owned();
    let answer = match value {
        Some(_) if aws.memory.is_unsure() => Ok(()),
        Some(value) => {
            let set = Tags::from([(key(), value.to_owned())]);
            tag(aws, balancer, &set, &BTreeSet::new()).await
        }
        None => tag(aws, balancer, &Tags::new(), &BTreeSet::from([key()])).await,
    };
    match answer {
        Err(Error::Denied(refusal)) => {
            tracing::info!(%refusal, "going on without a fingerprint");
            Ok(())
        }
        answer => answer,
    }
}
