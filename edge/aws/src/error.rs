//! What goes wrong at AWS, sorted by what to do about it. In comes the SDK's error, out goes a variant
//! with the code, the sentence and the request id that AWS gave; nobody else looks at codes.

use std::time::Duration;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::display::DisplayErrorContext;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use aws_types::request_id::RequestId;
use inroad_words::Retry;

use crate::codes;

/// A call to AWS that did not do what it was to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// We ask too fast, even after the SDK's own attempts.
    #[error("throttled: {0}")]
    Throttled(Box<Refusal>),
    /// The credentials may not do this; the policy lacks [`Refusal::action`].
    #[error("not allowed ({action} is missing): {0}", action = .0.action())]
    Denied(Box<Refusal>),
    /// What the call names is not there (any more): the observation is stale.
    #[error("not there: {0}")]
    NotFound(Box<Refusal>),
    /// Something else still uses it.
    #[error("still in use: {0}")]
    InUse(Box<Refusal>),
    /// It is there already, and is not provably the one that was asked for.
    #[error("already there: {0}")]
    Exists(Box<Refusal>),
    /// A quota of the account.
    #[error("a quota is reached: {0}")]
    Quota(Box<Refusal>),
    /// A guard that somebody set: deletion protection.
    #[error("protected: {0}")]
    Protected(Box<Refusal>),
    /// No answer, or one that says nothing about the request: time-outs, 5xx, broken connections.
    #[error("no answer: {0}")]
    Unavailable(Box<Refusal>),
    /// AWS will refuse this request each time.
    #[error("refused: {0}")]
    Invalid(Box<Refusal>),
    /// Nothing was asked: somebody else holds the lease, or ours has run out.
    #[error("{action} was not asked: another replica leads", action = .0.action())]
    NotLeading(Box<Refusal>),
    /// Nothing was asked: the step holds what cannot be said in a call (an unresolved reference).
    #[error("cannot be asked: {0}")]
    Unsayable(String),
}

/// Which call was refused, and in which words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// IAM's name of the service: `ec2`, `elasticloadbalancing`, `acm`, `tag`, `wafv2`.
    pub service: &'static str,
    /// The API operation.
    pub operation: &'static str,
    /// AWS's code; empty where no answer came.
    pub code: String,
    /// AWS's sentence, or what broke on the way.
    pub message: String,
    /// AWS's id of the request, where there was an answer.
    pub request_id: Option<String>,
}

impl Refusal {
    /// The IAM action that the call needs. `DescribeX` and its kin are spelled as the operation.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service, self.operation)
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.action())?;
        if !self.code.is_empty() {
            write!(f, "{}: ", self.code)?;
        }
        f.write_str(&self.message)?;
        match &self.request_id {
            Some(id) => write!(f, " (request {id})"),
            None => Ok(()),
        }
    }
}

impl Error {
    /// When another attempt makes sense.
    pub fn retry(&self) -> Retry {
        match self {
            Error::Throttled(_)
            | Error::NotFound(_)
            | Error::InUse(_)
            | Error::Exists(_)
            | Error::Unavailable(_) => Retry::Soon,
            // Nobody tells us when a policy is mended or a quota raised.
            Error::Denied(_) | Error::Quota(_) => Retry::After(Duration::from_secs(300)),
            Error::Protected(_) | Error::Invalid(_) | Error::NotLeading(_) => Retry::OnChange,
            Error::Unsayable(_) => Retry::Never,
        }
    }

    /// What AWS said, where it was asked.
    pub fn refusal(&self) -> Option<&Refusal> {
        match self {
            Error::Throttled(refusal)
            | Error::Denied(refusal)
            | Error::NotFound(refusal)
            | Error::InUse(refusal)
            | Error::Exists(refusal)
            | Error::Quota(refusal)
            | Error::Protected(refusal)
            | Error::Unavailable(refusal)
            | Error::NotLeading(refusal)
            | Error::Invalid(refusal) => Some(refusal),
            Error::Unsayable(_) => None,
        }
    }

    /// The IAM action that the policy lacks, where that is what keeps the call from being done. AWS names
    /// it in its sentence where it is another than the call's own (`ec2:CreateTags` in a creation).
    pub fn denied(&self) -> Option<String> {
        let Error::Denied(refusal) = self else { return None };
        // The other codes are about who we are, not about what we may do.
        let by_policy = ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"];
        let told = refusal.message.split_once("not authorized to perform: ").map(|(_, rest)| rest);
        let told = told.and_then(|rest| rest.split_whitespace().next());
        let action = told.filter(|it| it.contains(':')).map(str::to_owned);
        by_policy
            .contains(&refusal.code.as_str())
            .then(|| action.unwrap_or_else(|| refusal.action()))
    }

    /// The sentence for those whose object needs it: a missing permission with what mends it.
    pub fn told(&self) -> String {
        let Some(action) = self.denied() else { return self.to_string() };
        let statement = format!(r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "*"}}"#);
        format!("{}: {self} (help: add to the policy of inroad's role: {statement})", codes::DENIED)
    }

    /// Whether AWS's code is this one.
    pub(crate) fn is(&self, code: &str) -> bool {
        self.refusal().is_some_and(|refusal| refusal.code == code)
    }

    pub(crate) fn from_sdk<E>(
        service: &'static str,
        operation: &'static str,
        error: SdkError<E, HttpResponse>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let answer = error.as_service_error();
        let refusal = Box::new(Refusal {
            service,
            operation,
            code: answer.and_then(ProvideErrorMetadata::code).unwrap_or_default().to_owned(),
            message: match answer.and_then(ProvideErrorMetadata::message) {
                Some(message) => message.to_owned(),
                None => DisplayErrorContext(&error).to_string(),
            },
            request_id: error.request_id().map(str::to_owned),
        });
        if is_held_back(&error) {
            return Error::NotLeading(refusal);
        }
        let status = error.raw_response().map(|response| response.status().as_u16());
        sort(answer.is_some(), status)(refusal)
    }
}

