//! Listings by tag and by type: the raw material of an inventory. `tag:GetResources` tells everything
//! of an owner in one call a hundred resources; where the policy forbids it, everything of the region
//! is listed and its tags are read twenty resources a call.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use aws_sdk_resourcegroupstagging::types::TagFilter;
use futures::{StreamExt, TryStreamExt, stream};
use inroad_words::{Arn, Tags};

use super::convert::seen_tags;
use crate::client::Service;
use crate::{Aws, Error};

/// As many ARNs as `DescribeTags`, `DescribeLoadBalancers` and `DescribeTargetGroups` take.
pub(super) const ARNS: usize = 20;
/// Calls in flight at once for one unit; more would only be throttled.
pub(super) const TOGETHER: usize = 8;

/// ARN -> tags.
pub(super) type Tagged = BTreeMap<String, Tags>;

/// What is listed by a tag.
#[derive(Debug, Clone, Copy)]
pub(super) struct Question<'a> {
    pub(super) key: &'a str,
    /// `None`: any value.
    pub(super) value: Option<&'a str>,
    pub(super) types: &'a [&'a str],
}

/// Every resource of load balancing with a tag; `None` where the policy does not let us ask.
pub(super) async fn tagged(aws: &Aws, asked: Question<'_>) -> Result<Option<Tagged>, Error> {
    if aws.memory.tagging_denied.load(Ordering::Relaxed) {
        return Ok(None);
    }
    let values = asked.value.map(|value| vec![value.to_owned()]);
    let filter = TagFilter::builder().key(asked.key).set_values(values).build();
    let types: Vec<String> = asked.types.iter().map(|it| (*it).to_owned()).collect();
    let listing = aws
        .pages(
            Service::Tagging,
            "GetResources",
            |token| {
                let call =
                    aws.tagging.get_resources().set_resource_type_filters(Some(types.clone()));
                let call = call.tag_filters(filter.clone()).resources_per_page(100);
                call.set_pagination_token(token).send()
            },
            |page| {
                let token = page.pagination_token().map(str::to_owned);
                let resources = page.resource_tag_mapping_list.unwrap_or_default();
                (resources, token)
            },
        )
        .await;
    match listing {
        Ok(resources) => Ok(Some(resources.into_iter().filter_map(with_tags).collect())),
        Err(Error::Denied(refusal)) => {
            tracing::info!(%refusal, "listing everything instead of asking by tag");
            aws.memory.tagging_denied.store(true, Ordering::Relaxed);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn with_tags(
    resource: aws_sdk_resourcegroupstagging::types::ResourceTagMapping,
) -> Option<(String, Tags)> {
    let tags = resource.tags.unwrap_or_default();
    let tags = tags.into_iter().map(|tag| (tag.key, tag.value)).collect();
    Some((resource.resource_arn?, tags))
}

/// Load balancers: these (at most [`ARNS`]), or all of the region.
pub(super) async fn load_balancers(
    aws: &Aws,
    arns: Option<Vec<String>>,
) -> Result<Vec<sdk::LoadBalancer>, Error> {
    aws.pages(
        Service::Elbv2,
        "DescribeLoadBalancers",
        |marker| {
            let call = aws.elbv2.describe_load_balancers().set_load_balancer_arns(arns.clone());
            call.set_marker(marker).send()
        },
        |page| (page.load_balancers.unwrap_or_default(), page.next_marker),
    )
    .await
}

/// Target groups: these (at most [`ARNS`]), or all of the region.
pub(super) async fn target_groups(
    aws: &Aws,
    arns: Option<Vec<String>>,
) -> Result<Vec<sdk::TargetGroup>, Error> {
    aws.pages(
        Service::Elbv2,
        "DescribeTargetGroups",
        |marker| {
            let call = aws.elbv2.describe_target_groups().set_target_group_arns(arns.clone());
            call.set_marker(marker).send()
        },
        |page| (page.target_groups.unwrap_or_default(), page.next_marker),
    )
    .await
}

/// The tags of these resources, of any number and kind.
pub(super) async fn tags_of(aws: &Aws, arns: &[Arn]) -> Result<Tagged, Error> {
    let chunks = arns.chunks(ARNS).map(|chunk| async move {
        let arns = chunk.iter().map(|arn| arn.0.clone()).collect();
        let call = aws.elbv2.describe_tags().set_resource_arns(Some(arns)).send();
        aws.send(Service::Elbv2, "DescribeTags", call).await
    });
    let chunks: Vec<_> =
        stream::iter(chunks.collect::<Vec<_>>()).buffered(TOGETHER).try_collect().await?;
    let described = chunks.into_iter().flat_map(|c| c.tag_descriptions.unwrap_or_default());
    Ok(described
        .filter_map(|one| Some((one.resource_arn.clone()?, seen_tags(one.tags()))))
        .collect())
}
