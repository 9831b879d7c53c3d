//! Refusals in the words of each protocol, as an AWS client expects them.

use bytes::Bytes;
use http::Response;

use crate::{
    name::{Name, Protocol},
    rules::Effect,
};

/// Status and code of an error.
struct Refusal {
    status: u16,
    code: String,
}

/// The answer of an effect that refuses; none for the others.
pub(crate) fn refusal(name: &Name, effect: &Effect) -> Option<Response<Bytes>> {
    let protocol = name.protocol();
    let (status, code) = match (effect, protocol) {
        (Effect::Refused { status, code }, _) => (*status, code.as_str()),
        (Effect::Throttled, Protocol::Ec2) => (503, "RequestLimitExceeded"),
        (Effect::Throttled, Protocol::Json) => (400, "ThrottlingException"),
        (Effect::Throttled, _) => (400, "Throttling"),
        (Effect::Unavailable, Protocol::Ec2) => (503, "Unavailable"),
        (Effect::Unavailable, _) => (503, "ServiceUnavailable"),
        (Effect::Denied, Protocol::Ec2) => (403, "UnauthorizedOperation"),
        (Effect::Denied, Protocol::Json) => (400, "AccessDeniedException"),
        (Effect::Denied, _) => (403, "AccessDenied"),
        _ => return None,
    };
    Some(render(name, &Refusal { status, code: code.to_owned() }))
}

fn render(name: &Name, refusal: &Refusal) -> Response<Bytes> {
    let Refusal { status, code } = refusal;
    let action = format!("{}:{}", name.service, name.operation);
    let message = format!("You are not served: {action} was refused by the test.");
    let body = match name.protocol() {
        Protocol::Ec2 => format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>proxy</RequestID></Response>"
        ),
        Protocol::Json => serde_json::json!({ "__type": code, "message": message }).to_string(),
        Protocol::Query | Protocol::RestXml => format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>\
             </Error><RequestId>proxy</RequestId></ErrorResponse>"
        ),
    };
    let kind = match name.protocol() {
        Protocol::Json => "application/x-amz-json-1.1",
        _ => "text/xml",
    };
    Response::builder()
        .status(*status)
        .header("content-type", kind)
        .body(body.into())
        .expect("a test's status is a number that HTTP knows")
}
