//! The data plane of the emulated AWS account: load balancers that answer on loopback addresses as an ALB
//! or NLB would. What comes in is AWS state (listeners, rules, target groups, certificates) and one table
//! that AWS does not have: where a target's address leads on this machine ([`Routes`]). What goes out is
//! traffic, target health, and the addresses of the load balancers' DNS names. Nothing here knows
//! Kubernetes or inroad's own model: what is served is what AWS would serve.
//!
//! Not served, and said where it is met: authentication and JWT actions (HTTP 500), UDP and QUIC listeners
//! (an error at their endpoint), Lambda targets (HTTP 503). Without effect here: mutual TLS, SSL policies,
//! slow start, load-balancing algorithms other than round robin, the end of a draining target's
//! connections after its delay, IPv6 addresses, access logs, WAF.

mod answer;
mod balance;
mod condition;
mod connection;
mod cookies;
pub mod echo;
mod fleet;
mod forward;
mod headers;
mod health;
mod idle;
mod listen;
mod model;
mod mutual;
mod pattern;
mod place;
mod request;
mod routes;
mod serve;
#[cfg(test)]
mod testing;
mod tls;
mod traffic;
mod transform;
mod upstream;

pub use routes::{Routes, TargetKey};
pub use traffic::{Config, Endpoint, ListenerEndpoint, Traffic};
