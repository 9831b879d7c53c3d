//! What people call by name and AWS by ARN. In: names. Out: the ARNs of those that exist.

use std::collections::{BTreeMap, BTreeSet};

use crate::client::Service;
use crate::memory::NETWORK;
use crate::{Aws, Error};

/// Target groups by name, whosever they are. One call each: AWS refuses a list of which one is unknown.
pub(super) async fn target_groups(
    aws: &Aws,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let mut found = BTreeMap::new();
    for name in names {
        if let Some(arn) = aws.memory.target_groups.get(name, NETWORK) {
            found.insert(name.clone(), arn);
        } else if let Some(arn) = target_group(aws, name).await? {
            // Only what exists is remembered: whoever names one too early should not wait for it.
            aws.memory.target_groups.put([(name.clone(), arn.clone())]);
            found.insert(name.clone(), arn);
        }
    }
    Ok(found)
}

async fn target_group(aws: &Aws, name: &str) -> Result<Option<String>, Error> {
    let call = aws.elbv2.describe_target_groups().names(name).send();
    match aws.send(Service::Elbv2, "DescribeTargetGroups", call).await {
        Ok(answer) => {
            let groups = answer.target_groups.unwrap_or_default();
            Ok(groups.into_iter().find_map(|group| group.target_group_arn))
        }
        Err(Error::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
