//! A Kubernetes API server that fits in a test. In: the HTTP of a real `kube::Client`; out: what an API
//! server would answer. Forbidden: the wall clock, chance, and knowing any of inroad's own types.
//!
//! Objects are JSON in ordered maps under one revision counter, with the whole history kept, so that
//! watches start anywhere and lists can be answered from any revision. Time is tokio's, which tests
//! pause. Objects are not validated: what a client sends is what is stored.
//!
//! [`Server`] is the handle: [`Server::client`] for who is tested, the rest for who tests, both what a
//! person with kubectl does ([`Server::apply`], [`Server::delete`]) and what goes wrong
//! ([`faults`]).

mod answer;
pub mod faults;
mod patch;
mod request;
mod selector;
mod server;
mod service;
mod state;
mod verbs;
mod watch;

pub use request::{Asked, Place};
pub use server::Server;
pub use service::Answer;
