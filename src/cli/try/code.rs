//! `countersign try code`: the browser goes to the server and comes back to this machine.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::Duration,
};

use serde_json::json;
use tokio::time::timeout;
use url::{Host, Url};

use super::{Browser, Ready};
use crate::{
    cli::{browse, failure::Failure, session::Session},
    client::{self, authorization, receiver::Receiver, token::Tokens},
};

/// A person may have to look for their password.
const PATIENCE: Duration = Duration::from_mins(10);

/// Tokens for the code of somebody who signs in, and the nonce that was sent.
pub(super) async fn tokens(session: &Session, ready: &Ready, browser: &Browser) -> Result<(Tokens, String), Failure> {
    let failed = |error: std::io::Error| Failure::failed(format!("cannot wait for the browser: {error}"));
    let (listeners, redirect_uri) = listen(browser.redirect_uri.clone()).map_err(failed)?;
    let endpoint = ready.provider.authorization_endpoint.as_ref();
    let endpoint = ready.provider.need("authorization endpoint", endpoint)?;
    let own = [("client_id", ready.client.id.as_str()), ("redirect_uri", redirect_uri.as_str())];
    let asked = authorization::ask(endpoint, &ready.with_wishes(&own))?;
    let receiver = Receiver::start(listeners, redirect_uri.path(), asked.clone()).map_err(failed)?;
    session.out.tell(&json!({"open": asked.url}), &format!("Open {}", asked.url));
    if !browser.no_open {
        browse::open(&session.out, &asked.url);
    }
    let answer = timeout(PATIENCE, receiver.answer()).await;
    let answer =
        answer.map_err(|_| client::Failure::TimedOut("nobody has come back from the server"))?.map_err(failed)?;
    let code = asked.code(&ready.provider, &answer)?;
    let mut pairs = vec![
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", redirect_uri.as_str()),
        ("code_verifier", asked.verifier.as_str()),
    ];
    pairs.extend(ready.resources.iter().map(|resource| ("resource", resource.as_str())));
    let tokens = client::token::ask(&ready.wire, &ready.provider, &ready.client, &pairs).await?;
    Ok((tokens, asked.nonce))
}

/// An address of this machine that a browser can come back to.
#[derive(Debug, Clone)]
pub(super) struct Here {
    url: Url,
    addresses: Vec<IpAddr>,
}

/// The value of `--redirect-uri`.
pub(super) fn here(text: &str) -> Result<Here, String> {
    let wrong = || "no http address of this machine, as in http://127.0.0.1:8765/callback".to_owned();
    let url = Url::parse(text).map_err(|_| wrong())?;
    if url.scheme() != "http" || url.query().is_some() || url.fragment().is_some() || url.path().contains(['{', '}']) {
        return Err(wrong());
    }
    let addresses = match url.host() {
        Some(Host::Ipv4(ip)) if ip.is_loopback() => vec![ip.into()],
        Some(Host::Ipv6(ip)) if ip.is_loopback() => vec![ip.into()],
        // both, because browsers begin with either
        Some(Host::Domain("localhost")) => vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()],
        _ => return Err(wrong()),
    };
    Ok(Here { url, addresses })
}

/// Listens where the browser is to come back to; the address with its port.
fn listen(Here { mut url, addresses }: Here) -> std::io::Result<(Vec<TcpListener>, Url)> {
    // without a port in it, any will do (RFC 8252 §7.3)
    let mut port = url.port().unwrap_or(0);
    let mut listeners = Vec::new();
    for address in addresses {
        match TcpListener::bind(SocketAddr::new(address, port)) {
            Ok(listener) => {
                port = listener.local_addr()?.port();
                listeners.push(listener);
            }
            // a machine without IPv6
            Err(_) if !listeners.is_empty() => {}
            Err(error) => return Err(error),
        }
    }
    let _http_addresses_have_ports = url.set_port(Some(port));
    Ok((listeners, url))
}
