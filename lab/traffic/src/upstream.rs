//! The way to a target: one connection for each request, plain or TLS, HTTP/1.1 or HTTP/2. In comes a
//! request that is ready to be sent, out goes the target's answer or why there is none.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::answer::Body;
use crate::idle::Idle;
use crate::tls;

/// Why a target gave no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// Nobody took the connection, or nothing moved on it for too long: HTTP 504.
    TimedOut,
    /// The connection was refused or broke, or what came was not HTTP: HTTP 502.
    Broken,
}

/// Where and how to speak.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Destination {
    pub(crate) socket: SocketAddr,
    pub(crate) secure: bool,
    pub(crate) http2: bool,
    /// How long the connection may be idle.
    pub(crate) idle: Duration,
}

/// The client side of the data plane.
#[derive(Debug)]
pub(crate) struct Upstream {
    /// How long a connection may take to come about.
    connect: Duration,
    http1: Arc<ClientConfig>,
    http2: Arc<ClientConfig>,
}

impl Upstream {
    pub(crate) fn new(connect: Duration) -> Self {
        Self { connect, http1: tls::client(&[b"http/1.1"]), http2: tls::client(&[b"h2"]) }
    }

    pub(crate) async fn send(
        &self,
        to: Destination,
        request: Request<Body>,
    ) -> Result<Response<Incoming>, NoAnswer> {
        let stream = self.connect(to.socket).await?;
        if !to.secure {
            return speak(stream, to, request).await;
        }
        let config = if to.http2 { &self.http2 } else { &self.http1 };
        let name = ServerName::IpAddress(to.socket.ip().into());
        let handshake = TlsConnector::from(config.clone()).connect(name, stream);
        let stream = timeout(self.connect, handshake).await.map_err(|_| NoAnswer::TimedOut)?;
        speak(stream.map_err(|_| NoAnswer::Broken)?, to, request).await
    }

    /// A plain connection.
    pub(crate) async fn connect(&self, socket: SocketAddr) -> Result<TcpStream, NoAnswer> {
        let connecting = timeout(self.connect, TcpStream::connect(socket)).await;
        let stream = connecting.map_err(|_| NoAnswer::TimedOut)?.map_err(|error| {
            let late = error.kind() == io::ErrorKind::TimedOut;
            if late { NoAnswer::TimedOut } else { NoAnswer::Broken }
        })?;
        // Best effort: it only makes small answers faster.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }
}

async fn speak<S>(
    stream: S,
    to: Destination,
    request: Request<Body>,
) -> Result<Response<Incoming>, NoAnswer>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Idle::new(stream, to.idle);
    let expired = stream.expired();
    let exchange = if to.http2 {
        over_http2(TokioIo::new(stream), request).await
    } else {
        over_http1(TokioIo::new(stream), request).await
    };
    exchange.map_err(|_| match expired.load(Ordering::Relaxed) {
        true => NoAnswer::TimedOut,
        false => NoAnswer::Broken,
    })
}

async fn over_http1<S>(
    io: TokioIo<Idle<S>>,
    request: Request<Body>,
) -> hyper::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = http1::Builder::new().preserve_header_case(true).title_case_headers(true).clone();
    let (mut sender, connection) = builder.handshake(io).await?;
    // It ends with the exchange or the upgrade; what it fails with, the exchange fails with.
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await
}

async fn over_http2<S>(
    io: TokioIo<Idle<S>>,
    request: Request<Body>,
) -> hyper::Result<Response<Incoming>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
    tokio::spawn(connection);
    sender.send_request(request).await
}
