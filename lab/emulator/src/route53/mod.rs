//! Hosted zones and their record sets. In come the operations that a DNS controller calls, as trees
//! keyed by the API's member names; out go answers and errors in the words of Route 53.

mod changes;
mod input;
mod name;
mod records;
mod rules;
mod snapshot;
mod state;
mod tags;
#[cfg(test)]
mod tests;
mod value;
mod vpcs;
mod zones;

use serde_json::Value;

pub(crate) use name::DnsName;
pub use snapshot::{restore, snapshot};
pub use state::{Quotas, Route53};
pub(crate) use state::{RecordSet, Zone};
pub(crate) use value::{rdata, record_type};

use crate::{Account, Fault};

/// One operation of the service.
pub(crate) fn call(account: &mut Account, operation: &str, input: &Value) -> Result<Value, Fault> {
    match operation {
        "CreateHostedZone" => zones::create(account, input),
        "GetHostedZone" => zones::get(account, input),
        "DeleteHostedZone" => zones::delete(account, input),
        "ListHostedZones" => zones::list(account, input),
        "ListHostedZonesByName" => zones::list_by_name(account, input),
        "AssociateVPCWithHostedZone" => vpcs::associate(account, input),
        "ChangeResourceRecordSets" => changes::change(account, input),
        "ListResourceRecordSets" => records::list(account, input),
        "GetChange" => changes::get(account, input),
        "ListTagsForResource" => tags::list_one(account, input),
        "ListTagsForResources" => tags::list_many(account, input),
        "ChangeTagsForResource" => tags::change(account, input),
        _ => Err(Fault::new("InvalidAction", format!("{operation} is not emulated"))),
    }
}
