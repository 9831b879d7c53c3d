//! A forward action: choose target group and target, send the request on as an ALB would, and bring the
//! answer back, with its cookies, or with 502, 503 or 504 where there is none.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{COOKIE, HOST, UPGRADE};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;

use crate::answer::{self, Body, INCOMPATIBLE};
use crate::balance;
use crate::cookies;
use crate::headers::{self, Arrival};
use crate::model::{Forward, Group, Listener, Model, Rule, Target};
use crate::serve::Served;
use crate::transform::Transform;
use crate::upstream::{Destination, NoAnswer};

/// A request on its way, with the state that it goes by.
pub(crate) struct Forwarding<'a> {
    pub(crate) served: &'a Arc<Served>,
    pub(crate) model: &'a Model,
    pub(crate) listener: &'a Listener,
    pub(crate) rule: &'a Rule,
    pub(crate) action: &'a Forward,
    pub(crate) arrival: Arrival,
    /// The host that was asked for, port included.
    pub(crate) host: String,
}

impl Forwarding<'_> {
    pub(crate) async fn answer(self, request: Request<Incoming>) -> Response<Body> {
        let now = self.served.emulator.now();
        let group = match self.group(request.headers(), now) {
            Some(group) if compatible(group, &request) => group,
            Some(_) => return answer::page(INCOMPATIBLE),
            None => return answer::page(503),
        };
        let Some(target) = self.target(group, request.headers(), now) else {
            return answer::page(503);
        };
        let Some(destination) = self.destination(group, target) else { return answer::page(504) };
        match self.exchange(destination, request).await {
            Ok(mut response) => {
                self.stick(response.headers_mut(), (group, target), now);
                response
            }
            Err(status) => answer::page(status),
        }
    }

    fn group(&self, headers: &HeaderMap, now: Timestamp) -> Option<&Group> {
        let stuck =
            self.action.sticky.and_then(|_| cookies::sticks_to(headers, cookies::GROUP, now));
        let turn = self.served.turns.next(&self.rule.arn);
        let arn = balance::group(self.action, stuck.as_deref(), turn)?;
        self.model.groups.get(arn).map(Arc::as_ref)
    }

    fn target<'g>(
        &self,
        group: &'g Group,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Option<&'g Target> {
        let stuck = match Sticky::of(group) {
            Sticky::No => None,
            Sticky::Duration(_) => cookies::sticks_to(headers, cookies::TARGET, now),
            // Without the application's own cookie, its session is over.
            Sticky::Application(name, _) => cookies::read(headers, name)
                .and_then(|_| cookies::sticks_to(headers, cookies::APPLICATION, now)),
        };
        balance::target(group, stuck.as_deref(), self.served.turns.next(&group.arn))
    }

    /// `None`: nobody is at the target's address.
    fn destination(&self, group: &Group, target: &Target) -> Option<Destination> {
        Some(Destination {
            socket: self.served.resolve(&target.id, target.port)?,
            secure: group.secure,
            http2: group.version != "HTTP1",
            idle: Duration::from_secs(self.listener.idle_seconds()),
        })
    }

    async fn exchange(
        &self,
        to: Destination,
        mut request: Request<Incoming>,
    ) -> Result<Response<Body>, u16> {
        let upgrade = request.headers().contains_key(UPGRADE) && !to.http2;
        let client = upgrade.then(|| hyper::upgrade::on(&mut request));
        let request = self.outbound(to, request, upgrade)?;
        let mut response =
            self.served.upstream.send(to, request).await.map_err(|reason| match reason {
                NoAnswer::TimedOut => 504_u16,
                NoAnswer::Broken => 502,
            })?;
        let switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if let (Some(client), true) = (client, switched) {
            tokio::spawn(tunnel(client, hyper::upgrade::on(&mut response)));
        }
        let (mut parts, body) = response.into_parts();
        headers::strip_hop_by_hop(&mut parts.headers, switched);
        parts.version = Version::HTTP_11;
        let body: Body = body.map_err(Into::into).boxed();
        Ok(Response::from_parts(parts, body))
    }

    /// The request as the target gets it; an error is the status to answer with.
    fn outbound(
        &self,
        to: Destination,
        request: Request<Incoming>,
        upgrade: bool,
    ) -> Result<Request<Body>, u16> {
        let (mut parts, body) = request.into_parts();
        let (host, target) = self.rewritten(&parts.uri)?;
        headers::strip_hop_by_hop(&mut parts.headers, upgrade);
        one_cookie_header(&mut parts.headers);
        let trace = self.trace();
        headers::forward(&mut parts.headers, &self.arrival, &self.listener.attributes, &trace);
        parts.headers.remove(HOST);
        if to.http2 {
            let scheme = if to.secure { "https" } else { "http" };
            let uri = Uri::builder().scheme(scheme).authority(host).path_and_query(target);
            parts.uri = uri.build().map_err(|_| 400_u16)?;
            parts.version = Version::HTTP_2;
        } else {
            parts.headers.insert(HOST, HeaderValue::try_from(host).map_err(|_| 400_u16)?);
            parts.uri = target.into();
            parts.version = Version::HTTP_11;
        }
        Ok(Request::from_parts(parts, body.map_err(Into::into).boxed()))
    }

    /// Host and URL after the rule's transforms. The URL that a transform sees is path and query.
    fn rewritten(&self, uri: &Uri) -> Result<(String, PathAndQuery), u16> {
        let attributes = &self.listener.attributes;
        let mut host = headers::host(&self.host, self.arrival.port, attributes);
        let mut url = uri.path_and_query().map_or("/", PathAndQuery::as_str).to_owned();
        for transform in &self.rule.transforms {
            match transform {
                Transform::Host(rewrite) => host = rewrite.apply(&host).unwrap_or(host),
                Transform::Url(rewrite) => url = rewrite.apply(&url).unwrap_or(url),
            }
        }
        let url = PathAndQuery::try_from(url).map_err(|_| 500_u16)?;
        Ok((host, url))
    }

    /// An id in the form of AWS X-Ray: version, seconds in hexadecimal, 96 bits that tell requests apart.
    fn trace(&self) -> String {
        use sha2::Digest;
        let now = self.served.emulator.now();
        let turn = self.served.turns.next("trace");
        let digest = sha2::Sha256::digest(format!("{now}/{turn}"));
        format!("1-{:08x}-{}", now.as_second(), hex::encode(&digest[..12]))
    }

    fn stick(&self, headers: &mut HeaderMap, to: (&Group, &Target), now: Timestamp) {
        let (group, target) = (to.0, balance::name(to.1));
        match Sticky::of(group) {
            Sticky::No => {}
            Sticky::Duration(seconds) => {
                cookies::stick(headers, cookies::TARGET, &target, (now, seconds));
            }
            Sticky::Application(name, seconds) if cookies::sets(headers, name) => {
                cookies::stick(headers, cookies::APPLICATION, &target, (now, seconds));
            }
            Sticky::Application(..) => {}
        }
        if let Some(seconds) = self.action.sticky {
            cookies::stick(headers, cookies::GROUP, &group.arn, (now, seconds));
        }
    }
}

