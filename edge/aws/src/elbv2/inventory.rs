//! What of ours exists, found by tags. One listing serves one unit or all of them; details are read
//! when a unit is looked at.

pub(super) mod known;

use std::collections::BTreeSet;
use std::sync::Arc;

use aws_sdk_elasticloadbalancingv2::types as sdk;
use inroad_words::observed::{Observed, SeenGroup, SeenTargetGroup};
use inroad_words::{Arn, StackKey, Tags, Unit};
use tokio::sync::OnceCell;

use super::convert::seen_target_group;
use super::listing::{ARNS, Question, Tagged, load_balancers, tagged, tags_of, target_groups};
use super::observe::stack;
use crate::ownership::{SERVICE_STACK, STACK, tags_of as ownership_tags};
use crate::{Aws, Error, Ownership, ec2, observe_targets};

/// Everything of the cluster's stacks in one VPC: load balancers, target groups, security groups.
///
/// A listing by tag lags behind writes by seconds: what it does not show may be there all the same, and
/// what it shows may be gone.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    own: Ownership,
    pub(super) balancers: Vec<(sdk::LoadBalancer, Tags)>,
    pub(super) groups: Vec<SeenGroup>,
    /// Tags by ARN as the listing gave them.
    pub(super) tags: Tagged,
    /// Read when the first stack is looked at: one that is settled needs none of it.
    target_groups: Arc<OnceCell<Vec<SeenTargetGroup>>>,
}

impl Inventory {
    /// One listing for all units: what a restart costs is this, not a look at each unit.
    pub async fn list(aws: &Aws, own: &Ownership) -> Result<Self, Error> {
        // The stack's tag is on all that is ours, with either spelling of the cluster's.
        let types = ["elasticloadbalancing:loadbalancer", "elasticloadbalancing:targetgroup"];
        let question = |key| Question { key, value: None, types: &types };
        let services = own.services.then(|| question(SERVICE_STACK));
        let asked: Vec<_> = [question(STACK)].into_iter().chain(services).collect();
        let (inventory, groups) =
            futures::try_join!(Box::pin(Self::of(aws, own, &asked)), Box::pin(ec2::all(aws, own)))?;
        Ok(Self { groups, ..inventory })
    }

    /// The stacks that own something: those that the cluster no longer asks for are to go. Those of
    /// Services only where they were listed.
    pub fn stacks(&self, own: &Ownership) -> BTreeSet<StackKey> {
        let groups = self.groups.iter().map(|group| &group.spec.tags);
        let stacks = self.tags.values().chain(groups).filter_map(|tags| own.stack(tags));
        stacks.filter(|stack| self.own.services || !stack.is_of_service()).collect()
    }

    /// A unit with all details, from this listing. What is not in it is looked at as by
    /// [`crate::observe`].
    pub async fn observe(
        &self,
        aws: &Aws,
        unit: &Unit,
        own: &Ownership,
    ) -> Result<Observed, Error> {
        match unit {
            Unit::Stack(key) => stack(aws, self, key, own).await,
            Unit::Foundation => Ok(ec2::foundation(&self.groups, own)),
            Unit::Targets(key) => match self.target_group(key) {
                Some(group) => {
                    let targets = Some(observe_targets(aws, &group).await?);
                    Ok(Observed { targets, ..Observed::default() })
                }
                None => Box::pin(crate::observe(aws, unit, own)).await,
            },
            Unit::Zone(_) => Box::pin(crate::observe(aws, unit, own)).await,
        }
    }

    /// One stack alone.
    pub(crate) async fn of_stack(
        aws: &Aws,
        own: &Ownership,
        key: &StackKey,
    ) -> Result<Self, Error> {
        let value = key.to_string();
        let types = ["elasticloadbalancing"];
        let asked = [Question { key: ownership_tags(key).0, value: Some(&value), types: &types }];
        let (inventory, groups) =
            futures::try_join!(Self::of(aws, own, &asked), ec2::groups_of_stack(aws, own, key))?;
        Ok(Self { groups, ..inventory })
    }

    /// What the tags say is ours, without its security groups.
    pub(super) async fn of(
        aws: &Aws,
        own: &Ownership,
        asked: &[Question<'_>],
    ) -> Result<Self, Error> {
        let mut tags = Tagged::new();
        for question in asked {
            let Some(found) = tagged(aws, *question).await? else {
                return Self::of_everything(aws, own).await;
            };
            tags.extend(found);
        }
        tags.retain(|_, tags| own.stack(tags).is_some());
        let balancers = by_arn(&tags, ":loadbalancer/", |arns| load_balancers(aws, arns)).await?;
        Ok(Self::assemble(own, balancers, tags))
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
        let groups = ours(own, &tags, &groups);
        let all = Self::assemble(own, balancers, tags);
        Ok(Self { target_groups: Arc::new(OnceCell::new_with(Some(groups))), ..all })
    }

    fn assemble(own: &Ownership, balancers: Vec<sdk::LoadBalancer>, tags: Tagged) -> Self {
        let balancers = balancers.into_iter().filter_map(|one| {
            let tags = tags.get(one.load_balancer_arn()?)?.clone();
            (one.vpc_id() == Some(own.vpc.as_str())).then_some((one, tags))
        });
        let balancers = balancers.collect();
        Self { own: own.clone(), balancers, tags, ..Self::default() }
    }

    /// The target groups with all but their attributes.
    pub(super) async fn target_groups(&self, aws: &Aws) -> Result<&[SeenTargetGroup], Error> {
        let ask = || async {
            let groups =
                by_arn(&self.tags, ":targetgroup/", |arns| target_groups(aws, arns)).await?;
            Ok(ours(&self.own, &self.tags, &groups))
        };
        self.target_groups.get_or_try_init(ask).await.map(Vec::as_slice)
    }
}

/// Those whose tags are known, in our VPC.
fn ours(own: &Ownership, tags: &Tagged, groups: &[sdk::TargetGroup]) -> Vec<SeenTargetGroup> {
    let seen = groups.iter().filter_map(|one| {
        let mut seen = seen_target_group(one)?;
        seen.spec.tags = tags.get(&seen.arn.0)?.clone();
        (seen.spec.vpc == own.vpc).then_some(seen)
    });
    seen.collect()
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
