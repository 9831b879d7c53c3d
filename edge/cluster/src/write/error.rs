//! What goes wrong in writing to the cluster, sorted by what to do about it.

use std::time::Duration;

use inroad_words::Retry;

use crate::error::chain;

/// When to ask again after RBAC refused: nobody tells us of a mended role.
const AFTER_DENIAL: Duration = Duration::from_secs(60);

/// A write that did not happen, or of which nobody knows whether it did.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Another replica leads, or may: nothing was sent.
    #[error("not written: this replica does not hold the lease")]
    NotLeading,
    /// The object is not there any more, or is on its way out, where it had to stay.
    #[error("{0}: it is gone")]
    Gone(String),
    /// Others kept changing the object.
    #[error("{0}")]
    Conflict(Refusal),
    /// RBAC does not allow it.
    #[error("{0}")]
    Denied(Refusal),
    /// The API server will refuse this each time (validation, admission).
    #[error("{0}")]
    Invalid(Refusal),
    /// The API server asks for patience.
    #[error("{refusal}")]
    Busy {
        /// Which request.
        refusal: Refusal,
        /// For how long; zero where it does not say.
        after: Duration,
    },
    /// No answer, or one that says nothing about the request.
    #[error("{0}")]
    Unavailable(Refusal),
}

/// Which request failed, and in which words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {message}")]
pub struct Refusal {
    /// The request (`add finalizer to ingress/shop/web`).
    pub what: String,
    /// The API server's sentence, or what broke on the way.
    pub message: String,
}

impl WriteError {
    /// When it is worth writing again.
    pub fn retry(&self) -> Retry {
        match self {
            WriteError::NotLeading | WriteError::Gone(_) | WriteError::Invalid(_) => {
                Retry::OnChange
            }
            WriteError::Denied(_) => Retry::After(AFTER_DENIAL),
            WriteError::Busy { after, .. } if !after.is_zero() => Retry::After(*after),
            WriteError::Busy { .. } | WriteError::Conflict(_) | WriteError::Unavailable(_) => {
                Retry::Soon
            }
        }
    }

    pub(crate) fn late(what: String) -> Self {
        WriteError::Unavailable(Refusal { what, message: "no answer in time".into() })
    }

    /// Sorts by status code, as the API's conventions define them.
    pub(crate) fn of(what: String, error: kube::Error) -> Self {
        let kube::Error::Api(status) = error else {
            return WriteError::Unavailable(Refusal { what, message: chain(&error) });
        };
        let refusal = Refusal { what, message: status.message.clone() };
        let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
        match status.code {
            404 | 410 => WriteError::Gone(refusal.what),
            409 => WriteError::Conflict(refusal),
            401 | 403 => WriteError::Denied(refusal),
            429 => WriteError::Busy { refusal, after: Duration::from_secs(seconds.into()) },
            400..=499 => WriteError::Invalid(refusal),
            _ => WriteError::Unavailable(refusal),
        }
    }
}
