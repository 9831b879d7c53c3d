//! The account's quotas: what AWS tells of them, and for whose sake it has refused something of late. EC2
//! tells none of its own, so of these only a refusal is known.

use std::collections::BTreeMap;

use inroad_words::quota::{Limits, Quota};

use crate::client::Service;
use crate::memory::{Memory, NETWORK};
use crate::{Aws, Error};

/// What AWS tells. ALBC's policy lacks the action: who may not ask goes by what is refused, and nobody waits
/// for an answer.
pub(super) async fn told(aws: &Aws) -> BTreeMap<Quota, usize> {
    let ask = async {
        match ask(aws).await {
            Err(Error::Denied(refusal)) => {
                tracing::info!(%refusal, "going by AWS's default quotas");
                Ok(BTreeMap::new())
            }
            answer => answer,
        }
    };
    let told = aws.memory.limits.or_ask("", NETWORK, ask).await;
    let told = told.inspect_err(|error| tracing::warn!(%error, "quotas are not known"));
    told.unwrap_or_default()
}

async fn ask(aws: &Aws) -> Result<BTreeMap<Quota, usize>, Error> {
    let all = aws.pages(
        Service::Elbv2,
        "DescribeAccountLimits",
        |marker| aws.elbv2.describe_account_limits().set_marker(marker).send(),
        |page| (page.limits.unwrap_or_default(), page.next_marker),
    );
    let all = all.await?.into_iter().filter_map(|limit| {
        let named = |it: &Quota| it.limit_name().is_some_and(|it| Some(it) == limit.name());
        Some((Quota::ALL.into_iter().find(named)?, limit.max()?.parse().ok()?))
    });
    Ok(all.collect())
}

/// What is known without a question: what AWS told of late, and for the sake of which quotas it has refused
/// something.
pub(super) fn known(aws: &Aws) -> Limits {
    let is_refused = |it: &Quota| aws.memory.refused.get(it.name(), NETWORK).is_some();
    let refused = Quota::ALL.into_iter().filter(is_refused).collect();
    Limits { told: aws.memory.limits.get("", NETWORK).unwrap_or_default(), refused }
}

/// Notes why AWS refused a call.
pub(crate) fn note_refusal(memory: &Memory, error: &Error) {
    let Error::Quota(refusal) = error else { return };
    let quota = match refusal.code.as_str() {
        "TooManyLoadBalancers" => Quota::LoadBalancers,
        "TooManyTargetGroups" => Quota::TargetGroups,
        "TooManyListeners" => Quota::Listeners,
        "TooManyRules" => Quota::Rules,
        "TooManyCertificates" => Quota::Certificates,
        "TooManyUniqueTargetGroupsPerLoadBalancer" => Quota::TargetGroupsPerBalancer,
        "RulesPerSecurityGroupLimitExceeded" => Quota::GroupRules,
        "SecurityGroupsPerInterfaceLimitExceeded" => Quota::GroupsPerInterface,
        _ => return,
    };
    memory.refused.put([(quota.name().to_owned(), ())]);
}

/// Notes that a call that went through has made room.
pub(crate) fn note_room(memory: &Memory, operation: &str) {
    match operation {
        "DeleteLoadBalancer" => memory.refused.drop_one(Quota::LoadBalancers.name()),
        "DeleteTargetGroup" => memory.refused.drop_one(Quota::TargetGroups.name()),
        _ => {}
    }
}
