//! DNS at providers: zones, records and batches, one file each. In: batches that are already legal and
//! sized. Out: what is there. Nothing here decides who owns what; that is `plan`'s.
#![warn(missing_docs)]

mod cache;
mod error;
mod provider;
mod route53;

pub use cache::Cached;
pub use error::{DnsError, Rejection};
pub use provider::Provider;
pub use route53::Route53;
