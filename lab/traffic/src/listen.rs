//! An open listener: takes connections, ends TLS, and hands each request (or, at an NLB, each connection)
//! on. In comes a bound socket, out goes a handle that closes it; connections that are open then end
//! with the exchange they are in.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use inroad_emulator::elbv2::Kind;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::headers::Arrival;
use crate::model::Listener;
use crate::mutual::Clients;
use crate::serve::Served;
use crate::{connection, request, tls};

/// How long a TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

const HTTP1: &[&[u8]] = &[b"http/1.1"];
const BOTH: &[&[u8]] = &[b"h2", b"http/1.1"];

/// A listener that takes connections until it is closed.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) local: SocketAddr,
    closing: CancellationToken,
    accepting: JoinHandle<()>,
}

impl Open {
    /// Closes the socket; its port is free when this returns.
    pub(crate) async fn close(self) {
        self.closing.cancel();
        // The task only fails by a panic, which has been reported by then.
        let _ = self.accepting.await;
    }
}

/// What the connections of one listener have in common.
#[derive(Clone)]
struct Front {
    served: Arc<Served>,
    arn: Arc<str>,
    kind: Kind,
    port: u16,
    tls: Option<Tls>,
    closing: CancellationToken,
}

#[derive(Clone)]
struct Tls {
    http1: Arc<ServerConfig>,
    both: Arc<ServerConfig>,
}

/// Starts to take connections for the listener `arn` on `socket`.
pub(crate) fn open(
    served: &Arc<Served>,
    (arn, listener): (&str, &Listener),
    socket: TcpListener,
    (closing, tracker): (CancellationToken, TaskTracker),
) -> std::io::Result<Open> {
    let local = socket.local_addr()?;
    let tls = listener.protocol.is_secure().then(|| match listener.kind {
        Kind::Application => Tls {
            http1: tls::server(served, arn, HTTP1, None),
            both: tls::server(served, arn, BOTH, None),
        },
        Kind::Network | Kind::Gateway => {
            let config = tls::server(served, arn, &[], None);
            Tls { http1: config.clone(), both: config }
        }
    });
    let front = Front {
        served: served.clone(),
        arn: arn.into(),
        kind: listener.kind,
        port: listener.port,
        tls,
        closing: closing.clone(),
    };
    let accepting = tracker.spawn(accept(front, socket, tracker.clone()));
    Ok(Open { local, closing, accepting })
}

async fn accept(front: Front, socket: TcpListener, tracker: TaskTracker) {
    loop {
        let taken = tokio::select! {
            taken = socket.accept() => taken,
            () = front.closing.cancelled() => return,
        };
        match taken {
            Ok((stream, client)) => drop(tracker.spawn(front.clone().connection(stream, client))),
            // Out of file descriptors or the like: waiting is all that helps.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

impl Front {
    async fn connection(self, stream: TcpStream, client: SocketAddr) {
        // Best effort: it only makes small answers faster.
        let _ = stream.set_nodelay(true);
        let secure = self.tls.is_some();
        let mut arrival = Arrival { client, secure, port: self.port, certificate: None };
        let Some(tls) = &self.tls else { return self.speak(stream, arrival, false).await };
        let (config, clients) = self.terms(tls);
        let handshake = TlsAcceptor::from(config).accept(stream);
        // A client that fails its handshake is told so by TLS.
        if let Ok(Ok(stream)) = timeout(HANDSHAKE, handshake).await {
            let session = stream.get_ref().1;
            let http2 = session.alpn_protocol() == Some(b"h2");
            let shown = session.peer_certificates().unwrap_or_default();
            arrival.certificate = clients.headers(shown).map(Arc::new);
            self.speak(stream, arrival, http2).await;
        }
    }

    /// How TLS is spoken with a client that comes now, and what it is asked for.
    fn terms(&self, tls: &Tls) -> (Arc<ServerConfig>, Clients) {
        let model = self.served.current();
        let listener = model.listeners.get(&*self.arn);
        let http2 =
            listener.is_some_and(|it| it.attributes.text("routing.http2.enabled") != Some("false"));
        let clients = listener.map(|it| it.clients.clone()).unwrap_or_default();
        let config = match (clients.verifier(), http2) {
            (None, true) => tls.both.clone(),
            (None, false) => tls.http1.clone(),
            (judge, true) => tls::server(&self.served, &self.arn, BOTH, judge),
            (judge, false) => tls::server(&self.served, &self.arn, HTTP1, judge),
        };
        (config, clients)
    }

    async fn speak<S>(self, stream: S, arrival: Arrival, http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        match self.kind {
            Kind::Application => self.http(stream, arrival, http2).await,
            Kind::Network | Kind::Gateway => {
                connection::forward(&self.served, &self.arn, stream).await;
            }
        }
    }

    async fn http<S>(self, stream: S, arrival: Arrival, http2: bool)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let mut builder = Builder::new(TokioExecutor::new());
        let model = self.served.current();
        let idle = model.listeners.get(&*self.arn).map_or(60, |listener| listener.idle_seconds());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(Duration::from_secs(idle))
            .preserve_header_case(true)
            .title_case_headers(true);
        let builder = if http2 { builder.http2_only() } else { builder.http1_only() };
        let (served, arn) = (self.served, self.arn);
        let service = service_fn(|request| {
            request::answer(served.clone(), arn.clone(), arrival.clone(), request)
        });
        let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let mut connection = pin!(connection);
        // What a connection fails with is the client's to know.
        tokio::select! {
            _ = connection.as_mut() => {}
            () = self.closing.cancelled() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }
}
