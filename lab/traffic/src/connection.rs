//! A connection at a network load balancer: bytes to one target of the listener's default action and
//! back. In comes an accepted stream (TLS ended already), nothing goes out but the bytes.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio_rustls::TlsConnector;

use crate::balance;
use crate::idle::Idle;
use crate::model::Action;
use crate::serve::Served;
use crate::tls;

/// Carries a connection of the listener `arn` until one side ends or it has been idle too long. Where
/// there is no target, it is closed, as an NLB does.
pub(crate) async fn forward<S>(served: &Served, arn: &str, mut client: S)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Some((socket, secure, idle)) = choose(served, arn) else { return };
    let Ok(target) = served.upstream.connect(socket).await else { return };
    // However it ends, both sides are closed by dropping them.
    let _ = if secure {
        let name = rustls::pki_types::ServerName::IpAddress(socket.ip().into());
        let Ok(target) = TlsConnector::from(tls::client(&[])).connect(name, target).await else {
            return;
        };
        copy_bidirectional(&mut client, &mut Idle::new(target, idle)).await
    } else {
        copy_bidirectional(&mut client, &mut Idle::new(target, idle)).await
    };
}

fn choose(served: &Served, arn: &str) -> Option<(std::net::SocketAddr, bool, Duration)> {
    let model = served.current();
    let listener = model.listeners.get(arn)?;
    let Action::Forward(forward) = &listener.rules.first()?.action else { return None };
    let group = balance::group(forward, None, served.turns.next(arn))?;
    let group = model.groups.get(group)?;
    let target = balance::target(group, None, served.turns.next(&group.arn))?;
    let socket = served.resolve(&target.id, target.port)?;
    let idle = listener.attributes.number("tcp.idle_timeout.seconds", 350);
    Some((socket, group.secure, Duration::from_secs(idle)))
}
