//! The details of one stack: a handful of calls for each load balancer, listener and target group.

use std::collections::BTreeMap;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use futures::{StreamExt, TryStreamExt, stream};
use inroad_words::balancer::BalancerKind;
use inroad_words::observed::{
    Observed, SeenBalancer, SeenListener, SeenRule, SeenTargetGroup, SeenTargets, SeenWebAcl,
};
use inroad_words::{Arn, StackKey, Tags};

use super::convert::{ListenerParts, seen_balancer, seen_listener, seen_rule, seen_target};
use super::inventory::Inventory;
use super::listing::{TOGETHER, Tagged, tags_of};
use crate::client::Service;
use crate::memory::locked;
use crate::ownership::tags_of as ownership_tags;
use crate::{Aws, Error, Ownership, ec2};

pub(super) type Attributes = BTreeMap<String, String>;

/// A stack as it is.
pub(super) async fn stack(
    aws: &Aws,
    inventory: &Inventory,
    key: &StackKey,
    own: &Ownership,
) -> Result<Observed, Error> {
    let is_its = |tags: &Tags| own.stack(tags).as_ref() == Some(key);
    let (_, resource) = ownership_tags(key);
    let groups = inventory.groups.iter().filter(|group| is_its(&group.spec.tags)).cloned();
    let mut observed =
        Observed { security_groups: ec2::by_resource(groups, resource), ..Observed::default() };
    for (balancer, tags) in inventory.balancers.iter().filter(|(_, tags)| is_its(tags)) {
        if let (Some(id), Some(arn)) = (resource_id(tags, resource), balancer.load_balancer_arn()) {
            let seen = balancer_details(aws, (inventory, key), balancer, Arn(arn.into())).await?;
            observed.load_balancers.entry(id).or_default().push(SeenBalancer {
                spec: inroad_words::balancer::LoadBalancer { tags: tags.clone(), ..seen.spec },
                ..seen
            });
        }
    }
    let groups =
        inventory.target_groups(aws).await?.iter().filter(|group| is_its(&group.spec.tags));
    let groups = groups.cloned().map(|group| target_group_details(aws, group));
    let mut groups: Vec<_> = together(groups).await?;
    if observed.load_balancers.values().any(|all| all.len() > 1) {
        let healthy = together(groups.iter().map(|group| healthy(aws, &group.arn))).await?;
        groups.iter_mut().zip(healthy).for_each(|(group, count)| group.healthy = Some(count));
    }
    for group in groups {
        if let Some(id) = resource_id(&group.spec.tags, resource) {
            observed.target_groups.entry(id).or_default().push(group);
        }
    }
    Ok(observed)
}

/// How many targets of a group are healthy.
async fn healthy(aws: &Aws, group: &Arn) -> Result<usize, Error> {
    let seen = targets(aws, group).await?;
    Ok(seen.targets.values().filter(|health| health.state == "healthy").count())
}

/// The resource's id; one without is left alone, since nothing says what it was made for.
fn resource_id(tags: &Tags, resource: &str) -> Option<String> {
    let id = tags.get(resource).cloned();
    if id.is_none() {
        tracing::warn!(?tags, "a resource of ours lacks the tag {resource}");
    }
    id
}

/// Runs these calls a few at a time and keeps their order.
pub(super) async fn together<T>(
    calls: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    // Collected first: a lazy iterator of futures would have to be `Send` for every lifetime.
    stream::iter(calls.collect::<Vec<_>>()).buffered(TOGETHER).try_collect().await
}

async fn target_group_details(
    aws: &Aws,
    mut group: SeenTargetGroup,
) -> Result<SeenTargetGroup, Error> {
    group.spec.attributes = group_attributes(aws, &group.arn).await?;
    Ok(group)
}

pub(super) async fn group_attributes(aws: &Aws, of: &Arn) -> Result<Attributes, Error> {
    let call = aws.elbv2.describe_target_group_attributes().target_group_arn(&of.0).send();
    let output = aws.send(Service::Elbv2, "DescribeTargetGroupAttributes", call).await?;
    Ok(attributes(output.attributes().iter().map(|a| (a.key(), a.value()))))
}

