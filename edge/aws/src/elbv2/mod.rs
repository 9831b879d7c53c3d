//! Load balancers, listeners, rules, target groups and their targets.

mod actions;
mod change;
mod convert;
mod create;
mod inventory;
mod listing;
mod observe;
mod remove;
mod survey;

use inroad_plan::{Op, OpOutputs};

pub use inventory::Inventory;
pub(crate) use inventory::known::target_group_of;
pub(crate) use observe::targets;
pub(crate) use survey::survey;

use crate::{Aws, Error};

/// Takes the step if it is one of this service; `None`: it is another's.
pub(crate) async fn apply(aws: &Aws, op: &Op) -> Result<Option<OpOutputs>, Error> {
    if let Some(outputs) = create::apply(aws, op).await? {
        return Ok(Some(outputs));
    }
    if let Some(outputs) = change::apply(aws, op).await? {
        return Ok(Some(outputs));
    }
    remove::apply(aws, op).await
}