/// The gate's answer to an attempt of a write.
#[derive(Debug, thiserror::Error)]
#[error("another replica leads")]
pub(crate) struct NotLeading;

/// Whether the gate kept the attempt from leaving.
fn is_held_back(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if error.is::<NotLeading>() {
            return true;
        }
        cause = error.source();
    }
    false
}

/// The variant for an answer: by its code, else by its HTTP status. No answer at all is no verdict.
fn sort(answered: bool, status: Option<u16>) -> impl FnOnce(Box<Refusal>) -> Error {
    move |refusal| {
        let code = refusal.code.as_str();
        if !answered {
            return Error::Unavailable(refusal);
        }
        match by_code(code) {
            Some(variant) => variant(refusal),
            None if status.is_some_and(|status| status >= 500) => Error::Unavailable(refusal),
            None => Error::Invalid(refusal),
        }
    }
}

/// Whether the code says that we ask too fast, in any service's spelling.
pub(crate) fn is_throttling(code: &str) -> bool {
    matches!(
        code,
        "Throttling"
            | "ThrottlingException"
            | "ThrottledException"
            | "RequestLimitExceeded"
            | "TooManyRequestsException"
            | "RequestThrottled"
            | "RequestThrottledException"
    )
}

/// Codes in each service's own spelling; those that only one operation knows follow the same endings.
fn by_code(code: &str) -> Option<fn(Box<Refusal>) -> Error> {
    Some(match code {
        code if is_throttling(code) => Error::Throttled,
        "AccessDenied"
        | "AccessDeniedException"
        | "UnauthorizedOperation"
        | "AuthFailure"
        | "InvalidClientTokenId"
        | "UnrecognizedClientException"
        | "ExpiredToken"
        | "ExpiredTokenException"
        | "SignatureDoesNotMatch"
        | "OptInRequired" => Error::Denied,
        "ResourceInUse" | "ResourceInUseException" | "DependencyViolation" => Error::InUse,
        "OperationNotPermitted" => Error::Protected,
        "PriorityInUse" => Error::Exists,
        "TargetGroupAssociationLimit" => Error::Quota,
        "InternalError"
        | "InternalFailure"
        | "ServiceUnavailable"
        | "Unavailable"
        | "WAFInternalErrorException" => Error::Unavailable,
        // What was just made is not known everywhere yet.
        "WAFUnavailableEntityException" | "WAFNonexistentItemException" => Error::NotFound,
        "WAFLimitsExceededException" => Error::Quota,
        _ if code.starts_with("Duplicate") || code.ends_with(".Duplicate") => Error::Exists,
        _ if code.ends_with("NotFound") || code.ends_with("NotFoundException") => Error::NotFound,
        _ if code.starts_with("TooMany") || code.ends_with("LimitExceeded") => Error::Quota,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(code: &str, status: u16) -> Error {
        let refusal = Refusal {
            service: "elasticloadbalancing",
            operation: "CreateRule",
            code: code.into(),
            message: "no".into(),
            request_id: Some("r-1".into()),
        };
        sort(true, Some(status))(Box::new(refusal))
    }

    #[test]
    fn a_missing_permission_is_named() {
        assert_eq!(
            variant("AccessDenied", 403).denied().as_deref(),
            Some("elasticloadbalancing:CreateRule")
        );
        assert_eq!(variant("ExpiredToken", 403).denied(), None);
        assert_eq!(variant("TooManyRules", 400).denied(), None);
        let Error::Denied(mut refusal) = variant("UnauthorizedOperation", 403) else { panic!() };
        refusal.message =
            "User: x is not authorized to perform: ec2:CreateTags on resource: y".into();
        let action = Error::Denied(refusal.clone()).denied().expect("it is named");
        assert_eq!(action, "ec2:CreateTags");
        let told = Error::Denied(refusal).told();
        assert!(told.contains(r#""Action": "ec2:CreateTags""#), "{told}");
        assert!(told.starts_with(codes::DENIED.0), "{told}");
    }

    #[test]
    fn codes_are_sorted_by_what_to_do() {
        let soon = Retry::Soon;
        let later = Retry::After(Duration::from_secs(300));
        for (code, status, start, retry) in [
            ("Throttling", 400, "throttled", soon),
            ("RequestLimitExceeded", 503, "throttled", soon),
            ("TooManyRequestsException", 400, "throttled", soon),
            ("UnauthorizedOperation", 403, "not allowed (elasticloadbalancing:CreateRule", later),
            ("TargetGroupNotFound", 400, "not there", soon),
            ("InvalidGroup.NotFound", 400, "not there", soon),
            ("ResourceInUse", 400, "still in use", soon),
            ("InvalidPermission.Duplicate", 400, "already there", soon),
            ("DuplicateListener", 400, "already there", soon),
            ("TooManyRules", 400, "a quota", later),
            ("RulesPerSecurityGroupLimitExceeded", 400, "a quota", later),
            ("OperationNotPermitted", 400, "protected", Retry::OnChange),
            ("WAFUnavailableEntityException", 400, "not there", soon),
            ("WAFInternalErrorException", 500, "no answer", soon),
            ("SomethingNew", 400, "refused", Retry::OnChange),
            ("SomethingNew", 500, "no answer", soon),
        ] {
            let error = variant(code, status);
            assert!(error.to_string().starts_with(start), "{code}: {error}");
            assert_eq!(error.retry(), retry, "{code}");
            assert!(error.to_string().ends_with(&format!("{code}: no (request r-1)")), "{error}");
        }
    }
}
