//! What of ours exists, found by tags. One listing serves one unit or all of them; details are read
//! when a unit is looked at.

use std::collections::BTreeSet;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_words::observed::{Observed, SeenGroup, SeenTargetGroup};
use inroad_words::{Arn, StackKey, Tags, TargetKey, Unit};

use super::convert::seen_target_group;
use super::listing::{ARNS, Tagged, load_balancers, tagged, tags_of, target_groups};
use super::observe::stack;
use crate::ownership::{CLUSTER, LEGACY_CLUSTER, RESOURCE, STACK};
use crate::{Aws, Error, Ownership, ec2};

/// Everything of the cluster's stacks in one VPC: load balancers, target groups, security groups.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    pub(super) balancers: Vec<(sdk::LoadBalancer, Tags)>,
    pub(super) target_groups: Vec<SeenTargetGroup>,
    pub(super) groups: Vec<SeenGroup>,
    /// Tags by ARN as the listing gave them, listeners and rules among them.
    pub(super) tags: Tagged,
}

/// Which resources are listed.
#[derive(Debug, Clone, Copy)]
enum Scope<'a> {
    Cluster,
    Stack(&'a StackKey),
}

impl Inventory {
    /// One listing for all units: what a restart costs is this, not a look at each unit.
    pub async fn list(aws: &Aws, own: &Ownership) -> Result<Self, Error> {
        let (mut inventory, groups) = futures::try_join!(
            Self::of(aws, own, Scope::Cluster),
            ec2::groups_of_cluster(aws, own)
        )?;
        inventory.groups = groups;
        Ok(inventory)
    }

    /// The stacks that own something: those that the cluster no longer asks for are to go.
    pub fn stacks(&self, own: &Ownership) -> BTreeSet<StackKey> {
        let balancers = self.balancers.iter().map(|(_, tags)| tags);
        let target_groups = self.target_groups.iter().map(|group| &group.spec.tags);
        let groups = self.groups.iter().map(|group| &group.spec.tags);
        balancers.chain(target_groups).chain(groups).filter_map(|tags| own.stack(tags)).collect()
    }

    /// A unit with all details, from this listing. Only a stack is in it; other units are looked at
    /// as by [`crate::observe`].
    pub async fn observe(
        &self,
        aws: &Aws,
        unit: &Unit,
        own: &Ownership,
    ) -> Result<Observed, Error> {
        match unit {
            Unit::Stack(key) => stack(aws, self, key, own).await,
            _ => Box::pin(crate::observe(aws, unit, own)).await,
        }
    }

    /// One stack alone.
    pub(crate) async fn of_stack(
        aws: &Aws,
        own: &Ownership,
        key: &StackKey,
    ) -> Result<Self, Error> {
        let (mut inventory, groups) = futures::try_join!(
            Self::of(aws, own, Scope::Stack(key)),
            ec2::groups_of_stack(aws, own, key)
        )?;
        inventory.groups = groups;
        Ok(inventory)
    }

    async fn of(aws: &Aws, own: &Ownership, scope: Scope<'_>) -> Result<Self, Error> {
        let Some(tags) = ours_by_tag(aws, own, scope).await? else {
            return Self::of_everything(aws, own).await;
        };
        let (balancers, groups) = futures::try_join!(
            by_arn(&tags, ":loadbalancer/", |arns| load_balancers(aws, arns)),
            by_arn(&tags, ":targetgroup/", |arns| target_groups(aws, arns)),
        )?;
        Ok(Self::assemble(own, balancers, groups, tags))
    }

    /// The way without `tag:GetResources`.
    async fn of_everything(aws: &Aws, own: &Ownership) -> Result<Self, Error> {
        let (balancers, groups) =
            futures::try_join!(load_balancers(aws, None), target_groups(aws, None))?;
        let in_vpc = |vpc: Option<&str>| vpc == Some(own.vpc.as_str());
        let balancer_arns = balancers.iter().filter(|one| in_vpc(one.vpc_id()));
        let group_arns = groups.iter().filter(|one| in_vpc(one.vpc_id()));
        let arns: Vec<Arn> = balancer_arns
            .filter_map(|one| one.load_balancer_arn())
            .chain(group_arns.filter_map(|one| one.target_group_arn()))
            .map(|arn| Arn(arn.to_owned()))
            .collect();
        let mut tags = tags_of(aws, &arns).await?;
        tags.retain(|_, tags| own.stack(tags).is_some());
        Ok(Self::assemble(own, balancers, groups, tags))
    }

    fn assemble(
        own: &Ownership,
        balancers: Vec<sdk::LoadBalancer>,
        groups: Vec<sdk::TargetGroup>,
        tags: Tagged,
    ) -> Self {
        let balancers = balancers.into_iter().filter_map(|one| {
            let tags = tags.get(one.load_balancer_arn()?)?.clone();
            (one.vpc_id() == Some(own.vpc.as_str())).then_some((one, tags))
        });
        let groups = groups.iter().filter_map(|one| {
            let mut seen = seen_target_group(one)?;
            seen.spec.tags = tags.get(&seen.arn.0)?.clone();
            (seen.spec.vpc == own.vpc).then_some(seen)
        });
        Self {
            balancers: balancers.collect(),
            target_groups: groups.collect(),
            groups: Vec::new(),
            tags,
        }
    }
}

/// What the tags say is ours. A stack's resources are found by the stack's tag, which both spellings of
/// the cluster's tag share; the whole cluster takes one listing for each spelling.
async fn ours_by_tag(
    aws: &Aws,
    own: &Ownership,
    scope: Scope<'_>,
) -> Result<Option<Tagged>, Error> {
    let mut all = match scope {
        Scope::Stack(key) => match tagged(aws, STACK, &key.to_string()).await? {
            Some(found) => found,
            None => return Ok(None),
        },
        Scope::Cluster => {
            let Some(mut found) = tagged(aws, CLUSTER, &own.cluster).await? else {
                return Ok(None);
            };
            found.extend(tagged(aws, LEGACY_CLUSTER, &own.cluster).await?.unwrap_or_default());
            found
        }
    };
    all.retain(|_, tags| own.stack(tags).is_some());
    Ok(Some(all))
}

/// Describes those whose ARN holds `kind`; nothing is asked where there are none. A listing by tag may
/// still name what is gone, which refuses the whole call: then all of the region is listed.
async fn by_arn<T, F>(
    tags: &Tagged,
    kind: &str,
    describe: impl Fn(Option<Vec<String>>) -> F,
) -> Result<Vec<T>, Error>
where
    F: Future<Output = Result<Vec<T>, Error>>,
{
    let arns: Vec<String> = tags.keys().filter(|arn| arn.contains(kind)).cloned().collect();
    match arns.len() {
        0 => Ok(Vec::new()),
        1..=ARNS => match describe(Some(arns)).await {
            Err(Error::NotFound(_)) => describe(None).await,
            answer => answer,
        },
        _ => describe(None).await,
    }
}

/// The ARN of the target group that a stack keeps under this id; the first of several.
pub(crate) async fn target_group_of(
    aws: &Aws,
    own: &Ownership,
    key: &TargetKey,
) -> Result<Option<Arn>, Error> {
    let inventory = Inventory::of(aws, own, Scope::Stack(&key.stack)).await?;
    let is_it = |tags: &Tags| {
        own.stack(tags).as_ref() == Some(&key.stack) && tags.get(RESOURCE) == Some(&key.group)
    };
    let found = inventory.target_groups.into_iter().filter(|group| is_it(&group.spec.tags));
    Ok(found.map(|group| group.arn).min())
}
