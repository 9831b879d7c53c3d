//! The two default ports, and what to do where somebody has them already.

use std::{
    io::{self, ErrorKind},
    net::{Ipv4Addr, SocketAddr},
};

/// The AWS API's port: the one that local AWS stand-ins are looked for at.
pub(super) const AWS: u16 = 4566;
/// The DNS port: mDNS's number, free on servers.
pub(super) const DNS: u16 = 5353;

/// How many ports after the default are tried.
const TRIES: u16 = 100;

/// Opens at `asked`, which must do; else at the default port or the next that is free. Says so where it
/// is not the default.
///
/// # Errors
/// The asked address cannot be had, or none of the ports.
pub(super) async fn open<T, F>(
    what: &str,
    asked: Option<SocketAddr>,
    default: u16,
    open: impl Fn(SocketAddr) -> F,
) -> anyhow::Result<(T, Option<String>)>
where
    F: Future<Output = io::Result<T>>,
{
    if let Some(address) = asked {
        let opened = open(address).await;
        return match opened {
            Ok(opened) => Ok((opened, None)),
            Err(error) => anyhow::bail!("{what} cannot listen on {address}: {error}"),
        };
    }
    for port in default..default + TRIES {
        match open((Ipv4Addr::LOCALHOST, port).into()).await {
            Ok(opened) if port == default => return Ok((opened, None)),
            Ok(opened) => {
                return Ok((opened, Some(format!("port {default} is taken: {what} is on {port}"))));
            }
            Err(error)
                if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {}
            Err(error) => anyhow::bail!("{what} cannot listen on port {port}: {error}"),
        }
    }
    anyhow::bail!("{what}: no port from {default} to {} is free", default + TRIES - 1)
}
