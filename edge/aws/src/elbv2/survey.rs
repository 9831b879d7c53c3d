//! Every load balancer and target group of some VPCs, with all that hangs on them.

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_words::Arn;

use super::listing::{load_balancers, tags_of, target_groups};
use super::observe::{
    balancer_attributes, certificates, every_rule, group_attributes, listener_attributes,
    listeners_of, targets, together,
};
use crate::{Aws, Error};

pub(crate) async fn survey(aws: &Aws, vpcs: &[String]) -> Result<(), Error> {
    let (balancers, groups) =
        futures::try_join!(load_balancers(aws, None), target_groups(aws, None))?;
    // A target group of Lambda functions is in no VPC.
    let among = |vpc: Option<&str>| vpc.is_none_or(|vpc| vpcs.iter().any(|it| it == vpc));
    let balancers = balancers.iter().filter(|it| among(it.vpc_id()));
    let balancers: Vec<Arn> = balancers.filter_map(|it| arn(it.load_balancer_arn())).collect();
    let groups = groups.iter().filter(|it| among(it.vpc_id()));
    let groups: Vec<Arn> = groups.filter_map(|it| arn(it.target_group_arn())).collect();
    let below = together(balancers.iter().map(|it| balancer(aws, it))).await?;
    together(groups.iter().map(|it| group(aws, it))).await?;
    let all: Vec<Arn> =
        balancers.into_iter().chain(groups).chain(below.into_iter().flatten()).collect();
    tags_of(aws, &all).await.map(drop)
}

fn arn(text: Option<&str>) -> Option<Arn> {
    text.map(|text| Arn(text.to_owned()))
}

/// The ARNs of what is below it.
async fn balancer(aws: &Aws, of: &Arn) -> Result<Vec<Arn>, Error> {
    balancer_attributes(aws, of).await?;
    let mut below = Vec::new();
    for one in listeners_of(aws, of).await? {
        below.extend(listener(aws, &one).await?);
    }
    Ok(below)
}

async fn listener(aws: &Aws, one: &sdk::Listener) -> Result<Vec<Arn>, Error> {
    let Some(of) = arn(one.listener_arn()) else { return Ok(Vec::new()) };
    listener_attributes(aws, &of).await?;
    certificates(aws, one, &of).await?;
    let rules = every_rule(aws, &of).await?;
    let rules = rules.iter().filter_map(|rule| arn(rule.rule_arn()));
    Ok(rules.chain([of.clone()]).collect())
}

async fn group(aws: &Aws, of: &Arn) -> Result<(), Error> {
    group_attributes(aws, of).await?;
    targets(aws, of).await.map(drop)
}
