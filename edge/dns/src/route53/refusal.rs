//! What Route 53 refuses, by what to do about it. In: the SDK's error. Out: ours, with Route 53's own code
//! and sentence; nobody else looks at codes.

use aws_sdk_route53::{
    error::{BuildError, ProvideErrorMetadata, SdkError},
    operation::change_resource_record_sets::ChangeResourceRecordSetsError,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::display::DisplayErrorContext;
use inroad_words::ZoneKey;

use super::CHANGE;
use crate::DnsError;

/// The codes of a batch that has something wrong in it, all of it being as it was.
const INVALID: [&str; 3] = ["InvalidChangeBatch", "InvalidInput", "NoSuchHealthCheck"];

/// What the SDK cannot even put into a request.
pub(super) fn unsayable(error: BuildError) -> DnsError {
    DnsError::Invalid { operation: CHANGE, code: "InvalidInput".into(), message: error.to_string() }
}

/// Route 53 says what is wrong with a batch in a list of its own, one sentence a record.
pub(super) fn refused_batch(
    zone: &ZoneKey,
    error: &SdkError<ChangeResourceRecordSetsError, HttpResponse>,
) -> DnsError {
    let sentences = match error.as_service_error() {
        Some(ChangeResourceRecordSetsError::InvalidChangeBatch(it)) => it.messages().join("; "),
        _ => String::new(),
    };
    match refusal(CHANGE, Some(zone), error) {
        DnsError::Refused { operation, code, message } if INVALID.contains(&&*code) => {
            let message = if sentences.is_empty() { message } else { sentences };
            DnsError::Invalid { operation, code, message }
        }
        other => other,
    }
}

/// Sorts an error by what to do about it.
pub(super) fn refusal<E>(
    operation: &'static str,
    zone: Option<&ZoneKey>,
    error: &SdkError<E, HttpResponse>,
) -> DnsError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Some(answer) = error.as_service_error() else {
        return DnsError::Silent { operation, message: DisplayErrorContext(error).to_string() };
    };
    let code = answer.code().unwrap_or_default().to_owned();
    let message = answer.message().map_or_else(|| answer.to_string(), str::to_owned);
    let failed = error.raw_response().is_some_and(|raw| raw.status().is_server_error());
    match code.as_str() {
        "Throttling"
        | "ThrottlingException"
        | "PriorRequestNotComplete"
        | "RequestLimitExceeded"
        | "TooManyRequestsException" => DnsError::Busy { operation, message },
        "AccessDenied"
        | "AccessDeniedException"
        | "UnrecognizedClientException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "ExpiredToken" => DnsError::Denied { operation, zone: zone.cloned(), code, message },
        _ if failed => DnsError::Silent { operation, message },
        _ => DnsError::Refused { operation, code, message },
    }
}