fn attributes<'a>(pairs: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>) -> Attributes {
    pairs
        .filter_map(|(key, value)| Some((key?.to_owned(), value.unwrap_or_default().to_owned())))
        .collect()
}

async fn balancer_details(
    aws: &Aws,
    (inventory, stack): (&Inventory, &StackKey),
    balancer: &sdk::LoadBalancer,
    arn: Arn,
) -> Result<SeenBalancer, Error> {
    let kind = balancer.r#type().map(|kind| kind.as_str()).unwrap_or_default();
    // A load balancer of another type is replaced with all that hangs on it, in words of that type.
    let listeners_call = async {
        match kind == stack.balancer().as_str() {
            true => listeners(aws, &inventory.tags, &arn, stack.balancer()).await,
            false => Ok(BTreeMap::new()),
        }
    };
    let (attributes, listeners) =
        futures::try_join!(balancer_attributes(aws, &arn), listeners_call)?;
    let mut spec = seen_balancer(balancer);
    spec.attributes = attributes;
    let state = balancer.state().and_then(|state| state.code()).map(|code| code.as_str());
    Ok(SeenBalancer {
        arn,
        dns_name: balancer.dns_name().unwrap_or_default().to_owned(),
        state: state.unwrap_or_default().to_owned(),
        kind: kind.to_owned(),
        spec,
        web_acl: SeenWebAcl::Unasked,
        listeners,
    })
}

pub(super) async fn balancer_attributes(aws: &Aws, of: &Arn) -> Result<Attributes, Error> {
    let call = aws.elbv2.describe_load_balancer_attributes().load_balancer_arn(&of.0).send();
    let output = aws.send(Service::Elbv2, "DescribeLoadBalancerAttributes", call).await?;
    Ok(attributes(output.attributes().iter().map(|a| (a.key(), a.value()))))
}

/// The listeners of a load balancer.
pub(super) async fn listeners_of(aws: &Aws, balancer: &Arn) -> Result<Vec<sdk::Listener>, Error> {
    aws.pages(
        Service::Elbv2,
        "DescribeListeners",
        |marker| {
            let call = aws.elbv2.describe_listeners().load_balancer_arn(&balancer.0);
            call.set_marker(marker).send()
        },
        |page| (page.listeners.unwrap_or_default(), page.next_marker),
    )
    .await
}

/// Everything under a load balancer, tagged or not: below a load balancer of ours it is ours.
async fn listeners(
    aws: &Aws,
    known: &Tagged,
    balancer: &Arn,
    kind: BalancerKind,
) -> Result<BTreeMap<u16, SeenListener>, Error> {
    let found = listeners_of(aws, balancer).await?;
    let details = found.into_iter().map(|listener| details(aws, listener, kind));
    let details = together(details).await?;
    let tags = missing_tags(aws, known, &details).await?;
    let seen = details.into_iter().filter_map(|one| one.seen(&tags));
    Ok(seen.map(|listener| (listener.spec.port, listener)).collect())
}

/// A listener with what hangs on it, tags not yet known.
struct Details {
    listener: sdk::Listener,
    arn: Arn,
    attributes: Attributes,
    certificates: Vec<Arn>,
    rules: Vec<sdk::Rule>,
}

impl Details {
    fn seen(self, tags: &Tagged) -> Option<SeenListener> {
        let tags_of = |arn: &str| tags.get(arn).cloned().unwrap_or_default();
        let rules = self.rules.iter().filter_map(|rule| {
            let arn = rule.rule_arn()?;
            let spec = seen_rule(&self.arn, rule, tags_of(arn))?;
            Some(SeenRule { arn: Arn(arn.to_owned()), spec })
        });
        let mut rules: Vec<_> = rules.collect();
        rules.sort_by_key(|rule| rule.spec.priority);
        let parts = ListenerParts {
            attributes: self.attributes,
            certificates: self.certificates,
            tags: tags_of(&self.arn.0),
        };
        let spec = seen_listener(&self.listener, parts)?;
        Some(SeenListener { arn: self.arn, spec, rules })
    }
}

