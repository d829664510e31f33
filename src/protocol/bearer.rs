//! How an access token is presented (RFC 6750 §2): in the header or in a form, in one way only, never in a query.

use super::{Refusal, params::Params};

/// A presented access token; nothing is believed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presented<'a> {
    /// RFC 6750 §2.1.
    Header(&'a str),
    /// RFC 6750 §2.2, under the name the endpoint takes it by.
    Form(&'a str),
}

impl<'a> Presented<'a> {
    /// From the `Authorization` header and the form's `field`.
    ///
    /// # Errors
    /// [`Refusal`] for none, for both, and for another scheme.
    pub fn parse(authorization: Option<&'a str>, form: &'a Params, field: &str) -> Result<Self, Refusal> {
        let posted = form.find(field);
        match (authorization, posted) {
            (Some(_), Some(_)) => Err(Refusal::TokenTwice),
            (None, Some(token)) => Ok(Self::Form(token)),
            (None, None) => Err(Refusal::TokenMissing),
            (Some(header), None) => match header.trim().split_once(' ') {
                Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
                    Ok(Self::Header(token.trim()))
                }
                _ => Err(Refusal::TokenMissing),
            },
        }
    }

    /// The token's text.
    #[must_use]
    pub const fn text(self) -> &'a str {
        match self {
            Self::Header(text) | Self::Form(text) => text,
        }
    }
}

#[cfg(test)]
mod tests;
