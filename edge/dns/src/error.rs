//! What a provider refuses, by what to do about it.

use inroad_words::retry::Retry;

/// A provider's refusal, or silence. `message` is in the provider's own words.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DnsError {
    /// Too many requests, or a passing fault.
    #[error("{operation}: {message}")]
    Busy {
        /// The call.
        operation: &'static str,
        /// What the provider said.
        message: String,
    },
    /// The batch is not acceptable as it is.
    #[error("{operation}: {code}: {message}")]
    Refused {
        /// The call.
        operation: &'static str,
        /// The provider's error code.
        code: String,
        /// What the provider said.
        message: String,
    },
    /// We may not.
    #[error("{operation} is denied: {message}")]
    Denied {
        /// The call, as the provider's permissions name it.
        operation: &'static str,
        /// What the provider said.
        message: String,
    },
    /// No answer.
    #[error("{operation}: no answer: {message}")]
    Silent {
        /// The call.
        operation: &'static str,
        /// What the transport said.
        message: String,
    },
}

impl DnsError {
    /// When it is worth asking again.
    pub fn retry(&self) -> Retry {
        match self {
            DnsError::Busy { .. } | DnsError::Silent { .. } => Retry::Soon,
            DnsError::Refused { .. } | DnsError::Denied { .. } => Retry::OnChange,
        }
    }

    /// The provider's own error code, where there was an answer with one.
    pub fn code(&self) -> Option<String> {
        match self {
            DnsError::Refused { code, .. } => Some(code.clone()),
            _ => None,
        }
    }
}
