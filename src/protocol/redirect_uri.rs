//! Redirect URIs: exact, but for the port of a native client's loopback address (RFC 6749 §3.1.2, RFC 8252 §7.3,
//! RFC 9700 §2.1). Stored and compared as plain strings; parsed only to learn where they lead.

mod scheme;

use url::{Host, Url};

pub use scheme::{PrivateScheme, UnfitScheme};

/// Longest redirect URI, in bytes.
pub const MAX_BYTES: usize = 2048;
/// What answers carry in the query (RFC 6749 §4.1.2, §4.1.2.1; RFC 9207).
const ANSWERED: &[&str] = &["code", "state", "iss", "error", "error_description", "error_uri"];

/// Where a redirect leads, as far as it matters to trust and to what the consent page says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A site: nobody else can receive what is sent there.
    Https,
    /// A program on the person's computer.
    Loopback,
    /// An app registered for a private-use scheme on the device (RFC 8252 §7.1).
    PrivateScheme,
}

/// Why an address cannot be registered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each says itself")]
pub enum Unfit {
    #[error("is not an absolute URI of plain ASCII characters")]
    NotAbsolute,
    #[error("is longer than 2048 characters")]
    TooLong,
    #[error("has a fragment; RFC 6749 section 3.1.2 forbids it")]
    Fragment,
    #[error("has a user name or password")]
    UserInfo,
    #[error("has a host that is neither a plain name nor an IP address")]
    Host,
    #[error("has a wildcard; every address is registered exactly")]
    Wildcard,
    #[error("uses http to another machine; use https, or a loopback address")]
    PlainHttp,
    #[error(
        "uses a scheme that is not for redirects; a private-use scheme needs a dot, such as com.example.app, or to be \
         listed in clients.private_schemes"
    )]
    Scheme,
    #[error("has dot segments, an encoded slash or a backslash in its path")]
    Path,
    #[error("has a parameter that the answer carries itself, such as code or state; the app would find two of them")]
    Parameter,
}

/// Checks an address somebody wants to register and says where it leads. `listed`: the private-use schemes that may
/// have no dot.
///
/// # Errors
/// [`Unfit`].
pub fn check(uri: &str, listed: &[PrivateScheme]) -> Result<Target, Unfit> {
    if uri.len() > MAX_BYTES {
        return Err(Unfit::TooLong);
    }
    if !uri.bytes().all(|b| (0x21..0x7f).contains(&b)) {
        return Err(Unfit::NotAbsolute);
    }
    let url = Url::parse(uri).map_err(|_| Unfit::NotAbsolute)?;
    if uri.contains('#') {
        return Err(Unfit::Fragment);
    }
    if uri.contains('*') {
        return Err(Unfit::Wildcard);
    }
    if !url.username().is_empty() || url.password().is_some() || authority(uri).is_some_and(|a| a.contains('@')) {
        return Err(Unfit::UserInfo);
    }
    let path = uri.split('?').next().unwrap_or_default().to_ascii_lowercase();
    if path.contains('\\')
        || path.contains("%2f")
        || path.contains("%5c")
        || path.contains("%2e")
        || has_dot_segment(&path)
    {
        return Err(Unfit::Path);
    }
    if url.query_pairs().any(|(name, _)| ANSWERED.contains(&name.as_ref())) {
        return Err(Unfit::Parameter);
    }
    match url.scheme() {
        // browsers read https:host relative to the page it stands on
        "https" if authority(uri).is_none_or(str::is_empty) => Err(Unfit::NotAbsolute),
        "https" if has_plain_host(&url) => Ok(Target::Https),
        "https" => Err(Unfit::Host),
        "http" if is_loopback(uri) => Ok(Target::Loopback),
        "http" => Err(Unfit::PlainHttp),
        scheme if is_private_use(scheme, listed) => Ok(Target::PrivateScheme),
        _ => Err(Unfit::Scheme),
    }
}

