//! A process's way to AWS: the SDK's HTTP connector, on which calls are refused, lost, answered late or not at all,
//! and at which the process may die.

use std::{future::pending, sync::Arc};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use inroad_emulator::{
    Fault,
    faults::{Effect, Script},
};

use crate::{
    life::{Fate, Life},
    stage::Stage,
    weather::Luck,
};

#[derive(Debug, Clone)]
pub(crate) struct Wire {
    pub(crate) stage: Arc<Stage>,
    pub(crate) life: Life,
    /// The process, as it signs the lease.
    pub(crate) identity: String,
}

impl HttpConnector for Wire {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let wire = self.clone();
        HttpConnectorFuture::new(async move { wire.answer(request).await })
    }
}

impl Wire {
    async fn answer(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let operation = operation(&request);
        let (stage, fate) = (&self.stage, self.life.call());
        if fate == Fate::Never {
            stage.note(format!("{} dies before {operation}", self.identity));
            return pending().await;
        }
        let (luck, softly) = stage.aws_luck();
        stage.note(format!("{} {operation} {luck:?}", self.identity));
        if is_write(&operation) {
            stage.check_lead(&self.identity);
        }
        if let (Luck::Broken, false) = (luck, softly) {
            return Err(ConnectorError::io("connection reset by peer".into()));
        }
        if let Some(effect) = effect(luck, softly) {
            stage.emulator.script(Script::new("*", "*", 1, effect));
        }
        stage.pass_time();
        let answer = HttpConnector::call(&stage.emulator, request).await;
        if is_write(&operation) {
            stage.look();
        }
        if fate == Fate::Last {
            stage.note(format!("{} dies after {operation}", self.identity));
            return pending().await;
        }
        match luck {
            Luck::Unanswered if !softly => {
                Err(ConnectorError::io("connection reset by peer".into()))
            }
            Luck::Slow(wait) => {
                tokio::time::sleep(wait).await;
                answer
            }
            _ => answer,
        }
    }
}

/// What AWS makes of it.
fn effect(luck: Luck, softly: bool) -> Option<Effect> {
    let internal = || Fault::new("InternalFailure", "An internal error has occurred.").status(500);
    match luck {
        Luck::Throttled => Some(Effect::Throttle),
        Luck::Broken => Some(Effect::Refuse(internal())),
        Luck::Unanswered if softly => Some(Effect::LoseAnswer),
        Luck::Unanswered | Luck::Slow(_) | Luck::Good => None,
    }
}

/// The operation's name in the query protocols, else something that says as much.
fn operation(request: &HttpRequest) -> String {
    let body = request.body().bytes().unwrap_or_default();
    let action = std::str::from_utf8(body).ok().and_then(|body| body.strip_prefix("Action="));
    if let Some(action) = action {
        return action.split('&').next().unwrap_or_default().to_owned();
    }
    if let Some(target) = request.headers().get("x-amz-target") {
        return target.rsplit('.').next().unwrap_or_default().to_owned();
    }
    let path = request.uri().split('?').next().unwrap_or_default();
    format!("{} {}", request.method(), path.rsplit('/').next().unwrap_or_default())
}

fn is_write(operation: &str) -> bool {
    !["Describe", "Get", "List", "GET "].iter().any(|reads| operation.starts_with(reads))
}