/// A Network Load Balancer's listener has no rules, and attributes only where it speaks TCP.
async fn details(aws: &Aws, listener: sdk::Listener, kind: BalancerKind) -> Result<Details, Error> {
    let arn = Arn(listener.listener_arn().unwrap_or_default().to_owned());
    let has_rules = kind == BalancerKind::Application;
    let has_attributes = has_rules || listener.protocol() == Some(&sdk::ProtocolEnum::Tcp);
    let (attributes, rules, certificates) = futures::try_join!(
        async {
            match has_attributes {
                true => listener_attributes(aws, &arn).await,
                false => Ok(Attributes::new()),
            }
        },
        async { if has_rules { rules(aws, &arn).await } else { Ok(Vec::new()) } },
        certificates(aws, &listener, &arn)
    )?;
    Ok(Details { listener, arn, attributes, certificates, rules })
}

pub(super) async fn listener_attributes(aws: &Aws, of: &Arn) -> Result<Attributes, Error> {
    let call = aws.elbv2.describe_listener_attributes().listener_arn(&of.0).send();
    let output = aws.send(Service::Elbv2, "DescribeListenerAttributes", call).await?;
    Ok(attributes(output.attributes().iter().map(|a| (a.key(), a.value()))))
}

/// Its rules but the default one.
pub(super) async fn rules(aws: &Aws, listener: &Arn) -> Result<Vec<sdk::Rule>, Error> {
    let mut rules = every_rule(aws, listener).await?;
    rules.retain(|rule| rule.is_default() != Some(true));
    Ok(rules)
}

pub(super) async fn every_rule(aws: &Aws, listener: &Arn) -> Result<Vec<sdk::Rule>, Error> {
    aws.pages(
        Service::Elbv2,
        "DescribeRules",
        |marker| aws.elbv2.describe_rules().listener_arn(&listener.0).set_marker(marker).send(),
        |page| (page.rules.unwrap_or_default(), page.next_marker),
    )
    .await
}

/// The SNI list without the entry that only says which certificate is the default one.
pub(super) async fn certificates(
    aws: &Aws,
    listener: &sdk::Listener,
    arn: &Arn,
) -> Result<Vec<Arn>, Error> {
    if listener.certificates().is_empty() {
        return Ok(Vec::new());
    }
    aws.pages(
        Service::Elbv2,
        "DescribeListenerCertificates",
        |marker| {
            let call = aws.elbv2.describe_listener_certificates().listener_arn(&arn.0);
            call.set_marker(marker).send()
        },
        |page| {
            let listed = page.certificates().iter().filter(|one| one.is_default() != Some(true));
            let arns = listed.filter_map(|one| Some(Arn(one.certificate_arn()?.to_owned())));
            (arns.collect(), page.next_marker().map(str::to_owned))
        },
    )
    .await
}

/// Tags of listeners and rules: the listing's, and those that it does not hold are asked for.
async fn missing_tags(aws: &Aws, known: &Tagged, details: &[Details]) -> Result<Tagged, Error> {
    let listeners = details.iter().map(|one| one.arn.0.as_str());
    let rules = details.iter().flat_map(|one| one.rules.iter().filter_map(|rule| rule.rule_arn()));
    let mut tags = Tagged::new();
    let mut unknown = Vec::new();
    for arn in listeners.chain(rules) {
        match known.get(arn) {
            Some(found) => drop(tags.insert(arn.to_owned(), found.clone())),
            None => unknown.push(Arn(arn.to_owned())),
        }
    }
    tags.extend(tags_of(aws, &unknown).await?);
    Ok(tags)
}

/// The registrations of a target group.
pub(crate) async fn targets(aws: &Aws, group: &Arn) -> Result<SeenTargets, Error> {
    if locked(&aws.memory.empty).remove(group) {
        return Ok(SeenTargets { group: group.clone(), targets: BTreeMap::new() });
    }
    let call = aws.elbv2.describe_target_health().target_group_arn(&group.0).send();
    let output = aws.send(Service::Elbv2, "DescribeTargetHealth", call).await?;
    let targets = output.target_health_descriptions().iter().filter_map(seen_target).collect();
    Ok(SeenTargets { group: group.clone(), targets })
}
