//! Schedules of trouble, each made of one seed: the real engine, the real feed, writer and lease, an API server
//! and an AWS account, all in one process and on a clock that jumps from event to event. In: a seed. Out: what
//! happened and what was wrong about it; the same seed gives the same. Forbidden: the wall clock, threads,
//! sockets, chance that does not come from the seed.
//!
//! Rooms: `wish` is what the manifests ask for and how people edit them; `stage` is everything outside of
//! the processes; `wire` and `door` are a process's ways to AWS and to the API server, where calls get lost
//! and processes die; `replica` is one process; `hand` is somebody in the account; `watchman`
//! looks at it after every write; `schedule`
//! is the order of events and the verdict at the end. `account` and `canonical` are for other tests of the
//! engine too: the account that schedules begin with, and its state as a text.

pub mod account;
pub mod canonical;
mod door;
mod hand;
mod life;
mod reach;
mod replica;
mod schedule;
mod settle;
mod stage;
mod watchman;
mod weather;
mod wire;
mod wish;

pub use schedule::{Report, run};
