//! Signing out: where people are sent afterwards (OIDC RP-Initiated Logout 1.0), which pages of apps are shown meanwhile
//! (OIDC Front-Channel Logout 1.0), and what ends with the session.

pub mod notice;

use url::{Url, form_urlencoded::Serializer};

use super::{Refusal, client_metadata::ClientMetadata, params::Params, redirect_uri, scope::Scope};

/// An address this client registered for the way back; the only thing that signing out redirects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostLogoutRedirect {
    uri: String,
    state: Option<String>,
}

impl PostLogoutRedirect {
    /// The request's `post_logout_redirect_uri`, if it is one of the client's, byte for byte (RP-Initiated Logout §3).
    /// `None` when there is none.
    ///
    /// # Errors
    /// [`Refusal::LogoutRedirectUnregistered`]; [`Refusal::LogoutClientMissing`] when nobody can tell whose it is.
    pub fn trust(params: &Params, client: Option<&ClientMetadata>) -> Result<Option<Self>, Refusal> {
        let Some(sent) = params.find("post_logout_redirect_uri") else { return Ok(None) };
        let client = client.ok_or(Refusal::LogoutClientMissing)?;
        if client.post_logout_redirect_uris.iter().any(|uri| uri == sent) {
            let state = params.find("state").map(str::to_owned);
            Ok(Some(Self { uri: sent.to_owned(), state }))
        } else {
            Err(Refusal::LogoutRedirectUnregistered)
        }
    }

    /// The address with `state` as it was sent. What the address has of a query stays.
    #[must_use]
    pub fn location(&self) -> String {
        match &self.state {
            Some(state) => with_query(&self.uri, &[("state", state)]),
            None => self.uri.clone(),
        }
    }

    /// Is it a web site's, and not of a program on the person's own machine?
    #[must_use]
    pub fn is_site(&self) -> bool {
        redirect_uri::target(&self.uri) == redirect_uri::Target::Https
    }
}

/// An app's page that signs out in the browser that shows it, for this session of ours (OIDC Front-Channel Logout §3).
#[must_use]
pub fn frontchannel(uri: &str, issuer: &str, sid: &str) -> String {
    with_query(uri, &[("iss", issuer), ("sid", sid)])
}

fn with_query(uri: &str, pairs: &[(&str, &str)]) -> String {
    let joint = match uri.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) => "&",
    };
    format!("{uri}{joint}{}", Serializer::new(String::new()).extend_pairs(pairs).finish())
}

/// The `frame-src` of a page that shows these addresses: exactly them, or their sites where that would be too long for a
/// header. A source has no query (CSP §2.3.1), and what is no host is no source.
#[must_use]
pub fn frame_sources(uris: &[&str]) -> String {
    let list = |path: bool| {
        let mut sources: Vec<String> = uris.iter().filter_map(|uri| source(uri, path)).collect();
        sources.sort_unstable();
        sources.dedup();
        sources.join(" ")
    };
    let exact = list(true);
    if exact.len() <= MAX_SOURCES_BYTES { exact } else { list(false) }
}

/// The longest list of sources that common proxies let through beside everything else.
const MAX_SOURCES_BYTES: usize = 2048;

fn source(uri: &str, path: bool) -> Option<String> {
    let site = redirect_uri::origin(uri)?;
    let url = Url::parse(uri).ok()?;
    let path = if path { url.path().replace(';', "%3B").replace(',', "%2C") } else { String::new() };
    Some(format!("{site}{path}"))
}

/// Does what was granted end with the session in which it was? Signing in does; what is to go on while the person is away
/// does not (OIDC Back-Channel Logout §2.7, PROTOCOL P17).
#[must_use]
pub fn ends_with_session(scope: &Scope) -> bool {
    takes_part(scope) && !scope.has("offline_access")
}

/// Is somebody signed in to the app by this grant, so that the app is part of their session here?
#[must_use]
pub fn takes_part(scope: &Scope) -> bool {
    scope.has("openid")
}

#[cfg(test)]
mod tests;