/// RFC 8252 §7.1, §8.4: a dot within, as the name of a domain the other way round has it, unless it is listed.
fn is_private_use(scheme: &str, listed: &[PrivateScheme]) -> bool {
    let has_dot = scheme.contains('.') && !scheme.starts_with('.') && !scheme.ends_with('.');
    has_dot || listed.iter().any(|known| known.as_str() == scheme)
}

/// May tokens travel in a redirect there? To a site by https, and not to the person's own machine (OIDC Registration §2,
/// PROTOCOL P23).
#[must_use]
pub fn may_carry_tokens(uri: &str) -> bool {
    check(uri, &[]) == Ok(Target::Https) && shown_target(uri) != "localhost"
}

fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(|segment| segment == "." || segment == "..")
}

/// Where a registered address leads. Its scheme alone tells: whatever is refused by now, what was fit once stays what
/// it is. [`Target::Https`] for anything odd, which then matches nothing else.
#[must_use]
pub fn target(uri: &str) -> Target {
    let is_web = |scheme: &str| scheme.eq_ignore_ascii_case("https") || scheme.eq_ignore_ascii_case("http");
    match uri.split_once(':') {
        Some((scheme, _)) if !is_web(scheme) => Target::PrivateScheme,
        _ if is_loopback(uri) => Target::Loopback,
        _ => Target::Https,
    }
}

/// Is `asked` the `registered` address? `any_port` frees the port of a loopback address and nothing else.
#[must_use]
pub fn matches(registered: &str, asked: &str, any_port: bool) -> bool {
    if registered == asked {
        return true;
    }
    if !any_port {
        return false;
    }
    match (loopback_parts(registered), loopback_parts(asked)) {
        (Some((host, rest)), Some((asked_host, asked_rest))) => host == asked_host && rest == asked_rest,
        _ => false,
    }
}

/// `http` to a literal loopback host: `127.0.0.1`, `[::1]` or `localhost` (PROTOCOL R-j5).
#[must_use]
pub fn is_loopback(uri: &str) -> bool {
    loopback_parts(uri).is_some()
}

/// Cuts a loopback address by hand into host and what follows the port; `None` when it is none.
fn loopback_parts(uri: &str) -> Option<(&str, &str)> {
    let rest = uri.strip_prefix("http://")?;
    let host = ["127.0.0.1", "[::1]", "localhost"].into_iter().find(|host| rest.starts_with(host))?;
    let rest = rest.strip_prefix(host)?;
    let rest = match rest.strip_prefix(':') {
        Some(after) => {
            let digits = after.bytes().take_while(u8::is_ascii_digit).count();
            let (port, rest) = after.split_at_checked(digits)?;
            let _a_port: u16 = port.parse().ok().filter(|port| *port != 0)?;
            rest
        }
        None => rest,
    };
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some((host, rest))
}

fn authority(uri: &str) -> Option<&str> {
    let rest = uri.split_once(':')?.1.strip_prefix("//")?;
    rest.split(['/', '?']).next()
}

/// What a person is told: the host of a site or loopback address, the scheme of a private one.
#[must_use]
pub fn shown_target(uri: &str) -> String {
    match Url::parse(uri) {
        Ok(url) => match url.host() {
            Some(Host::Domain(domain)) if matches!(url.scheme(), "http" | "https") => domain.to_owned(),
            Some(host) if matches!(url.scheme(), "http" | "https") => host.to_string(),
            _ => format!("{}:", url.scheme()),
        },
        Err(_) => String::new(),
    }
}

/// `https://host[:port]` or `http://…` of a web address, as a browser sends it in `Origin`, and fit for a header of ours:
/// `None` also for a host that is none.
#[must_use]
pub fn origin(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    let is_site = matches!(url.scheme(), "http" | "https") && has_plain_host(&url);
    is_site.then(|| url.origin().ascii_serialization())
}

/// Hosts of the URL Standard may have `;`, `,` and `*`, which mean something in a policy (CSP §2.2, §2.3.1).
fn has_plain_host(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._".contains(&b)),
        address => address.is_some(),
    }
}

#[cfg(test)]
mod tests;
