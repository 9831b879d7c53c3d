//! Stand-ins for the pods of a Service that has none: they answer every request in JSON with who they are
//! and what they were asked, so that one sees which backend a rule led to. They speak HTTP/1.1, HTTP/2
//! without TLS, and echo websocket messages.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::header::{
    CONNECTION, CONTENT_TYPE, HOST, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

/// Who a backend says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    pub namespace: String,
    pub service: String,
    pub pod: String,
    /// The container's port, which need not be the port of the socket here.
    pub port: u16,
}

/// What it answers.
#[derive(Debug, Serialize)]
struct Answer<'a> {
    /// `namespace/name`.
    service: String,
    pod: &'a str,
    port: u16,
    method: &'a str,
    host: &'a str,
    path: &'a str,
    query: &'a str,
    /// Names in lower case; values of one name joined by a comma.
    headers: BTreeMap<&'a str, String>,
}

/// Serves `listener` as `identity` until the future is dropped; connections end with it.
pub async fn serve(identity: Identity, listener: TcpListener) {
    let identity = Arc::new(identity);
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            taken = listener.accept() => match taken {
                Ok((stream, _)) => drop(connections.spawn(connection(identity.clone(), stream))),
                // Out of file descriptors or the like: waiting is all that helps.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn connection(identity: Arc<Identity>, stream: TcpStream) {
    // Best effort: it only makes small answers faster.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| {
        let identity = identity.clone();
        async move { Ok::<_, Infallible>(answer(&identity, request).await) }
    });
    let builder = Builder::new(TokioExecutor::new());
    // What a connection fails with is the client's to know.
    let _ = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).await;
}

async fn answer(identity: &Identity, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let key = request.headers().get(SEC_WEBSOCKET_KEY).cloned();
    if let Some(key) = key.filter(|_| request.headers().contains_key(UPGRADE)) {
        tokio::spawn(echo_messages(hyper::upgrade::on(&mut request)));
        return switch(&key);
    }
    let kind = request.headers().get(CONTENT_TYPE);
    if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc")) {
        return unimplemented(identity);
    }
    // An answer before the end of a large request would break the connection under its sender.
    while request.body_mut().frame().await.is_some_and(|frame| frame.is_ok()) {}
    let header = request.headers().get(HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    let answer = Answer {
        service: format!("{}/{}", identity.namespace, identity.service),
        pod: &identity.pod,
        port: identity.port,
        method: request.method().as_str(),
        host: authority.or(header).unwrap_or_default(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: headers(request.headers()),
    };
    let mut json = serde_json::to_vec(&answer).expect("strings and numbers are JSON");
    json.push(b'\n');
    let mut response = Response::new(Full::new(Bytes::from(json)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What a gRPC server answers to a method that it does not have; who it is, it says in the message.
fn unimplemented(identity: &Identity) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("12"));
    let who = format!("{}/{} {}", identity.namespace, identity.service, identity.pod);
    if let Ok(who) = HeaderValue::try_from(who) {
        headers.insert("grpc-message", who);
    }
    response
}

fn headers(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let joined = |name: &HeaderName| {
        let values = headers.get_all(name).iter();
        let texts = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        texts.collect::<Vec<_>>().join(", ")
    };
    headers.keys().map(|name| (name.as_str(), joined(name))).collect()
}

/// The handshake's answer (RFC 6455 section 4.2.2).
fn switch(key: &HeaderValue) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    if let Ok(accept) = HeaderValue::try_from(derive_accept_key(key.as_bytes())) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept);
    }
    response
}

async fn echo_messages(upgrade: OnUpgrade) {
    let Ok(upgraded) = upgrade.await else { return };
    let io = TokioIo::new(upgraded);
    let mut socket = WebSocketStream::from_raw_socket(io, Role::Server, None).await;
    while let Some(Ok(message)) = socket.next().await {
        let data = message.is_text() || message.is_binary();
        if data && socket.send(message).await.is_err() {
            return;
        }
    }
}
