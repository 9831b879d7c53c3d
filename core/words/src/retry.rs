//! When it is worth asking again after a failure of the outside.

use std::time::Duration;

/// What a failed call says about the next attempt; the engine turns it into backoff.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retry {
    /// It may well work next time: with the usual backoff, after looking again.
    Soon,
    /// Not before this long.
    After(Duration),
    /// The same request will be refused again: when something that it was made of has changed.
    OnChange,
    /// No attempt will ever help.
    Never,
}
