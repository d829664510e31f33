//! The one client for requests that a registration makes the server send (DESIGN, outgoing fetches): public addresses only,
//! unless the configuration lists them; the addresses checked are the ones dialled; no redirect, no proxy; bounded in time,
//! size and number. What was asked for in vain looks the same whatever the reason was, to whoever wrote the address down.

use std::{
    fs, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Client,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
    redirect::Policy,
};
use tokio::time::timeout;
use url::{Host, Url};

use super::{
    address::is_public,
    turns::{Errand, Turns},
};
use crate::config::{Destination, Fetch};

/// Asks others.
pub struct Fetcher {
    allowed: Arc<[Destination]>,
    ca_file: Option<PathBuf>,
    patience: Duration,
    /// Made when it is first needed: reading the system's certificates takes longer than a start.
    client: OnceLock<Result<Client, String>>,
    turns: Turns,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// The status.
    pub status: u16,
    /// `Content-Type` without parameters, in lower case; empty when there is none.
    pub content_type: String,
    /// How long it may be kept, in seconds (`Cache-Control: max-age`), if it says so; 0 for `no-store` and `no-cache`.
    pub max_age: Option<u32>,
    /// Whole.
    pub body: Vec<u8>,
}

/// Why there is no answer. For the log and the administrator; whoever wrote the address down is not told which it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No https address, one with a name and password in it, or one of a private network.
    #[error("{0} is not an address that this server asks")]
    Forbidden(String),
    /// Nobody is there, TLS fails, or what answers is not HTTP.
    #[error("{0}")]
    Silent(String),
    /// It did not come in time.
    #[error("it takes too long")]
    Slow,
    /// It was not asked, because those before took too long.
    #[error("others of its kind or to its host are under way, and take too long")]
    Waited,
    /// It is larger than was asked for.
    #[error("the answer is larger than {0} bytes")]
    Large(usize),
}

impl Fetcher {
    /// By this configuration.
    #[must_use]
    pub fn new(config: &Fetch) -> Self {
        Self {
            allowed: config.allow_private.clone().into(),
            ca_file: config.ca_file.clone(),
            patience: config.timeout.0,
            client: OnceLock::new(),
            turns: Turns::default(),
        }
    }

    /// Gets ready now where there is a file of certificates. One that cannot be used is noticed at the start so; later
    /// nobody would be asked any more, and nobody would notice.
    ///
    /// # Errors
    /// What is wrong with the file, in words.
    pub fn check_ca_file(&self) -> Result<(), String> {
        match self.ca_file {
            Some(_) => self.client.get_or_init(|| self.make()).as_ref().map(drop).map_err(Clone::clone),
            None => Ok(()),
        }
    }

    /// Would it ask there at all? What a name leads to is seen each time anew.
    ///
    /// # Errors
    /// [`FetchError::Forbidden`].
    pub fn check(&self, url: &Url) -> Result<(), FetchError> {
        self.client_for(url).map(drop)
    }

