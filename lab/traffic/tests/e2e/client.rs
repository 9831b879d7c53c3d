//! A client without opinions: one connection, one request, everything that came back.

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error} in {} {:?}", self.status, self.body))
    }

    /// Who answered; empty where the load balancer did.
    pub(crate) fn pod(&self) -> String {
        let json: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        json["pod"].as_str().unwrap_or_default().to_owned()
    }

    /// What came in one header, values joined.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        values.map(|v| v.to_str().expect("text")).collect::<Vec<_>>().join(", ")
    }

    /// The cookies that were set, as a client sends them back.
    pub(crate) fn cookies(&self) -> String {
        let set = self.headers.get_all("set-cookie").iter();
        let pairs = set.map(|v| v.to_str().expect("text").split(';').next().unwrap_or_default());
        pairs.collect::<Vec<_>>().join("; ")
    }
}

/// `GET http://host/path` at a socket.
pub(crate) async fn get(to: std::net::SocketAddr, url: &str) -> Reply {
    send(to, request(url)).await
}

/// A request for `host/path` that can be added to.
pub(crate) fn request(url: &str) -> http::request::Builder {
    let at = url.find('/').expect("host/path");
    Request::builder().uri(&url[at..]).header("host", &url[..at])
}

pub(crate) async fn send(to: std::net::SocketAddr, request: http::request::Builder) -> Reply {
    let stream = TcpStream::connect(to).await.expect("the listener is open");
    exchange(stream, request).await
}

/// HTTP/1.1 over any stream.
pub(crate) async fn exchange<S>(stream: S, request: http::request::Builder) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    exchange_body(stream, request, Bytes::new()).await
}

/// The same with a body.
pub(crate) async fn exchange_body<S>(
    stream: S,
    request: http::request::Builder,
    body: Bytes,
) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.expect("a connection");
    tokio::spawn(connection);
    let request = request.body(Full::new(body)).expect("a request");
    collect(sender.send_request(request).await.expect("an answer")).await
}

/// HTTP/2 over any stream.
pub(crate) async fn exchange_http2<S>(stream: S, request: Request<Full<Bytes>>) -> Reply
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let executor = hyper_util::rt::TokioExecutor::new();
    let handshake = hyper::client::conn::http2::handshake(executor, TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.expect("a connection");
    tokio::spawn(connection);
    collect(sender.send_request(request).await.expect("an answer")).await
}

async fn collect(response: http::Response<hyper::body::Incoming>) -> Reply {
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a whole body").to_bytes();
    Reply { status: parts.status, headers: parts.headers, body }
}
