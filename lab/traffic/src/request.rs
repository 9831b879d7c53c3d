//! One request at a listener: find its rule in the present state, do what the rule says. In comes what
//! hyper has read, out goes the answer; there is always one, as with an ALB.

use std::convert::Infallible;
use std::sync::Arc;

use http::header::{HOST, HeaderName};
use http::{HeaderMap, Method, Request, Response, Version};
use hyper::body::Incoming;

use crate::answer::{self, Asked, Body};
use crate::condition::Seen;
use crate::forward::Forwarding;
use crate::headers::{self, Arrival};
use crate::model::{Action, Listener, Model};
use crate::serve::Served;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// More addresses than this in X-Forwarded-For are answered with HTTP 463.
const MOST_FORWARDERS: usize = 30;

/// Answers one request that came in at the listener with ARN `listener`.
pub(crate) async fn answer(
    served: Arc<Served>,
    listener: Arc<str>,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let model = served.current();
    let Some(listener) = model.listeners.get(&*listener) else {
        return Ok(answer::page(503));
    };
    let mut response = match refuse(&request) {
        Some(status) => answer::page(status),
        None => by_rule(&served, &model, listener, arrival, request).await,
    };
    headers::respond(response.headers_mut(), &listener.attributes);
    Ok(response)
}

/// What an ALB does not even look up a rule for.
fn refuse(request: &Request<Incoming>) -> Option<u16> {
    if request.method() == Method::TRACE {
        return Some(405);
    }
    if host(request).is_empty() && request.version() != Version::HTTP_10 {
        return Some(400);
    }
    (forwarders(request.headers()) > MOST_FORWARDERS).then_some(463)
}

fn forwarders(headers: &HeaderMap) -> usize {
    let values = headers.get_all(FORWARDED_FOR).iter();
    values.map(|value| value.as_bytes().split(|byte| *byte == b',').count()).sum()
}

/// The host that was asked for, port included: `:authority` or the absolute form's, else the header's.
fn host(request: &Request<Incoming>) -> String {
    let named = request.uri().authority().map(|authority| authority.as_str().to_owned());
    let header = || request.headers().get(HOST).and_then(|value| value.to_str().ok());
    named.or_else(|| header().map(str::to_owned)).unwrap_or_default()
}

async fn by_rule(
    served: &Arc<Served>,
    model: &Model,
    listener: &Listener,
    arrival: Arrival,
    request: Request<Incoming>,
) -> Response<Body> {
    let host = host(&request);
    let asked = Asked {
        protocol: arrival.protocol(),
        host: headers::without_port(&host),
        port: arrival.port,
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
    };
    let seen = Seen {
        host: asked.host,
        path: asked.path,
        query: asked.query,
        method: request.method(),
        headers: request.headers(),
        source: arrival.client.ip().to_canonical(),
    };
    let Some(rule) = listener.rule(&seen) else { return answer::page(503) };
    let action = match &rule.action {
        Action::Redirect(redirect) => return redirect.answer(&asked),
        Action::Fixed(fixed) => return fixed.answer(),
        Action::NotServed(what) => return not_served(what),
        Action::Forward(action) => action,
    };
    Forwarding { served, model, listener, rule, action, arrival, host }.answer(request).await
}

fn not_served(what: &str) -> Response<Body> {
    let text = format!("{what} is not served by the local data plane\n");
    answer::text(500, "text/plain; charset=utf-8", text)
}
