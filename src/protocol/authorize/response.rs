//! The answer to an authorization request (RFC 6749 §4.1.2, §4.2.2; Multiple Response Types §5; Form Post Response Mode
//! §2; RFC 9207).

use url::form_urlencoded::Serializer;

use super::TrustedRedirect;
use crate::protocol::{Refusal, dialect::Door, response_mode::ResponseMode};

/// What the browser is given for the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuthorizeResponse {
    /// The whole address for `Location`.
    Redirect(String),
    /// A form that it posts.
    Form {
        /// Where.
        action: String,
        /// With what, in order.
        fields: Vec<(&'static str, String)>,
    },
}

impl AuthorizeResponse {
    /// A granted request: `members` are `code`, `id_token`, `access_token` and its companions.
    #[must_use]
    pub fn granted(to: &TrustedRedirect, how: &Envelope<'_>, members: Vec<(&'static str, String)>) -> Self {
        Self::build(to, how, members)
    }

    /// A refused one (RFC 6749 §4.1.2.1).
    #[must_use]
    pub fn refused(to: &TrustedRedirect, how: &Envelope<'_>, why: &Refusal) -> Self {
        Self::build(to, how, how.door.redirect_error(why))
    }

    /// Adds what every answer has.
    fn build(to: &TrustedRedirect, how: &Envelope<'_>, mut members: Vec<(&'static str, String)>) -> Self {
        members.extend(how.state.map(|state| ("state", state.to_owned())));
        members.extend(how.iss.map(|iss| ("iss", iss.to_owned())));
        let uri = to.as_str();
        let joint = match (how.mode, uri.split_once('?')) {
            (ResponseMode::FormPost, _) => return Self::Form { action: uri.to_owned(), fields: members },
            (ResponseMode::Fragment, _) => "#",
            (ResponseMode::Query, None) => "?",
            (ResponseMode::Query, Some((_, ""))) => "",
            (ResponseMode::Query, Some(_)) => "&",
        };
        // what the registered address has of a query is kept (RFC 6749 §3.1.2); each parameter is encoded once
        let encoded = Serializer::new(String::new()).extend_pairs(&members).finish();
        // `response_type=none` without a state and an iss says nothing at all
        Self::Redirect(if encoded.is_empty() { uri.to_owned() } else { format!("{uri}{joint}{encoded}") })
    }
}

/// What every answer carries besides its own members.
#[derive(Debug, Clone, Copy)]
pub struct Envelope<'a> {
    /// How it travels.
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
