//! How we wait: something is wanted, but must not be done now. What is held is never deleted.

use serde::{Deserialize, Serialize};

use crate::{
    Field, Origin, ResourceKey,
    quota::{OVER_QUOTA, Quota},
};

/// One thing that waits, with why and for what.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Hold {
    /// What is held, in the field's words: `listener 443`, `A shop.example.com`.
    pub subject: String,
    /// What it waits for.
    pub reason: HoldReason,
    /// Who asked for what is held.
    pub origin: Origin,
}

/// Why something waits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// An attribute of a resource of another unit that is not known yet.
    Output {
        /// The resource.
        of: ResourceKey,
        /// The attribute.
        field: Field,
    },
    /// A question to the outside that has no answer, in the words of whoever refused.
    MissingFact(String),
    /// Somebody's mistake; the Diagnostic with this code says which.
    Diagnostic(String),
    /// An earlier step that failed.
    Failed(String),
    /// The operator's policy (`upsert-only`, deletion protection, …).
    Policy(String),
    /// It belongs to somebody else.
    Foreign(String),
    /// The account may not have as many.
    Quota {
        /// Of what.
        quota: Quota,
        /// How many it may have.
        limit: usize,
        /// How many it would need for all that is wanted.
        needed: usize,
    },
    /// It goes on to serve until what takes its place does, in these words.
    Successor(String),
}

impl std::fmt::Display for HoldReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            HoldReason::Output { of, .. } => write!(f, "waits for {of} (known after apply)"),
            HoldReason::MissingFact(why) => write!(f, "waits for an answer: {why}"),
            HoldReason::Diagnostic(code) => write!(f, "waits until {code} is mended"),
            HoldReason::Failed(step) => write!(f, "waits for a step that failed: {step}"),
            HoldReason::Policy(policy) => write!(f, "held by policy: {policy}"),
            HoldReason::Foreign(whose) => write!(f, "not ours: {whose}"),
            HoldReason::Quota { quota, limit, needed } => {
                let (name, help) = (quota.name(), quota.help());
                write!(f, "waits for room: {needed} needed, the quota \"{name}\" is {limit}")?;
                write!(f, " [{OVER_QUOTA}] (help: {help})")
            }
            HoldReason::Successor(until) => write!(f, "serves until {until}"),
        }
    }
}
