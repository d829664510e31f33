//! Dialects: another service's manners on top of the same grants (DESIGN §7, PROTOCOL R-f), for programs that were
//! written for that service. What all of them have in common is here; a file each has what is that service's own.
//!
//! No dialect weakens the standard endpoints: a client comes in by the door it is registered for, and codes and tokens
//! of a dialect are another kind of text that no other door takes.

pub mod facebook;
pub mod github;
pub mod secrets;

use serde::{Deserialize, Serialize};

use super::{Refusal, client_metadata::ClientMetadata, grant::GrantType};

/// Whose manners.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Dialect {
    /// GitHub's OAuth apps, in the layout of its Enterprise Server.
    Github,
    /// Facebook's login.
    Facebook,
}

/// The end that tokens without an expiry have: so many seconds after their last use (R-f1).
pub const UNUSED_SECONDS: i64 = 365 * 24 * 3600;
/// How often a token's use is written down at most, in seconds (R-f1).
pub const TOUCH_SECONDS: i64 = 3600;
/// Tokens without an expiry that are alive at once, of one person, client and scope (R-f1).
pub const MOST_LASTING: i64 = 10;
/// The life of a dialect's codes, in seconds: what those services give.
pub const CODE_SECONDS: i64 = 600;

/// How long an access token lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// So many seconds.
    Seconds(i64),
    /// Until it has not been used for [`UNUSED_SECONDS`].
    WhileUsed,
}

impl Dialect {
    /// Each once.
    pub const ALL: &[Self] = &[Self::Github, Self::Facebook];

    /// As registered, configured and stored.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Facebook => "facebook",
        }
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|dialect| dialect.name() == name)
    }

    /// The audience of its access tokens: its own API and nothing else (R-f1, R-k3).
    #[must_use]
    pub const fn audience(self) -> &'static str {
        match self {
            Self::Github => "urn:countersign:dialect:github",
            Self::Facebook => "urn:countersign:dialect:facebook",
        }
    }

    /// The grants that have a place in it.
    #[must_use]
    pub const fn grants(self) -> &'static [GrantType] {
        match self {
            Self::Github => &[GrantType::AuthorizationCode, GrantType::DeviceCode],
            Self::Facebook => &[GrantType::AuthorizationCode, GrantType::ClientCredentials, GrantType::Implicit],
        }
    }

    /// The scopes of a client for which nothing else is said, as far as they exist.
    #[must_use]
    pub const fn usual_scopes(self) -> &'static [&'static str] {
        match self {
            Self::Github => &["read:user", "user:email"],
            Self::Facebook => &["email"],
        }
    }

    /// Do its usual programs send their token in the query (R-f2)?
    #[must_use]
    pub const fn sends_query_token(self) -> bool {
        matches!(self, Self::Facebook)
    }

    /// The life of an access token that follows a person's consent.
    #[must_use]
    pub fn token_life(self, client: &ClientMetadata) -> Life {
        let own = client.access_token_ttl.map(|seconds| Life::Seconds(seconds.into()));
        match self {
            Self::Github => own.unwrap_or(Life::WhileUsed),
            Self::Facebook => own.unwrap_or(Life::Seconds(2 * 3600)),
        }
    }
}

impl Dialect {
    /// How long something may live that is issued from a person's answer, in seconds; a use of a lasting token puts it off.
    #[must_use]
    pub fn grant_seconds(self, client: &ClientMetadata) -> i64 {
        let token = match self.token_life(client) {
            Life::Seconds(seconds) => seconds,
            Life::WhileUsed => UNUSED_SECONDS,
        };
        match self {
            Self::Github => token,
            Self::Facebook => token.max(facebook::exchange::LONG_SECONDS),
        }
    }
}

/// By which way a request came in, and so how it is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Door {
    /// The standard's endpoints.
    #[default]
    Standard,
    /// Those of a dialect.
    Dialect(Dialect),
}

impl Door {
    /// The dialect, behind its door.
    #[must_use]
    pub const fn dialect(self) -> Option<Dialect> {
        match self {
            Self::Standard => None,
            Self::Dialect(dialect) => Some(dialect),
        }
    }

    /// The parameters of a redirect that carries an error, without `state`.
    #[must_use]
    pub fn redirect_error(self, why: &Refusal) -> Vec<(&'static str, String)> {
        match self {
            Self::Dialect(Dialect::Github) => github::redirect_error(why),
            Self::Dialect(Dialect::Facebook) => facebook::error::redirect_error(why),
            // RFC 6749 §4.1.2.1
            Self::Standard => {
                vec![("error", why.code().text().to_owned()), ("error_description", why.description())]
            }
        }
    }

    /// Must every request name its `redirect_uri`?
    #[must_use]
    pub const fn demands_redirect_uri(self) -> bool {
        matches!(self, Self::Dialect(Dialect::Facebook))
    }

    /// May the person leave out whatever single permissions are asked for?
    #[must_use]
    pub const fn lets_skip(self) -> bool {
        matches!(self, Self::Dialect(Dialect::Facebook))
    }

    /// The permission that is asked for with every request and comes with every token, if this door has one.
    #[must_use]
    pub const fn basic(self) -> Option<&'static str> {
        match self {
            Self::Dialect(Dialect::Facebook) => Some(facebook::BASIC),
            Self::Standard | Self::Dialect(Dialect::Github) => None,
        }
    }

    /// Is it this client's door? A client of a dialect has the standard one only if it is registered so.
    ///
    /// # Errors
    /// [`Refusal::DialectOnly`], [`Refusal::NotOfDialect`].
    pub fn admit(self, client: &ClientMetadata) -> Result<(), Refusal> {
        match (self, client.dialect) {
            (Self::Standard, Some(dialect)) if !client.also_standard => Err(Refusal::DialectOnly(dialect.name())),
            (Self::Standard, _) => Ok(()),
            (Self::Dialect(here), Some(own)) if here == own => Ok(()),
            (Self::Dialect(here), _) => Err(Refusal::NotOfDialect(here.name())),
        }
    }
}

#[cfg(test)]
mod tests;
