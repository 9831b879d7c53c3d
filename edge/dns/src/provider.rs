//! What every provider can be asked.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use inroad_plan::RecordChange;
use inroad_words::{
    ZoneKey,
    capability::Capabilities,
    record::{Record, RecordKey, Zone},
};

use crate::DnsError;

/// A DNS provider. Failures are said, never swallowed: after a failed batch the zone is read again.
#[async_trait]
pub trait Provider: Send + Sync {
    /// What it can do, as data.
    fn capabilities(&self) -> &'static Capabilities;

    /// Every zone that it offers.
    async fn zones(&self) -> Result<BTreeSet<Zone>, DnsError>;

    /// Every record set of a zone that inroad has words for.
    async fn records(&self, zone: &ZoneKey) -> Result<BTreeMap<RecordKey, Record>, DnsError>;

    /// Attempts so far, repeated ones included, by call as the provider's permissions name it
    /// (`route53:ListHostedZones`).
    fn calls(&self) -> BTreeMap<String, u64>;

    /// Whatever is remembered of a zone, or with `None` of all, is not to be trusted any more: the next
    /// question reads it again.
    fn forget(&self, _zone: Option<&ZoneKey>) {}

    /// One batch in one request, sent once, in order, already legal and sized; all of it or nothing.
    async fn apply(&self, zone: &ZoneKey, changes: &[RecordChange]) -> Result<(), DnsError>;
}
