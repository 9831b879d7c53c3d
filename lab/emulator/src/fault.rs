//! The one way an operation fails: an AWS error code, its message and the HTTP status it travels with.

/// An error answer of AWS. `code` is the wire code (`DuplicateLoadBalancerName`), not the shape's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    pub code: String,
    pub message: String,
    /// HTTP status: 400 unless the API's model says otherwise.
    pub status: u16,
}

impl Fault {
    /// A client error with status 400, the status of nearly every AWS error.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { code: code.into(), message: message.into(), status: 400 }
    }

    /// The same error with another HTTP status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }
}
