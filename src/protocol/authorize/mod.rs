//! The authorization endpoint (RFC 6749 §3.1): trust first, then the list of checks, then one step at a time.

pub mod interaction;
pub mod next_step;
pub mod request;
pub mod request_object;
pub mod response;

use super::{Refusal, client_metadata::Client, params::Params, redirect_uri};

/// An address this client registered; the only thing a redirect can be built from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedRedirect {
    uri: String,
    /// Did the request name it, or was it the only one registered?
    pub sent: bool,
}

impl TrustedRedirect {
    /// The address, as sent or as registered.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.uri
    }
}

/// Is this `redirect_uri` the client's? Until it is, an error is shown on a page and never sent anywhere
/// (RFC 6749 §4.1.2.1, RFC 9700 §4.11.2).
///
/// # Errors
/// [`Refusal`] to be shown on a page.
pub fn trust(params: &Params, client: &Client) -> Result<TrustedRedirect, Refusal> {
    let registered = &client.metadata.redirect_uris;
    match (params.find("redirect_uri"), registered.as_slice()) {
        (Some(sent), _) => {
            let known = |uri: &String| redirect_uri::matches(uri, sent, client.metadata.any_port());
            if registered.iter().any(known) {
                Ok(TrustedRedirect { uri: sent.to_owned(), sent: true })
            } else {
                Err(Refusal::RedirectUriUnregistered(sent.chars().take(200).collect()))
            }
        }
        (None, [only]) => Ok(TrustedRedirect { uri: only.clone(), sent: false }),
        (None, _) => Err(Refusal::RedirectUriMissing),
    }
}
