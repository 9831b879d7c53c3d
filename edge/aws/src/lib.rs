//! Load balancing at AWS: [`gather`] turns questions into facts, [`observe`] a unit into what exists of
//! it, [`apply`] one step of a plan into its call. Nothing is decided here, and nothing is remembered
//! but what cannot change. Forbidden: the world, intents, shapes, Kubernetes clients, Route 53.
//!
//! Ownership: [`observe`] hands out only what carries this cluster's tags, and what hangs below it.
//! [`apply`] deletes and changes by ARN or id alone; the plan has those from [`observe`] or from a
//! creation of ours, and nowhere else. That is the proof behind each deletion. Rules on security groups
//! that are not ours are told by their description.
#![warn(missing_docs)]

mod apply;
mod attempts;
mod client;
pub mod codes;
mod connect;
mod ec2;
mod elbv2;
mod error;
mod facts;
mod memory;
mod observe;
mod ownership;
mod place;
mod survey;
mod throttle;
mod value;
mod wafv2;

pub use apply::apply;
pub use attempts::{Answer, Sum};
pub use client::Aws;
pub use connect::{Connect, Gate, Patience, https};
pub use elbv2::Inventory;
pub use error::{Error, Refusal};
pub use facts::gather;
pub use observe::{observe, observe_targets};
pub use ownership::Ownership;
pub use place::{own_vpc, tagged_vpcs, vpc_of_instance};
pub use survey::survey;
pub use throttle::{BadThrottle, Throttle};
pub use wafv2::observe_web_acls;
