//! A process's way to the API server, with the same troubles.

use std::{future::pending, sync::Arc};

use http::{Method, Request, Response, StatusCode};
use http_body_util::BodyExt;
use inroad_apiserver::{
    Answer,
    faults::{Effect, Script},
};
use kube::client::Body;
use serde_json::Value;
use tower::{BoxError, service_fn};

use crate::{
    life::{Fate, Life},
    stage::Stage,
    weather::Luck,
};

/// Where a patch says when a checkpoint was written.
const TIMESTAMP: &str = "/metadata/annotations/elbv2.k8s.aws~1checkpoint-timestamp";

#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) stage: Arc<Stage>,
    pub(crate) life: Life,
    pub(crate) identity: String,
}

impl Door {
    pub(crate) fn client(self) -> kube::Client {
        kube::Client::new(service_fn(move |request| self.clone().answer(request)), "default")
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Answer>, BoxError> {
        let what = what(&request);
        let is_lease = what.contains("/leases");
        let (stage, fate) = (&self.stage, self.life.call());
        if fate == Fate::Never {
            stage.note(format!("{} dies before {what}", self.identity));
            return pending().await;
        }
        let (luck, softly) = stage.api_luck();
        if !is_lease || luck != Luck::Good {
            stage.note(format!("{} {what} {luck:?}", self.identity));
        }
        if request.method() != Method::GET && !is_lease {
            stage.count_write();
        }
        let effect = match (luck, softly) {
            (Luck::Throttled, _) => Some(Effect::Refuse(StatusCode::TOO_MANY_REQUESTS)),
            (Luck::Broken, true) => Some(Effect::Refuse(StatusCode::INTERNAL_SERVER_ERROR)),
            (Luck::Broken, false) => Some(Effect::Break),
            (Luck::Unanswered, _) => Some(Effect::LoseAnswer),
            (Luck::Slow(_) | Luck::Good, _) => None,
        };
        if let Some(effect) = effect {
            stage.server.script(Script::new("*", "*", 1, effect));
        }
        let request = timeless(request, &stage.now()).await?;
        let answer = stage.server.clone().answer(request).await;
        if fate == Fate::Last {
            stage.note(format!("{} dies after {what}", self.identity));
            return pending().await;
        }
        if let Luck::Slow(wait) = luck {
            tokio::time::sleep(wait).await;
        }
        answer
    }
}

/// A request that says when a checkpoint was written says it by the schedule's clock: the wall's would make an
/// equal one another change or none.
async fn timeless(request: Request<Body>, now: &str) -> Result<Request<Body>, BoxError> {
    if request.method() != Method::PATCH {
        return Ok(request);
    }
    let (parts, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let mut patch: Value = serde_json::from_slice(&body)?;
    let body = match patch.pointer_mut(TIMESTAMP) {
        Some(written) => {
            *written = now.into();
            patch.to_string().into()
        }
        None => body,
    };
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// Method and path; names of Events hold the time of day.
fn what(request: &Request<Body>) -> String {
    let (method, path) = (request.method(), request.uri().path());
    let path = path.split_inclusive("/events/").next().unwrap_or_default();
    let query = request.uri().query().unwrap_or_default();
    let how = if *method == Method::GET && query.contains("watch=true") { " watch" } else { "" };
    format!("{method} {path}{how}")
}