    /// Asks for a document of at most `largest` bytes.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, errand: Errand, url: &Url, accept: &str, largest: usize) -> Result<Fetched, FetchError> {
        let request = self.client_for(url)?.get(url.clone()).header(header::ACCEPT, accept);
        let asked = async {
            let mut reply = request.send().await.map_err(|error| reason(&error))?;
            let text = |name| reply.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
            let content_type = text(header::CONTENT_TYPE).split(';').next().unwrap_or_default();
            let content_type = content_type.trim().to_ascii_lowercase();
            let max_age = max_age(text(header::CACHE_CONTROL));
            let body = body(&mut reply, largest).await.map_err(|error| reason(&error))?;
            let body = body.ok_or(FetchError::Large(largest))?;
            Ok(Fetched { status: reply.status().as_u16(), content_type, max_age, body })
        };
        self.in_turn(errand, url, asked).await
    }

    /// Sends a form; the status of the answer, of which nothing else is read.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn post_form(&self, errand: Errand, url: &Url, pairs: &[(&str, &str)]) -> Result<u16, FetchError> {
        let client = self.client_for(url)?;
        let form = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let request = client.post(url.clone()).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        let asked = async {
            let reply = request.body(form).send().await.map_err(|error| reason(&error))?;
            Ok(reply.status().as_u16())
        };
        self.in_turn(errand, url, asked).await
    }

    async fn in_turn<T>(
        &self,
        errand: Errand,
        url: &Url,
        asked: impl Future<Output = Result<T, FetchError>>,
    ) -> Result<T, FetchError> {
        // a time of its own: who stands in front of it is not its server's fault
        let turn = timeout(self.patience, self.turns.take(errand, self.place(url))).await;
        let _its_turn = turn.map_err(|_| FetchError::Waited)?;
        timeout(self.patience, asked).await.unwrap_or(Err(FetchError::Slow))
    }

    /// What takes turns as one: a host, whatever its ports are, for names cost nothing there. Those that the configuration
    /// lists are the administrator's: several apps live on one machine.
    fn place(&self, url: &Url) -> String {
        let Some(host) = url.host() else { return String::new() };
        let name = host.to_string();
        if self.is_listed(&host) || self.allowed.iter().any(|known| known.is_host(&name)) {
            return url.origin().ascii_serialization();
        }
        name.trim_end_matches('.').to_owned()
    }

    fn client_for(&self, url: &Url) -> Result<&Client, FetchError> {
        let forbidden = || FetchError::Forbidden(url.origin().ascii_serialization());
        let host = url.host().ok_or_else(forbidden)?;
        let is_named = self.allowed.iter().any(|known| known.is_host(&host.to_string()));
        let is_web = url.scheme() == "https" || (url.scheme() == "http" && (is_named || self.is_listed(&host)));
        if !is_web || !url.username().is_empty() || url.password().is_some() {
            return Err(forbidden());
        }
        // an address in the place of a name is dialled without asking the resolver below
        let address = match host {
            Host::Ipv4(ip) => Some(IpAddr::V4(ip)),
            Host::Ipv6(ip) => Some(IpAddr::V6(ip)),
            Host::Domain(_) => None,
        };
        if address.is_some_and(|ip| !may_dial(&self.allowed, ip)) {
            return Err(forbidden());
        }
        self.client.get_or_init(|| self.make()).as_ref().map_err(|why| FetchError::Silent(why.clone()))
    }

    fn is_listed(&self, host: &Host<&str>) -> bool {
        match host {
            Host::Ipv4(ip) => self.allowed.iter().any(|known| known.contains(IpAddr::V4(*ip))),
            Host::Ipv6(ip) => self.allowed.iter().any(|known| known.contains(IpAddr::V6(*ip))),
            Host::Domain(_) => false,
        }
    }

    fn make(&self) -> Result<Client, String> {
        let mut builder = Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            // one that is kept may be closed by its server just as the next request goes out, which would count as no answer
            .pool_max_idle_per_host(0)
            .timeout(self.patience)
            .connect_timeout(self.patience)
            .user_agent(concat!("countersign/", env!("CARGO_PKG_VERSION")))
            .dns_resolver(Arc::new(Guard(Arc::clone(&self.allowed))));
        if let Some(path) = &self.ca_file {
            let wrong = |why: &dyn std::fmt::Display| format!("fetch.ca_file {}: {why}", path.display());
            let pem = fs::read(path).map_err(|error| wrong(&error))?;
            let certificates =
                reqwest::Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&innermost(&error)))?;
            if certificates.is_empty() {
                return Err(wrong(&"there is no certificate in it"));
            }
            builder = builder.tls_certs_merge(certificates);
        }
        builder.build().map_err(|error| format!("cannot get ready for TLS: {}", innermost(&error)))
    }
}

fn may_dial(allowed: &[Destination], ip: IpAddr) -> bool {
    is_public(ip) || allowed.iter().any(|known| known.contains(ip))
}

/// Gives out only addresses that may be dialled; a name with one other address among them has none.
struct Guard(Arc<[Destination]>);

impl Resolve for Guard {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let is_named = allowed.iter().any(|known| known.is_host(name.as_str()));
            if is_named || found.iter().all(|address| may_dial(&allowed, address.ip())) {
                Ok(Box::new(found.into_iter()) as Addrs)
            } else {
                Err(io::Error::other("it has an address of a private network").into())
            }
        })
    }
}

/// What comes back, whole, unless it is larger than `largest` bytes.
///
/// # Errors
/// When the connection ends before the body does.
pub(crate) async fn body(reply: &mut reqwest::Response, largest: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(part) = reply.chunk().await? {
        if body.len() + part.len() > largest {
            return Ok(None);
        }
        body.extend_from_slice(&part);
    }
    Ok(Some(body))
}

fn reason(error: &reqwest::Error) -> FetchError {
    if error.is_timeout() {
        return FetchError::Slow;
    }
    FetchError::Silent(innermost(error))
}

/// What the system says, without the layers around it.
pub(crate) fn innermost(error: &reqwest::Error) -> String {
    // the outermost names the address, which may hold secrets
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| "the request cannot be sent".to_owned(), ToString::to_string)
}

fn max_age(cache_control: &str) -> Option<u32> {
    let mut directives = cache_control.split(',').map(|one| one.trim().to_ascii_lowercase());
    let seconds = directives.clone().find_map(|one| one.strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    if directives.any(|one| one == "no-store" || one == "no-cache") { Some(0) } else { seconds }
}

#[cfg(test)]
mod tests;
