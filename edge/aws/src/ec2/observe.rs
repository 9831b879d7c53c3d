//! Security groups as they are: a stack's, the foundation's, and those that carry rules of ours.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Filter;
use inroad_words::StackKey;
use inroad_words::network::{IngressRule, Peer, SHARED_RULE_DESCRIPTION};
use inroad_words::observed::{Observed, SeenGroup};

use super::convert::seen_group;
use crate::client::Service;
use crate::facts::fact;
use crate::ownership::{SHARED_RESOURCE, tags_of};
use crate::{Aws, Error, Ownership};

/// EC2 takes this many values in a filter.
const FILTER_VALUES: usize = 200;

/// Every security group of the VPC, in one listing: ours, those of targets and those that stacks name.
/// Rules are kept only where ours may be among them.
pub(crate) async fn all(aws: &Aws, own: &Ownership) -> Result<Vec<SeenGroup>, Error> {
    let mut found = find(aws, &[in_vpc(own)]).await?;
    aws.memory.groups.put(found.iter().map(|it| (it.id.clone(), fact(it.clone()))));
    let cluster_tag = format!("kubernetes.io/cluster/{}", own.cluster);
    found.retain(|it| {
        let tags = &it.spec.tags;
        own.owns(tags) || tags.contains_key(&cluster_tag) || it.spec.ingress.iter().any(is_shared)
    });
    Ok(found)
}

/// The backend security group, and the rules of ours on the security groups of targets: on those of the
/// cluster, on those that targets wear, and on those whose last target has left and that still let our
/// group in.
pub(crate) fn foundation(all: &[SeenGroup], own: &Ownership) -> Observed {
    let cluster_tag = format!("kubernetes.io/cluster/{}", own.cluster);
    let has = |it: &&SeenGroup, key: &str| it.spec.tags.contains_key(key);
    let ours = all.iter().filter(|it| has(it, SHARED_RESOURCE) && own.owns(&it.spec.tags));
    let ours: Vec<SeenGroup> = ours.cloned().collect();
    let admits = |it: &SeenGroup| {
        let peers = it.spec.ingress.iter().filter_map(|rule| match &rule.peer {
            Peer::Group(group) => group.known(),
            _ => None,
        });
        { peers }.any(|peer| ours.iter().any(|group| group.id == *peer))
    };
    let carriers = all
        .iter()
        .filter(|it| has(it, &cluster_tag) || own.shared_groups.contains(&it.id) || admits(it));
    let shared_rules = carriers.cloned().filter_map(shared_rules_only);
    Observed {
        shared_rules: shared_rules.map(|group| (group.id.clone(), group)).collect(),
        security_groups: by_resource(ours, SHARED_RESOURCE),
        ..Observed::default()
    }
}

/// Every security group of one stack of ours.
pub(crate) async fn groups_of_stack(
    aws: &Aws,
    own: &Ownership,
    stack: &StackKey,
) -> Result<Vec<SeenGroup>, Error> {
    let tag = format!("tag:{}", tags_of(stack).0);
    let found = find(aws, &[(tag, vec![stack.to_string()]), in_vpc(own)]).await?;
    Ok(found.into_iter().filter(|group| own.owns(&group.spec.tags)).collect())
}

/// Security groups of the VPC by one filter and any number of values. What is not there is left out,
/// where asking by id would fail for all.
pub(crate) async fn groups(
    aws: &Aws,
    filter: &str,
    values: &BTreeSet<String>,
    own: &Ownership,
) -> Result<Vec<SeenGroup>, Error> {
    let values: Vec<_> = values.iter().cloned().collect();
    let mut found = Vec::new();
    for chunk in values.chunks(FILTER_VALUES) {
        found.extend(find(aws, &[(filter.to_owned(), chunk.to_vec()), in_vpc(own)]).await?);
    }
    Ok(found)
}

/// Resources by the tag that holds their id. One without that tag is left alone: nothing says what it
/// was made for.
pub(crate) fn by_resource(
    groups: impl IntoIterator<Item = SeenGroup>,
    tag: &str,
) -> BTreeMap<String, Vec<SeenGroup>> {
    let mut sorted: BTreeMap<String, Vec<SeenGroup>> = BTreeMap::new();
    for group in groups {
        match group.spec.tags.get(tag) {
            Some(id) => sorted.entry(id.clone()).or_default().push(group),
            None => tracing::warn!(id = group.id, tag, "a security group of ours lacks its tag"),
        }
    }
    sorted
}

/// Every security group of a VPC.
pub(crate) async fn every_group(aws: &Aws, vpc: &str) -> Result<Vec<SeenGroup>, Error> {
    find(aws, &[("vpc-id".into(), vec![vpc.to_owned()])]).await
}

fn in_vpc(own: &Ownership) -> (String, Vec<String>) {
    ("vpc-id".into(), vec![own.vpc.clone()])
}

async fn find(aws: &Aws, filters: &[(String, Vec<String>)]) -> Result<Vec<SeenGroup>, Error> {
    let filters: Vec<_> = filters
        .iter()
        .map(|(name, values)| Filter::builder().name(name).set_values(Some(values.clone())).build())
        .collect();
    aws.pages(
        Service::Ec2,
        "DescribeSecurityGroups",
        |token| {
            let call = aws.ec2.describe_security_groups().set_filters(Some(filters.clone()));
            call.max_results(1000).set_next_token(token).send()
        },
        |page| {
            let found = page.security_groups().iter().filter_map(seen_group).collect();
            (found, page.next_token)
        },
    )
    .await
}

/// The group with nothing but the rules that bear our label; `None` without any.
fn shared_rules_only(mut group: SeenGroup) -> Option<SeenGroup> {
    group.spec.ingress.retain(is_shared);
    (!group.spec.ingress.is_empty()).then_some(group)
}

/// Whether the rule bears our label.
fn is_shared(rule: &IngressRule) -> bool {
    rule.description.split(',').any(|label| label.trim() == SHARED_RULE_DESCRIPTION)
}
