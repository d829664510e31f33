//! `countersign healthcheck`: for containers without a shell.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};

use clap::Args;
use reqwest::{Client, header::HOST, redirect::Policy};
use serde_json::json;
use url::Url;

use super::{
    failure::{Exit, Failure},
    session::{Served, Session, is_left_open},
};
use crate::config::{Listen, Loaded};

/// Ask a running server whether it is ready
///
/// Exits with 0 when it is, with 1 when it is not or does not answer.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign healthcheck\n  \
                             countersign healthcheck --url http://127.0.0.1:8080")]
pub(super) struct Healthcheck {
    /// Where it listens; the first address of `listen` when left out
    #[arg(long, value_name = "URL")]
    url: Option<String>,
}

const PATH: &str = "/health/ready";
/// Stands for the addresses that are known; a name that means nothing to anybody (RFC 6761 §6.4).
const OWN: &str = "server.invalid";
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn run(session: &Session, command: &Healthcheck) -> Result<(), Failure> {
    let target = match &command.url {
        Some(url) => Target::from_url(url)?,
        None => Target::from_config(&session.load_as_served()?),
    };
    let status = target.ask().await.map_err(|why| {
        Failure::new(Exit::Failed, "not_ready", format!("{} does not answer: {why}", target.shown))
            .hint("is it running? countersign serve starts it")
    })?;
    if status != 200 {
        let message = format!("{} is not ready: it answers {status}", target.shown);
        return Err(Failure::new(Exit::Failed, "not_ready", message));
    }
    session.out.result(&json!({"ready": true, "url": target.shown}), &format!("ready: {}", target.shown))
}

/// A server on every address of this machine is found on the loopback one.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

struct Target {
    url: String,
    /// Where that really is; empty where its name says it.
    addresses: Vec<SocketAddr>,
    /// The name it answers to.
    host: String,
    shown: String,
}

impl Target {
    /// Where the server of this configuration listens, under the name it answers to.
    fn from_config(loaded: &Loaded) -> Self {
        let config = &loaded.config;
        let host = config.issuer.origin().split_once("://").map_or("localhost", |(_, host)| host).to_owned();
        let configured: Vec<SocketAddr> = config.listen.iter().map(|Listen::Tcp(address)| *address).collect();
        let is_open = is_left_open(loaded, "listen") || configured.iter().any(|address| address.port() == 0);
        let served = Served::read(config);
        let tls = served.tls || config.server.tls_cert.is_some();
        let addresses = if is_open && !served.listening.is_empty() { served.listening } else { configured };
        let addresses: Vec<SocketAddr> = addresses.into_iter().map(reachable).collect();
        let scheme = if tls { "https" } else { "http" };
        let path = format!("{}{PATH}", config.issuer.path());
        let shown = addresses.first().map(|address| format!("{scheme}://{address}{path}")).unwrap_or_default();
        Self { url: format!("{scheme}://{OWN}{path}"), addresses, host, shown }
    }

    fn from_url(text: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::usage(format!("{text:?} {why}"))
                .hint("give the address it listens on, as in http://127.0.0.1:8080")
        };
        let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
        let host = url.host_str().filter(|_| ["http", "https"].contains(&url.scheme()));
        let host = host.ok_or_else(|| wrong("is neither http nor https"))?;
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
        let url = format!("{}://{host}{path}", url.scheme());
        Ok(Self { shown: url.clone(), url, addresses: Vec::new(), host })
    }

    /// The status of the answer.
    async fn ask(&self) -> Result<u16, String> {
        let mut client = Client::builder().no_proxy().redirect(Policy::none()).timeout(PATIENCE);
        if !self.addresses.is_empty() {
            // this machine's own server; nothing is sent to it, and of its answer only the status is taken
            client = client.resolve_to_addrs(OWN, &self.addresses).danger_accept_invalid_certs(true);
        }
        let client = client.build().map_err(|error| error.to_string())?;
        let asked = client.get(&self.url).header(HOST, &self.host).send().await;
        asked.map(|answer| answer.status().as_u16()).map_err(|error| crate::client::wire::reason(&error))
    }
}
