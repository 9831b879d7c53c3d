//! Custom resources that inroad reads, as their CRDs define them.

mod binding;
mod params;

pub use binding::{
    IpBlock, Networking, NetworkingPeer, NetworkingPort, NetworkingRule, PeerGroup, ServiceRef,
    TargetGroupBinding, TargetGroupBindingSpec,
};
pub use params::{
    ClassGroup, ClassIpam, ClassListener, ClassSubnets, IngressClassParams, IngressClassParamsSpec,
    MinimumCapacity, Pair,
};

#[cfg(test)]
mod tests;
