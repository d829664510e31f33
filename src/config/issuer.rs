//! The URL this server is known by.

use std::{fmt, net::IpAddr};

use url::{Host, Url};

use super::{
    table::{Key, Kind},
    value::{Plain, Problem, Setting},
};

/// The issuer: http or https, no trailing slash, query, fragment or user; plain http for loopback hosts only.
///
/// Kept in the one spelling that clients compare, byte for byte (OpenID Connect Discovery §4.3, RFC 9207 §2.4).
#[derive(Clone, PartialEq, Eq)]
pub struct Issuer {
    text: String,
    origin_ends: usize,
    host: String,
    loopback: bool,
}

impl Issuer {
    /// From its text.
    ///
    /// # Errors
    /// The rule that the text breaks, in words that follow "issuer".
    pub fn parse(text: &str) -> Result<Self, String> {
        check(text).map_err(|problem| problem.message)
    }

    /// `http://localhost:{port}`: the issuer of a server nobody configured.
    #[must_use]
    pub fn localhost(port: u16) -> Self {
        let text = if port == 80 { "http://localhost".to_owned() } else { format!("http://localhost:{port}") };
        Self { origin_ends: text.len(), text, host: "localhost".to_owned(), loopback: true }
    }

    /// The whole, as it stands in every `iss`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Scheme, host and port: what a browser sends as `Origin`.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.text.split_at_checked(self.origin_ends).map_or("", |(origin, _)| origin)
    }

    /// What comes after the origin: empty, or `/x`; never with a slash at its end.
    #[must_use]
    pub fn path(&self) -> &str {
        self.text.split_at_checked(self.origin_ends).map_or("", |(_, path)| path)
    }

    /// The host without its port; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Are cookies `Secure`, and may browsers be told to stay on https?
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.text.starts_with("https://")
    }

    /// Is the host in 127.0.0.0/8, `::1`, `localhost` or below `localhost`?
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Issuer({})", self.text)
    }
}

impl Setting for Issuer {
    const KIND: Kind = Kind::Issuer;

    fn parse(value: &Plain, key: &Key) -> Result<Self, Problem> {
        check(value.text(key)?)
    }
}

fn check(text: &str) -> Result<Issuer, Problem> {
    let not_a_url = |why: String| Problem::new(why).remedy("write it as in \"https://id.example.com\"");
    let url = Url::parse(text).map_err(|why| not_a_url(format!("must be a URL: {why}")))?;
    let ("http" | "https", Some(host)) = (url.scheme(), url.host()) else {
        return Err(not_a_url("must begin with https:// or http://".to_owned()));
    };
    if !url.username().is_empty() || url.password().is_some() || text.contains('@') {
        return Err(Problem::new("must not have a user name or password"));
    }
    if text.contains(['?', '#']) {
        return Err(Problem::new("must not have a query or fragment"));
    }
    if text.ends_with('/') {
        let remedy = format!("write {:?}", text.trim_end_matches('/'));
        return Err(Problem::new("must not end with a slash").remedy(remedy));
    }
    let origin = url.origin().ascii_serialization();
    let path = if url.path() == "/" { "" } else { url.path() };
    if !path.split('/').skip(1).all(is_plain_segment) {
        return Err(Problem::new("must have a path of letters, digits and -._~ only"));
    }
    let canonical = format!("{origin}{path}");
    if canonical != text {
        let why = "must be written as browsers write it, since clients compare it letter by letter";
        return Err(Problem::new(why).remedy(format!("write {canonical:?}")));
    }
    let loopback = is_loopback(&host);
    if url.scheme() == "http" && !loopback {
        let why = format!("must begin with https://, since {host} is not a loopback host");
        let remedy = format!(
            "write \"https://{}\" and let a proxy in front speak TLS, or use http://localhost",
            canonical.trim_start_matches("http://")
        );
        return Err(Problem::new(why).remedy(remedy));
    }
    Ok(Issuer { origin_ends: origin.len(), host: host.to_string(), text: canonical, loopback })
}

fn is_plain_segment(segment: &str) -> bool {
    !segment.is_empty() && segment.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b))
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => IpAddr::from(*address).is_loopback(),
        Host::Ipv6(address) => IpAddr::from(*address).is_loopback(),
    }
}

#[cfg(test)]
mod tests;
