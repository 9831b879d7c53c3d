//! Errors as the API server says them: `metav1.Status`.

use http::StatusCode;
use serde_json::{Value, json};

use crate::Place;

/// A request that is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) code: StatusCode,
    reason: &'static str,
    message: String,
}

impl Refusal {
    pub(crate) fn not_found(place: &Place) -> Self {
        let message = format!("{} {:?} not found", place.collection, place.name);
        Self { code: StatusCode::NOT_FOUND, reason: "NotFound", message }
    }

    /// A path that no kind has.
    pub(crate) fn no_such_kind() -> Self {
        let message = "the server could not find the requested resource".into();
        Self { code: StatusCode::NOT_FOUND, reason: "NotFound", message }
    }

    pub(crate) fn already_exists(place: &Place) -> Self {
        let message = format!("{} {:?} already exists", place.collection, place.name);
        Self { code: StatusCode::CONFLICT, reason: "AlreadyExists", message }
    }

    pub(crate) fn conflict(place: &Place) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} {:?}: the object has been modified; please apply \
             your changes to the latest version and try again",
            place.collection, place.name
        );
        Self { code: StatusCode::CONFLICT, reason: "Conflict", message }
    }

    pub(crate) fn expired(asked: u64, kept: u64) -> Self {
        let message = format!("too old resource version: {asked} ({kept})");
        Self { code: StatusCode::GONE, reason: "Expired", message }
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self { code: StatusCode::BAD_REQUEST, reason: "BadRequest", message: message.into() }
    }

    pub(crate) fn invalid(message: &str) -> Self {
        Self { code: StatusCode::UNPROCESSABLE_ENTITY, reason: "Invalid", message: message.into() }
    }

    /// Any status, as faults need it.
    pub(crate) fn with_code(code: StatusCode) -> Self {
        let reason = match code {
            StatusCode::TOO_MANY_REQUESTS => "TooManyRequests",
            StatusCode::FORBIDDEN => "Forbidden",
            StatusCode::NOT_FOUND => "NotFound",
            StatusCode::GONE => "Expired",
            _ => "InternalError",
        };
        Self { code, reason, message: "told to fail".into() }
    }

    /// The body.
    pub(crate) fn body(&self) -> Value {
        json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code.as_u16(),
        })
    }
}