/// The stickiness of a target group, by its attributes.
enum Sticky<'g> {
    No,
    /// Seconds.
    Duration(i64),
    /// The application's cookie, and seconds.
    Application(&'g str, i64),
}

impl<'g> Sticky<'g> {
    fn of(group: &'g Group) -> Self {
        let attributes = &group.attributes;
        let seconds = |kind: &str| {
            let key = format!("stickiness.{kind}.duration_seconds");
            i64::try_from(attributes.number(&key, 86_400)).unwrap_or(86_400)
        };
        match attributes.text("stickiness.type") {
            _ if !attributes.is("stickiness.enabled") => Self::No,
            Some("lb_cookie") => Self::Duration(seconds("lb_cookie")),
            Some("app_cookie") => match attributes.text("stickiness.app_cookie.cookie_name") {
                Some(name) => Self::Application(name, seconds("app_cookie")),
                None => Self::No,
            },
            _ => Self::No,
        }
    }
}

/// Whether request and target group speak the same language; HTTP 464 where they do not: a target group
/// for HTTP/2 or gRPC wants HTTP/2, gRPC wants POST, and one for HTTP/1.1 cannot take gRPC.
fn compatible(group: &Group, request: &Request<Incoming>) -> bool {
    let http2 = request.version() == Version::HTTP_2;
    let content_type = request.headers().get(http::header::CONTENT_TYPE);
    let grpc = content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"));
    match group.version.as_str() {
        "GRPC" => http2 && request.method() == Method::POST,
        "HTTP2" => http2,
        _ => !grpc,
    }
}

/// HTTP/2 may split cookies over headers, HTTP/1.1 may not (RFC 9113 section 8.2.3).
fn one_cookie_header(headers: &mut HeaderMap) {
    let all: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if all.len() > 1
        && let Ok(joined) = HeaderValue::from_maybe_shared(Bytes::from(all.join(&b"; "[..])))
    {
        headers.insert(COOKIE, joined);
    }
}

/// Carries bytes between client and target until one ends; the target's side has the idle timeout.
async fn tunnel(client: OnUpgrade, target: OnUpgrade) {
    if let (Ok(client), Ok(target)) = tokio::join!(client, target) {
        let (mut client, mut target) = (TokioIo::new(client), TokioIo::new(target));
        // However it ends, both sides are closed by dropping them.
        let _ = tokio::io::copy_bidirectional(&mut client, &mut target).await;
    }
}
