//! Binding addresses before anything else is opened: a taken port is the commonest reason not to start.

use std::{
    io::ErrorKind,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
};

use tokio::net::TcpSocket;

use crate::{
    cli::failure::{Exit, Failure},
    config::Listen,
};

/// Binds every address. `localhost:0` is two addresses that share one port.
pub(in crate::cli) fn bind(addresses: &[Listen]) -> Result<Vec<TcpListener>, Failure> {
    let mut bound: Vec<TcpListener> = Vec::new();
    let mut left_out: Option<Failure> = None;
    for (at, Listen::Tcp(address)) in addresses.iter().enumerate() {
        let shared = (at == 1 && is_localhost_any(addresses)).then(|| bound.first()?.local_addr().ok()).flatten();
        let asked = shared.map_or(*address, |first| SocketAddr::new(address.ip(), first.port()));
        match listen(asked) {
            Ok(listener) => bound.push(listener),
            // no IPv6 (or no IPv4) on this machine: the other loopback address will do
            Err(error) if error.kind() == ErrorKind::AddrNotAvailable && is_loopback_pair(addresses) => {
                tracing::warn!("{asked} is not available on this machine; going on without it");
                left_out = Some(refused(asked, &error));
            }
            Err(error) => return Err(refused(asked, &error)),
        }
    }
    match left_out {
        Some(failure) if bound.is_empty() => Err(failure),
        _ => Ok(bound),
    }
}

/// As the standard library binds, with room for more who are not let in yet: without it a burst of connections is
/// half made and left to time out.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Connections that wait to be let in; the system may allow fewer (`net.core.somaxconn`).
const BACKLOG: u32 = 4096;

/// The port that the system chose, where it was asked to choose.
pub(super) fn chosen_port(addresses: &[Listen], bound: &[TcpListener]) -> Option<u16> {
    let any = addresses.iter().any(|Listen::Tcp(address)| address.port() == 0);
    bound.first().filter(|_| any)?.local_addr().ok().map(|address| address.port())
}

fn is_localhost_any(addresses: &[Listen]) -> bool {
    let both = [IpAddr::from(Ipv4Addr::LOCALHOST), IpAddr::from(Ipv6Addr::LOCALHOST)];
    addresses == both.map(|ip| Listen::Tcp(SocketAddr::new(ip, 0)))
}

fn is_loopback_pair(addresses: &[Listen]) -> bool {
    addresses.len() > 1 && addresses.iter().all(|Listen::Tcp(address)| address.ip().is_loopback())
}

fn refused(address: SocketAddr, error: &std::io::Error) -> Failure {
    let code = match error.kind() {
        ErrorKind::AddrInUse => "address_in_use",
        ErrorKind::PermissionDenied => "address_forbidden",
        _ => "address_unusable",
    };
    match error.kind() {
        ErrorKind::AddrInUse => {
            let other = SocketAddr::new(address.ip(), 0);
            Failure::new(Exit::Failed, code, format!("{address} is in use by another program"))
                .hint(format!("stop that one, or let the system choose a port: countersign serve --listen {other}"))
        }
        ErrorKind::PermissionDenied => Failure::new(Exit::Failed, code, format!("{address} may not be used: {error}"))
            .hint(
                "ports below 1024 are for the system; take a higher one and let a proxy in front forward to it, or \
                 give the program CAP_NET_BIND_SERVICE",
            ),
        _ => Failure::new(Exit::Failed, code, format!("cannot listen on {address}: {error}"))
            .hint("give an address of this machine with --listen, as in --listen 127.0.0.1:8080"),
    }
}
