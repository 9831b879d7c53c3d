//! What the emulated hosted zones say, asked over the DNS protocol.

mod addresses;

pub use addresses::Addresses;
