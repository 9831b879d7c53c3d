//! From what is asked for and what the outside said to what should be there. Forbidden: the world and
//! its objects, SDKs, any question that is not in `needs`.
#![warn(missing_docs)]

mod balancer;
mod bindings;
mod codes;
mod foundation;
pub mod model;
mod naming;
mod needs;
mod records;
mod settle;
mod shape;
mod stack;
mod tags;
mod targets;
#[cfg(test)]
mod testing;

pub use bindings::{bindings, checkpoint, is_current, publish};
pub use model::{Desired, Resource, Shaped};
pub use needs::needs;
pub use records::{arbitrate, prefer, txt};
pub use shape::shape;
pub use stack::stack_json;
pub use tags::{
    CLUSTER_TAG, ORIGIN_TAG, RESOURCE_TAG, SERVICE_RESOURCE_TAG, SERVICE_STACK_TAG,
    SHARED_RESOURCE_TAG, STACK_TAG, binding_labels, is_note, is_ownership, stack_of_labels,
};
