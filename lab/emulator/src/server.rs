//! The emulator on a TCP port, for the aws CLI, boto3 and whatever else speaks AWS. Plain HTTP/1.1.

use std::convert::Infallible;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Emulator;
use crate::faults::Delay;

/// The largest request that is read, in bytes; AWS's own limits are well below.
const LARGEST: usize = 16 * 1024 * 1024;

/// Answers on `listener` until `stop`; then open connections finish the request in hand and the call
/// returns.
pub async fn serve(listener: TcpListener, emulator: Emulator, stop: CancellationToken) {
    let connections = TaskTracker::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(connection(stream, emulator.clone(), stop.clone()));
            }
            // Out of descriptors or a peer that gave up: neither is a reason to stop serving.
            Err(error) => {
                tracing::warn!(%error, "accept failed");
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
    }
    connections.close();
    connections.wait().await;
}

async fn connection(stream: TcpStream, emulator: Emulator, stop: CancellationToken) {
    let service = service_fn(move |request| answer(emulator.clone(), request));
    let mut http = hyper::server::conn::http1::Builder::new();
    let connection = http.timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = stop.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "connection ended early");
    }
}

async fn answer(
    emulator: Emulator,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST).collect().await else {
        let mut refused = Response::new(Full::default());
        *refused.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(refused);
    };
    let response = emulator.http(Request::from_parts(parts, body.to_bytes()));
    if let Some(Delay(wait)) = response.extensions().get() {
        tokio::time::sleep(*wait).await;
    }
    Ok(response.map(Full::new))
}
