//! `countersign healthcheck`: for containers without a shell. A few lines of HTTP/1.1 instead of a client.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use clap::Args;
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
const PATIENCE: Duration = Duration::from_secs(5);
const ANSWER_BYTES: u64 = 16 * 1024;

pub(super) fn run(session: &Session, command: &Healthcheck) -> Result<(), Failure> {
    let target = match &command.url {
        Some(url) => Target::from_url(url)?,
        None => Target::from_config(&session.load_as_served()?),
    };
    let status = target.ask().map_err(|why| {
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
    addresses: Vec<SocketAddr>,
    host: String,
    path: String,
    shown: String,
}

impl Target {
    /// Where the server of this configuration listens, under the name it answers to.
    fn from_config(loaded: &Loaded) -> Self {
        let config = &loaded.config;
        let host = config.issuer.origin().split_once("://").map_or("localhost", |(_, host)| host).to_owned();
        let configured: Vec<SocketAddr> = config.listen.iter().map(|Listen::Tcp(address)| *address).collect();
        let is_open = is_left_open(loaded, "listen") || configured.iter().any(|address| address.port() == 0);
        let served = Served::read(config).listening;
        let addresses = if is_open && !served.is_empty() { served } else { configured };
        let addresses: Vec<SocketAddr> = addresses.into_iter().map(reachable).collect();
        let path = format!("{}{PATH}", config.issuer.path());
        let shown = addresses.first().map(|address| format!("http://{address}{path}")).unwrap_or_default();
        Self { addresses, host, path, shown }
    }

    fn from_url(text: &str) -> Result<Self, Failure> {
        let wrong = |why: &str| {
            Failure::usage(format!("{text:?} {why}"))
                .hint("give the address it listens on, as in http://127.0.0.1:8080")
        };
        let url = Url::parse(text).map_err(|_| wrong("is no URL"))?;
        if url.scheme() != "http" {
            return Err(wrong("is not http, and this check speaks no TLS"));
        }
        let addresses: Vec<_> = url.socket_addrs(|| None).map_err(|error| wrong(&format!("leads nowhere: {error}")))?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let host = url.port().map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        let path = url.path().trim_end_matches('/');
        let path = if path.ends_with(PATH) { path.to_owned() } else { format!("{path}{PATH}") };
        Ok(Self { addresses, shown: format!("http://{host}{path}"), host, path })
    }

    /// The status of the answer.
    fn ask(&self) -> Result<u16, String> {
        let mut last = "there is no address to ask".to_owned();
        for address in &self.addresses {
            match self.ask_at(*address) {
                Ok(status) => return Ok(status),
                Err(error) => last = error.to_string(),
            }
        }
        Err(last)
    }

    fn ask_at(&self, address: SocketAddr) -> std::io::Result<u16> {
        let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: countersign-healthcheck\r\nConnection: close\r\n\r\n",
            self.path, self.host
        )?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES).read_to_end(&mut answer)?;
        let text = String::from_utf8_lossy(&answer);
        let mut words = text.split(' ');
        match (words.next(), words.next().and_then(|status| status.parse().ok())) {
            (Some("HTTP/1.1" | "HTTP/1.0"), Some(status)) => Ok(status),
            _ => Err(std::io::Error::other("the answer is not HTTP")),
        }
    }
}
