//! The answer to an authorization request (RFC 6749 §4.1.2, §4.2.2; RFC 9207).

use url::form_urlencoded::Serializer;

use super::{TrustedRedirect, request::ResponseMode};
use crate::protocol::{Refusal, dialect::Door};

/// Where the browser is sent, with what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizeResponse {
    /// The whole address for `Location`.
    pub location: String,
}

impl AuthorizeResponse {
    /// A granted request: `members` are `code`, or `access_token` and its companions.
    #[must_use]
    pub fn granted(to: &TrustedRedirect, how: &Envelope<'_>, members: &[(&str, &str)]) -> Self {
        Self::build(to, how, members)
    }

    /// A refused one (RFC 6749 §4.1.2.1).
    #[must_use]
    pub fn refused(to: &TrustedRedirect, how: &Envelope<'_>, why: &Refusal) -> Self {
        let members = how.door.redirect_error(why);
        let members: Vec<_> = members.iter().map(|(name, value)| (*name, value.as_str())).collect();
        Self::build(to, how, &members)
    }

    /// Keeps what the registered address has of a query (RFC 6749 §3.1.2) and encodes each parameter once.
    fn build(to: &TrustedRedirect, how: &Envelope<'_>, members: &[(&str, &str)]) -> Self {
        let mut encoded = Serializer::new(String::new());
        encoded.extend_pairs(members);
        if let Some(state) = how.state {
            encoded.append_pair("state", state);
        }
        if let Some(iss) = how.iss {
            encoded.append_pair("iss", iss);
        }
        let uri = to.as_str();
        let joint = match (how.mode, uri.split_once('?')) {
            (ResponseMode::Fragment, _) => "#",
            (ResponseMode::Query, None) => "?",
            (ResponseMode::Query, Some((_, ""))) => "",
            (ResponseMode::Query, Some(_)) => "&",
        };
        Self { location: format!("{uri}{joint}{}", encoded.finish()) }
    }
}

/// What every answer carries besides its own members.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// Query or fragment.
    pub mode: ResponseMode,
    /// Returned byte for byte, if it was sent.
    pub state: Option<&'a str>,
    /// RFC 9207; `None` for clients registered without it, and in dialects.
    pub iss: Option<&'a str>,
    /// In whose manner.
    pub door: Door,
}

#[cfg(test)]
mod tests;
