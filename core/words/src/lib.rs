//! The nouns that every room speaks in. Plain data with meaning, units and ranges; no behaviour worth
//! the name (no function over 15 lines), no I/O, nothing imported but `std`, serde and ipnet.
#![warn(missing_docs)]

pub mod balancer;
pub mod capability;
pub mod controller;
pub mod diagnostic;
pub mod facts;
pub mod go;
pub mod hold;
pub mod ids;
pub mod network;
pub mod observed;
pub mod origin;
pub mod published;
pub mod quota;
pub mod record;
pub mod retry;
pub mod targets;
pub mod value;

pub use diagnostic::{Code, Diagnostic, Severity};
pub use ids::{
    Arn, Field, Kind, ObjectKey, ResourceKey, ResourceKind, StackKey, TargetKey, Unit, ZoneKey,
};
pub use origin::{Mark, Origin, Origins};
pub use retry::Retry;
pub use value::{Pick, Said, Tags, Value};
