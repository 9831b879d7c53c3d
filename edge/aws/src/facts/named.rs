//! What people call by name and AWS by ARN. In: names. Out: the ARNs of those that exist.

use std::collections::{BTreeMap, BTreeSet};

use inroad_words::Arn;

use crate::client::Service;
use crate::memory::{Kept, NETWORK};
use crate::{Aws, Error};

/// Target groups by name, whosever they are.
pub(super) async fn target_groups(
    aws: &Aws,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, String>, Error> {
    let ask = |name: String| async move {
        let call = aws.elbv2.describe_target_groups().names(name).send();
        let answer = aws.send(Service::Elbv2, "DescribeTargetGroups", call).await?;
        let groups = answer.target_groups.unwrap_or_default();
        Ok(groups.into_iter().find_map(|group| group.target_group_arn))
    };
    each(&aws.memory.target_groups, names, ask).await
}

/// Trust stores by name.
pub(super) async fn trust_stores(
    aws: &Aws,
    names: &BTreeSet<String>,
) -> Result<BTreeMap<String, Arn>, Error> {
    let ask = |name: String| async move {
        let call = aws.elbv2.describe_trust_stores().names(name).send();
        let answer = aws.send(Service::Elbv2, "DescribeTrustStores", call).await?;
        let stores = answer.trust_stores.unwrap_or_default();
        Ok(stores.into_iter().find_map(|store| store.trust_store_arn).map(Arn))
    };
    each(&aws.memory.trust_stores, names, ask).await
}

/// One call for each name: AWS refuses a list of which one is unknown. Only what exists is remembered:
/// whoever names one too early should not wait for it.
async fn each<T, A>(
    kept: &Kept<T>,
    names: &BTreeSet<String>,
    ask: impl Fn(String) -> A,
) -> Result<BTreeMap<String, T>, Error>
where
    T: Clone,
    A: Future<Output = Result<Option<T>, Error>>,
{
    let mut found = BTreeMap::new();
    for name in names {
        let answer = ask(name.clone());
        let asked = async {
            match answer.await {
                Ok(answer) => answer.ok_or(None),
                Err(Error::NotFound(_)) => Err(None),
                Err(error) => Err(Some(error)),
            }
        };
        match kept.or_ask(name, NETWORK, asked).await {
            Ok(value) => drop(found.insert(name.clone(), value)),
            Err(None) => {}
            Err(Some(error)) => return Err(error),
        }
    }
    Ok(found)
}
