//! Custom resources that inroad reads, as their CRDs define them.

mod params;

pub use params::{
    ClassGroup, ClassIpam, ClassListener, ClassSubnets, IngressClassParams, IngressClassParamsSpec,
    MinimumCapacity, Pair,
};
