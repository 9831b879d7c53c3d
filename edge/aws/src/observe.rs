//! What exists of a unit. In goes the unit's key, out comes everything with its tags; nothing is
//! compared and nothing is written.

use inroad_words::observed::{Observed, SeenTargets};
use inroad_words::{Arn, Unit};

use crate::{Aws, Error, Inventory, Ownership, ec2, elbv2};

/// Looks at one unit. A stack that does not exist costs two calls, one that does its details on top.
///
/// Listings by tag lag behind writes by seconds: right after its creation a resource may not be seen,
/// and creating it again then finds it ([`crate::apply`] adopts what its tags prove to be ours).
pub async fn observe(aws: &Aws, unit: &Unit, own: &Ownership) -> Result<Observed, Error> {
    match unit {
        Unit::Foundation => Ok(ec2::foundation(&ec2::all(aws, own).await?, own)),
        Unit::Stack(key) => Inventory::of_stack(aws, own, key).await?.observe(aws, unit, own).await,
        Unit::Targets(key) => {
            let targets = match elbv2::target_group_of(aws, own, key).await? {
                Some(group) => Some(observe_targets(aws, &group).await?),
                None => None,
            };
            Ok(Observed { targets, ..Observed::default() })
        }
        Unit::Zone(_) => Err(Error::Unsayable("records are the DNS provider's to observe".into())),
    }
}

/// The registrations of a target group whose ARN is known: one call.
pub async fn observe_targets(aws: &Aws, group: &Arn) -> Result<SeenTargets, Error> {
    elbv2::targets(aws, group).await
}
