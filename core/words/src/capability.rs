//! What a DNS provider can do, as data: read by `plan` to fit and to batch.

use std::ops::RangeInclusive;

use crate::record::RecordType;

/// A provider's abilities and limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// Record types that it takes.
    pub types: &'static [RecordType],
    /// Whether an address record may follow a load balancer's name (Route 53 alias).
    pub alias: bool,
    /// TTLs that it takes, in seconds.
    pub ttl: RangeInclusive<u32>,
    /// The TTL of a record that says nothing of it, in seconds.
    pub default_ttl: u32,
    /// Whether a batch is applied whole or not at all.
    pub atomic: bool,
    /// Most changes in one batch, an upsert counting as `upsert_weight`.
    pub max_batch: usize,
    /// Most value bytes in one batch, counted likewise.
    pub max_batch_bytes: usize,
    /// How many changes an upsert counts for.
    pub upsert_weight: usize,
}

/// Amazon Route 53 (API reference, ChangeResourceRecordSets, and its quotas).
pub static ROUTE53: Capabilities = Capabilities {
    types: &[
        RecordType::A,
        RecordType::AAAA,
        RecordType::CNAME,
        RecordType::NS,
        RecordType::MX,
        RecordType::PTR,
        RecordType::SRV,
        RecordType::NAPTR,
        RecordType::TXT,
    ],
    alias: true,
    ttl: 0..=i32::MAX as u32,
    default_ttl: 300,
    atomic: true,
    max_batch: 1000,
    max_batch_bytes: 32_000,
    upsert_weight: 2,
};
