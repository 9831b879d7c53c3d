//! The sockets. In comes an address, out goes a server that answers there over UDP and TCP until it
//! is cancelled.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use hickory_proto::op::{Edns, MessageType, Metadata, OpCode, ResponseCode};
use hickory_proto::rr::{DNSClass, RecordType};
use hickory_server::Server;
use hickory_server::net::runtime::Time;
use hickory_server::server::{Request, RequestHandler, ResponseHandler, ResponseInfo};
use hickory_server::zone_handler::MessageResponseBuilder;
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::Addresses;
use super::lookup::{Answer, Lookup};
use crate::Emulator;

/// How long an idle TCP connection is kept.
const TCP_IDLE: Duration = Duration::from_secs(10);
/// Responses that wait for a slow TCP client.
const TCP_PENDING: usize = 32;
/// The largest UDP answer that is never fragmented (the DNS flag day's recommendation, 2020).
const MOST_UDP: u16 = 1232;
/// Attempts to find a port that is free for UDP and TCP at once.
const PORT_ATTEMPTS: usize = 32;

/// A running server. Dropping it does not stop it; its token does.
#[derive(Debug)]
pub struct DnsServer {
    local_addr: SocketAddr,
    task: JoinHandle<()>,
}

impl DnsServer {
    /// Where it answers, over UDP and TCP alike.
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// Waits until it has stopped and its sockets are closed.
    pub async fn stopped(self) {
        // The task has no result; that it panicked is already on stderr.
        let _ = self.task.await;
    }
}

/// Answers on `addr` for the hosted zones of `emulator` and for the load balancers in `addresses`
/// until `stop` is cancelled. Port 0: one that is free for UDP and TCP. Returns when bound.
///
/// # Errors
/// What the operating system says when the address cannot be bound.
pub async fn serve(
    addr: SocketAddr,
    emulator: Emulator,
    addresses: Addresses,
    stop: CancellationToken,
) -> io::Result<DnsServer> {
    let (udp, tcp) = bind(addr).await?;
    let local_addr = udp.local_addr()?;
    let mut server = Server::new(Handler { emulator, addresses });
    server.register_socket(udp);
    server.register_listener(tcp, TCP_IDLE, TCP_PENDING);
    let task = tokio::spawn(async move {
        stop.cancelled().await;
        if let Err(error) = server.shutdown_gracefully().await {
            tracing::warn!(%error, "the DNS server did not stop cleanly");
        }
    });
    Ok(DnsServer { local_addr, task })
}

async fn bind(addr: SocketAddr) -> io::Result<(UdpSocket, TcpListener)> {
    let mut attempts = if addr.port() == 0 { PORT_ATTEMPTS } else { 1 };
    loop {
        attempts -= 1;
        let tcp = TcpListener::bind(addr).await?;
        match UdpSocket::bind(tcp.local_addr()?).await {
            Ok(udp) => return Ok((udp, tcp)),
            Err(error) if attempts == 0 => return Err(error),
            Err(_) => {}
        }
    }
}

struct Handler {
    emulator: Emulator,
    addresses: Addresses,
}

#[async_trait::async_trait]
impl RequestHandler for Handler {
    async fn handle_request<R: ResponseHandler, T: Time>(
        &self,
        request: &Request,
        mut out: R,
    ) -> ResponseInfo {
        let edns = request.edns.as_ref().map(|asked| {
            let mut edns = Edns::new();
            edns.set_max_payload(asked.max_payload().clamp(512, MOST_UDP)).set_version(0);
            edns
        });
        let answer = self.answer(request);
        let mut metadata = Metadata::response_from_request(&request.metadata);
        metadata.response_code = answer.code;
        metadata.authoritative = answer.authoritative;
        metadata.recursion_available = false;
        let mut builder = MessageResponseBuilder::from_message_request(request);
        if let Some(edns) = &edns {
            builder.edns(edns);
        }
        let response = builder.build(metadata, &answer.answers, &answer.authority, [], []);
        out.send_response(response).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "a DNS answer was not sent");
            lost(&request.metadata)
        })
    }
}

impl Handler {
    fn answer(&self, request: &Request) -> Answer {
        let only = |code| Answer {
            code,
            authoritative: false,
            answers: Vec::new(),
            authority: Vec::new(),
        };
        if request.edns.as_ref().is_some_and(|edns| edns.version() > 0) {
            return only(ResponseCode::BADVERS);
        }
        if request.metadata.op_code != OpCode::Query {
            return only(ResponseCode::NotImp);
        }
        let Ok(info) = request.request_info() else { return only(ResponseCode::FormErr) };
        let (class, kind) = (info.query.query_class(), info.query.query_type());
        if class != DNSClass::IN || matches!(kind, RecordType::AXFR | RecordType::IXFR) {
            return only(ResponseCode::Refused);
        }
        let account = self.emulator.account();
        let lookup = Lookup { account: &account, addresses: &self.addresses, roll: roll() };
        lookup.answer(info.query.original().name(), kind)
    }
}

/// A number that nobody foresees. The standard library has no generator but seeds its hash maps.
fn roll() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// What the server logs of a response that did not leave.
fn lost(request: &Metadata) -> ResponseInfo {
    let mut metadata = Metadata::new(request.id, MessageType::Response, request.op_code);
    metadata.response_code = ResponseCode::ServFail;
    ResponseInfo::from(hickory_proto::op::Header { metadata, counts: Default::default() })
}
