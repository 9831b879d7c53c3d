//! Probes and metrics over HTTP. In: addresses as Go writes them, what is ready, what was counted. Out: answers
//! to `/healthz`, `/readyz` and `/metrics`. Forbidden: deciding what is ready.

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::{
    Router,
    extract::State,
    http::{StatusCode, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::get,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::metrics::Metrics;

/// Why we are not ready; nothing: we are.
pub(super) type Unready = Option<String>;

/// What the answers are made from.
#[derive(Clone)]
pub(super) struct Answers {
    pub(super) ready: watch::Receiver<Unready>,
    pub(super) metrics: Arc<Metrics>,
}

/// Listens at each address that a flag names; flags that name the same share it. Tells where, since
/// port 0 is any that is free.
///
/// # Errors
/// An address that cannot be had.
pub(super) async fn listen(
    places: &[(&'static str, String)],
    answers: &Answers,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    let mut bound: BTreeMap<String, SocketAddr> = BTreeMap::new();
    for (flag, address) in places.iter().filter(|(_, address)| !is_nowhere(address)) {
        if !bound.contains_key(address) || address.ends_with(":0") {
            let listener = bind(address).await.with_context(|| format!("--{flag}={address}"))?;
            bound.insert(address.clone(), listener.local_addr()?);
            tokio::spawn(serve(listener, router(answers.clone()), stop.clone()));
        }
        info!(what = *flag, address = %bound[address], "listening");
    }
    Ok(())
}

/// controller-runtime's word for "do not serve".
fn is_nowhere(address: &str) -> bool {
    address.is_empty() || address == "0"
}

/// `:8080` is every address of this machine, of both families where it has both.
async fn bind(address: &str) -> std::io::Result<TcpListener> {
    match address.strip_prefix(':') {
        Some(port) => match TcpListener::bind(format!("[::]:{port}")).await {
            Ok(listener) => Ok(listener),
            Err(_) => TcpListener::bind(format!("0.0.0.0:{port}")).await,
        },
        None => TcpListener::bind(address).await,
    }
}

async fn serve(listener: TcpListener, router: Router, stop: CancellationToken) {
    let served = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled_owned());
    if let Err(error) = served.await {
        warn!(%error, "probes and metrics are not answered any more");
    }
}

fn router(answers: Answers) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok" }))
        .route("/readyz", get(readyz))
        .route("/metrics", get(metrics))
        .with_state(answers)
}

async fn readyz(State(answers): State<Answers>) -> (StatusCode, String) {
    match &*answers.ready.borrow() {
        None => (StatusCode::OK, "ok".into()),
        Some(why) => (StatusCode::SERVICE_UNAVAILABLE, why.clone()),
    }
}

async fn metrics(State(answers): State<Answers>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    match answers.metrics.text() {
        Ok(text) => (StatusCode::OK, [(CONTENT_TYPE, kind)], text),
        Err(error) => {
            (StatusCode::INTERNAL_SERVER_ERROR, [(CONTENT_TYPE, "text/plain")], error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    async fn asked(address: SocketAddr, path: &str) -> String {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.expect("it reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        answer
    }

    #[tokio::test]
    async fn probes_say_what_is_ready() {
        let (tell, ready) = watch::channel(Some("Ingress is not listed yet".to_owned()));
        let answers = Answers { ready, metrics: Arc::default() };
        let listener = bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let stop = CancellationToken::new();
        let server = tokio::spawn(serve(listener, router(answers), stop.clone()));
        assert!(asked(address, "/healthz").await.starts_with("HTTP/1.1 200"));
        let unready = asked(address, "/readyz").await;
        assert!(unready.starts_with("HTTP/1.1 503") && unready.contains("Ingress"), "{unready}");
        tell.send(None).expect("somebody listens");
        assert!(asked(address, "/readyz").await.starts_with("HTTP/1.1 200"));
        assert!(asked(address, "/metrics").await.contains("# EOF"));
        assert!(asked(address, "/elsewhere").await.starts_with("HTTP/1.1 404"));
        stop.cancel();
        server.await.expect("it ends when it is told to");
    }

    #[test]
    fn nowhere_is_said_in_two_ways() {
        assert!(is_nowhere("0") && is_nowhere("") && !is_nowhere(":0"));
    }
}
