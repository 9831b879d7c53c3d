//! HTTP in, HTTP out.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures::StreamExt;
use http::{Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody, combinators::UnsyncBoxBody};
use kube::client::Body;
use serde_json::{Value, json};
use tower::BoxError;

use crate::{
    Server, answer::Refusal, faults::Effect, request::Request, selector::Selector, watch::Watch,
};

/// The body of an answer: one JSON document, or the lines of a watch.
pub type Answer = UnsyncBoxBody<Bytes, Infallible>;

impl Server {
    /// Answers a request of whoever has a wire of their own.
    ///
    /// # Errors
    /// A connection that breaks, as a script says, or a body that cannot be read.
    pub async fn answer(self, request: http::Request<Body>) -> Result<Response<Answer>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let request = http::Request::from_parts(parts, ());
        if request.uri().path() == "/version" {
            let version = json!({ "major": "1", "minor": "36", "gitVersion": "v1.36.0" });
            return Ok(document(StatusCode::OK, &version));
        }
        let Some(request) = Request::read(&request, &body) else {
            return Ok(refused(&Refusal::no_such_kind()));
        };
        let effects = self.state().faults.effects(&request);
        for effect in &effects {
            match effect {
                Effect::Delay(wait) => tokio::time::sleep(*wait).await,
                Effect::Break => return Err("connection reset by peer".into()),
                Effect::Refuse(code) => return Ok(refused(&Refusal::with_code(*code))),
                Effect::LoseAnswer => {}
            }
        }
        let answer = self.perform(&request);
        match effects.contains(&Effect::LoseAnswer) {
            true => Err("connection reset by peer".into()),
            false => Ok(answer),
        }
    }

    fn perform(&self, request: &Request) -> Response<Answer> {
        if request.watches() {
            return self.watch(request).unwrap_or_else(|refusal| refused(&refusal));
        }
        let now = self.now();
        match self.change(|state| state.handle(request, &now)) {
            Ok(body) if request.method == http::Method::POST => {
                document(StatusCode::CREATED, &body)
            }
            Ok(body) => document(StatusCode::OK, &body),
            Err(refusal) => refused(&refusal),
        }
    }

    fn watch(&self, request: &Request) -> Result<Response<Answer>, Refusal> {
        if self.state().absent.contains(&request.place.collection) {
            return Err(Refusal::no_such_kind());
        }
        let number = |key| request.asked(key).and_then(|it| it.parse::<u64>().ok());
        let from = number("resourceVersion").unwrap_or_else(|| self.revision());
        let patience = Duration::from_secs(number("timeoutSeconds").unwrap_or(1800));
        let bookmarks = request.asked("allowWatchBookmarks") == Some("true");
        let watch = Watch::open(self.clone(), Selector::of(request), from, (patience, bookmarks))?;
        let frames = watch.body().map(|line| Ok(hyper::body::Frame::data(line)));
        Ok(response(StatusCode::OK, StreamBody::new(frames).boxed_unsync()))
    }
}

fn refused(refusal: &Refusal) -> Response<Answer> {
    document(refusal.code, &refusal.body())
}

fn document(code: StatusCode, body: &Value) -> Response<Answer> {
    response(code, Full::new(Bytes::from(body.to_string())).boxed_unsync())
}

fn response(code: StatusCode, body: Answer) -> Response<Answer> {
    let mut response = Response::new(body);
    *response.status_mut() = code;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(http::header::CONTENT_TYPE, json);
    response
}
