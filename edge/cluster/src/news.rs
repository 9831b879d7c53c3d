//! What a live feed tells. In: nothing; out: plain data for whoever keeps the world. Forbidden:
//! clients, clocks.

use inroad_words::{Diagnostic, Kind};
use inroad_world::Change;

/// One piece of news from an API server.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// Objects of one kind came, changed or went.
    Changes {
        /// The kind of all of them.
        kind: Kind,
        /// What happened, for `World::absorb_all`; empty where nothing did.
        changes: Vec<Change>,
        /// Whether everything that there is of this kind is now known: it was listed completely, or
        /// its watch goes on from where it broke. Ends [`News::Failing`] and [`News::Absent`].
        complete: bool,
    },
    /// An object that is not what Kubernetes says of its kind. Its last good version stays; the
    /// next change of the same object takes the mistake back.
    Undecodable(Diagnostic),
    /// A kind can be neither listed nor watched. Said once an outage; its last objects stay.
    Failing {
        /// The kind.
        kind: Kind,
        /// What the API server, or the way to it, says.
        why: String,
    },
    /// The API server does not know the kind (its CRD is not installed). Said once; its last
    /// objects, should there be any, stay.
    Absent {
        /// The kind.
        kind: Kind,
    },
}
