//! What the runner of the peers' recorded cases asks directly, because no annotation of ours shows it
//! alone: how texts are read. Nothing else uses this.

pub use crate::settings::{
    Unreadable,
    grammar::{boolean, integer, list, map, text},
    json::read as json,
    look,
};
