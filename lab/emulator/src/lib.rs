//! An AWS account that fits in a process: what comes in is the AWS API's own HTTP, what goes out is
//! what AWS would answer. It knows nothing of Kubernetes and nothing of inroad's own model, so that
//! whoever reads it back (the aws CLI, boto3, our data plane) sees AWS and not our opinion of it.
//!
//! Rooms: [`wire`](crate::wire) turns the four AWS protocols into plain trees keyed by the API's member
//! names and back; each service folder holds `state.rs` (what is remembered) and the operations on it;
//! [`Emulator`] is the handle that the connector, the server, the DNS front and the data plane share.

mod account;
pub mod acm;
mod connector;
pub mod dns;
pub mod ec2;
pub mod elbv2;
mod fault;
pub mod faults;
pub mod route53;
pub mod seed;
mod server;
mod sts;
mod tagging;
pub mod transcript;
pub mod wafv2;
mod wire;

pub use account::{Account, Emulator, Quotas, Settings};
pub use fault::Fault;
pub use server::serve;
