//! What the emulated hosted zones say, asked over the DNS protocol. In come queries and the account
//! as it is at that moment, out go authoritative answers. It changes nothing and asks no other
//! server: a name outside the zones and the load balancers' names is refused.

mod addresses;
mod lookup;
mod routing;
mod server;
#[cfg(test)]
mod tests;

pub use addresses::Addresses;
pub use server::{DnsServer, serve};
