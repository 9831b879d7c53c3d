//! The data plane over an emulated account, asked from outside over real sockets.

mod client;
mod failures;
mod lab;
mod lifecycle;
mod mutual;
mod routing;
mod secure;
mod sticky;
