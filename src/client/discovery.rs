//! What a server says of itself: `OpenID` Connect Discovery 1.0 §4, RFC 8414 §3.

use serde::Deserialize;
use url::{Host, Url};

use super::{
    Failure, Outcome, object, send,
    wire::{Sent, Wire},
};

/// The part of a server's metadata that a client needs (RFC 8414 §2).
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Provider {
    /// Its issuer identifier, exactly as it was asked for.
    pub(crate) issuer: String,
    /// Where browsers are sent.
    pub(crate) authorization_endpoint: Option<String>,
    /// Where codes and the like become tokens.
    pub(crate) token_endpoint: Option<String>,
    /// RFC 8628 §4
    pub(crate) device_authorization_endpoint: Option<String>,
    /// `OpenID` Connect Core §5.3
    pub(crate) userinfo_endpoint: Option<String>,
    /// Its keys.
    pub(crate) jwks_uri: Option<String>,
    /// How clients may prove who they are; `client_secret_basic` when it does not say.
    #[serde(default)]
    pub(crate) token_endpoint_auth_methods_supported: Option<Vec<String>>,
    /// RFC 9207 §3: its answers always name it.
    #[serde(default)]
    pub(crate) authorization_response_iss_parameter_supported: bool,
}

/// May secrets be sent there? Over TLS, or without leaving this machine.
pub(crate) fn is_safe(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_here)
}

/// Where a server's metadata may lie: as `OpenID` Connect puts it, then as RFC 8414 §3.1 does.
fn places(issuer: &Url) -> [String; 2] {
    let (origin, path) = (issuer.origin().ascii_serialization(), issuer.path().trim_end_matches('/'));
    [
        format!("{origin}{path}/.well-known/openid-configuration"),
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
    ]
}

/// Asks a server of this issuer identifier for its metadata.
///
/// # Errors
/// [`Failure`] when there is none, when it is another's (RFC 8414 §3.3), or when it would have secrets sent in the clear.
pub(crate) async fn discover(wire: &Wire, issuer: &str) -> Outcome<Provider> {
    let url = Url::parse(issuer).map_err(|_| Failure::Unfit(format!("{issuer} is no URL")))?;
    let [first, second] = places(&url).map(|place| Sent::get(place).with("Accept", "application/json"));
    let mut request = first;
    let mut reply = send(wire, &request).await?;
    if reply.status == 404 {
        let other = send(wire, &second).await?;
        if other.status != 404 {
            (request, reply) = (second, other);
        }
    }
    if reply.status == 404 {
        return Failure::unfit(format!("{issuer} has no metadata: {} answers 404", request.url));
    }
    let members = object(&request, &reply)?;
    let provider: Provider = serde_json::from_value(members.into())
        .map_err(|error| Failure::Unfit(format!("the metadata at {} cannot be used: {error}", request.url)))?;
    if provider.issuer != issuer {
        let message = format!(
            "the server at {issuer} says that it is {}: these must be the same, letter by letter",
            provider.issuer
        );
        return Failure::unfit(message);
    }
    for endpoint in provider.endpoints() {
        if !Url::parse(endpoint).is_ok_and(|url| is_safe(&url)) {
            return Failure::unfit(format!("{endpoint} of the metadata is neither https nor on this machine"));
        }
    }
    Ok(provider)
}

impl Provider {
    fn endpoints(&self) -> impl Iterator<Item = &str> {
        let all = [
            &self.authorization_endpoint,
            &self.token_endpoint,
            &self.device_authorization_endpoint,
            &self.userinfo_endpoint,
            &self.jwks_uri,
        ];
        all.into_iter().filter_map(|endpoint| endpoint.as_deref())
    }

    /// An endpoint that this client cannot do without.
    ///
    /// # Errors
    /// [`Failure::Unfit`] when the server has none.
    pub(crate) fn need<'a>(&self, name: &str, endpoint: Option<&'a String>) -> Outcome<&'a str> {
        endpoint.map(String::as_str).ok_or_else(|| Failure::Unfit(format!("{} has no {name}", self.issuer)))
    }
}
