//! Security groups as they are: a stack's, the foundation's, and those that carry rules of ours.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Filter;
use inroad_words::StackKey;
use inroad_words::network::SHARED_RULE_DESCRIPTION;
use inroad_words::observed::{Observed, SeenGroup};

use super::convert::seen_group;
use crate::client::Service;
use crate::ownership::{SHARED_RESOURCE, STACK};
use crate::{Aws, Error, Ownership};

/// EC2 takes this many values in a filter.
const FILTER_VALUES: usize = 200;

/// The backend security group, and the rules of ours on the security groups of targets.
pub(crate) async fn foundation(aws: &Aws, own: &Ownership) -> Result<Observed, Error> {
    let cluster_tag = format!("kubernetes.io/cluster/{}", own.cluster);
    let shared = [("tag-key".into(), vec![SHARED_RESOURCE.into()]), in_vpc(own)];
    let tagged = [("tag-key".into(), vec![cluster_tag]), in_vpc(own)];
    let (ours, tagged) = futures::try_join!(find(aws, &shared), find(aws, &tagged))?;
    let known: BTreeSet<_> = tagged.iter().map(|group| group.id.clone()).collect();
    let others: BTreeSet<_> = own.shared_groups.difference(&known).cloned().collect();
    let ours: Vec<_> = ours.into_iter().filter(|group| own.owns(&group.spec.tags)).collect();
    // A group whose last target has left is worn by nobody we know, but still lets ours in.
    let sources = ours.iter().map(|group| group.id.clone()).collect();
    let (others, admitting) = futures::try_join!(
        groups(aws, "group-id", &others, own),
        groups(aws, "ip-permission.group-id", &sources, own),
    )?;
    let shared_rules = tagged.into_iter().chain(others).chain(admitting);
    let shared_rules = shared_rules.filter_map(shared_rules_only);
    Ok(Observed {
        security_groups: by_resource(ours, SHARED_RESOURCE),
        shared_rules: shared_rules.map(|group| (group.id.clone(), group)).collect(),
        ..Observed::default()
    })
}

/// Every security group of one stack of ours.
pub(crate) async fn groups_of_stack(
    aws: &Aws,
    own: &Ownership,
    stack: &StackKey,
) -> Result<Vec<SeenGroup>, Error> {
    let filters = [(format!("tag:{STACK}"), vec![stack.to_string()]), in_vpc(own)];
    let found = find(aws, &filters).await?;
    Ok(found.into_iter().filter(|group| own.owns(&group.spec.tags)).collect())
}

/// Every security group of every stack of ours.
pub(crate) async fn groups_of_cluster(aws: &Aws, own: &Ownership) -> Result<Vec<SeenGroup>, Error> {
    let filters = [("tag-key".into(), vec![STACK.into()]), in_vpc(own)];
    let found = find(aws, &filters).await?;
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
    let is_ours = |says: &str| says.split(',').any(|label| label.trim() == SHARED_RULE_DESCRIPTION);
    group.spec.ingress.retain(|rule| is_ours(&rule.description));
    (!group.spec.ingress.is_empty()).then_some(group)
}
