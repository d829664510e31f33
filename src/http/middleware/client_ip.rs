//! Whose address it is (UX §5.4): the peer's, unless the peer is a proxy that configuration trusts.

use std::{net::IpAddr, sync::Once};

use actix_web::{
    dev::ServiceRequest,
    http::header::{FORWARDED, HeaderName, X_FORWARDED_FOR},
};
use ipnet::IpNet;

use crate::config::ClientIp;

/// The address of whoever asks: right-most in `X-Forwarded-For`, else in `Forwarded` (RFC 7239), that is no trusted
/// proxy. Not the other way round: most proxies write the first and let a stranger's own `Forwarded` through.
pub(crate) fn find(request: &ServiceRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    if !is_trusted(&peer) {
        return Some(peer);
    }
    let mut claimed = Vec::new();
    // one that is no text is an unreadable claim, not an absent one: the proxy has written it none the less
    let header = |name: HeaderName| {
        request.headers().get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes())).collect::<Vec<_>>()
    };
    let forwarded_for = header(X_FORWARDED_FOR);
    for value in &forwarded_for {
        claimed.extend(value.split(',').map(|text| parse(text.trim())));
    }
    if forwarded_for.is_empty() {
        for element in header(FORWARDED).iter().flat_map(|value| value.split(',')) {
            let of = element.split(';').find_map(|pair| {
                let (name, value) = pair.trim().split_once('=')?;
                name.eq_ignore_ascii_case("for").then(|| parse(value.trim().trim_matches('"')))
            });
            claimed.push(of.flatten());
        }
    }
    // an unreadable claim ends the chain: what stands before it was written by nobody we trust
    let mut last = peer;
    for address in claimed.into_iter().rev() {
        let Some(address) = address else { break };
        last = address;
        if !is_trusted(&address) {
            break;
        }
    }
    Some(last)
}

/// Says once that somebody who is no trusted proxy names whom it asks for: usually a proxy that nobody has configured,
/// and then everybody has its address.
pub(crate) fn tell_of_ignored(request: &ServiceRequest, trusted: &[IpNet], how: ClientIp) {
    static TOLD: Once = Once::new();
    if TOLD.is_completed() {
        return;
    }
    let Some(peer) = request.peer_addr().map(|peer| peer.ip().to_canonical()) else { return };
    let named = [X_FORWARDED_FOR, FORWARDED].iter().any(|name| request.headers().contains_key(name));
    if named && !trusted.iter().any(|net| net.contains(&peer)) {
        let words = "X-Forwarded-For and Forwarded are ignored: a proxy of yours belongs in server.trusted_proxies";
        TOLD.call_once(|| tracing::warn!(client_ip = shown(Some(peer), how), "{words}"));
    }
}

fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split(']').next()).unwrap_or(text);
    let without_port = || bare.rsplit_once(':').and_then(|(host, _)| host.parse().ok());
    bare.parse::<IpAddr>().ok().or_else(without_port).map(|address| address.to_canonical())
}

/// As configuration lets the log have it.
pub(crate) fn shown(address: Option<IpAddr>, how: ClientIp) -> Option<String> {
    let address = address?;
    match (how, address) {
        (ClientIp::Full, address) => Some(address.to_string()),
        (ClientIp::None, _) => None,
        (ClientIp::Truncated, IpAddr::V4(address)) => {
            let [a, b, c, _] = address.octets();
            Some(format!("{a}.{b}.{c}.0"))
        }
        (ClientIp::Truncated, IpAddr::V6(address)) => {
            let [a, b, c, ..] = address.segments();
            Some(format!("{a:x}:{b:x}:{c:x}::"))
        }
    }
}

#[cfg(test)]
mod tests;
