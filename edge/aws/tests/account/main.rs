//! The edge against an account in process: the real SDK, the real protocol, no sockets.

mod facts;
mod failures;
mod limits;
mod stack;
mod world;
