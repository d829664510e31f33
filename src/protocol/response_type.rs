//! Response types: what the authorization endpoint answers with (RFC 6749 §3.1.1; OAuth 2.0 Multiple Response Type
//! Encoding Practices §3–§5; OIDC Core §3).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

use super::{grant::GrantType, response_mode::ResponseMode};

/// The response types this server knows. All but the first are for clients that are registered with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ResponseType {
    /// RFC 6749 §4.1.
    Code,
    /// RFC 6749 §4.2.
    Token,
    /// OIDC Core §3.2.
    IdToken,
    /// OIDC Core §3.2.
    IdTokenToken,
    /// OIDC Core §3.3.
    CodeIdToken,
    /// OIDC Core §3.3.
    CodeToken,
    /// OIDC Core §3.3.
    CodeIdTokenToken,
    /// Nothing but that the person agreed (Multiple Response Types §4).
    None,
}

impl ResponseType {
    /// Each once, in the order in which lists show them.
    pub const ALL: &[Self] = &[
        Self::Code,
        Self::Token,
        Self::IdToken,
        Self::IdTokenToken,
        Self::CodeIdToken,
        Self::CodeToken,
        Self::CodeIdTokenToken,
        Self::None,
    ];

    /// As registered and listed.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Token => "token",
            Self::IdToken => "id_token",
            Self::IdTokenToken => "id_token token",
            Self::CodeIdToken => "code id_token",
            Self::CodeToken => "code token",
            Self::CodeIdTokenToken => "code id_token token",
            Self::None => "none",
        }
    }

    /// From the wire. The order of the words does not matter (RFC 6749 §3.1.1); each comes once.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let sorted = |text: &'static str| {
            let mut words: Vec<&str> = text.split(' ').collect();
            words.sort_unstable();
            words
        };
        let mut asked: Vec<&str> = text.split(' ').take(MOST_WORDS + 1).collect();
        asked.sort_unstable();
        Self::ALL.iter().copied().find(|known| sorted(known.name()) == asked)
    }

    /// Does the answer carry a code?
    #[must_use]
    pub const fn has_code(self) -> bool {
        matches!(self, Self::Code | Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Does the answer itself carry an ID token?
    #[must_use]
    pub const fn has_id_token(self) -> bool {
        matches!(self, Self::IdToken | Self::IdTokenToken | Self::CodeIdToken | Self::CodeIdTokenToken)
    }

    /// Does the answer itself carry an access token?
    #[must_use]
    pub const fn has_token(self) -> bool {
        matches!(self, Self::Token | Self::IdTokenToken | Self::CodeToken | Self::CodeIdTokenToken)
    }

    /// Does a token travel through the browser? Then never in a query (Multiple Response Types §3, §5).
    #[must_use]
    pub const fn is_front_channel(self) -> bool {
        self.has_id_token() || self.has_token()
    }

    /// How the answer travels when the request does not say (Multiple Response Types §2.1, §5).
    #[must_use]
    pub const fn default_mode(self) -> ResponseMode {
        if self.is_front_channel() { ResponseMode::Fragment } else { ResponseMode::Query }
    }

    /// The grants a client needs for it (OIDC Registration §2, `response_types`).
    #[must_use]
    pub const fn grants(self) -> &'static [GrantType] {
        match self {
            Self::Code => &[GrantType::AuthorizationCode],
            Self::Token | Self::IdToken | Self::IdTokenToken => &[GrantType::Implicit],
            Self::CodeIdToken | Self::CodeToken | Self::CodeIdTokenToken => {
                &[GrantType::AuthorizationCode, GrantType::Implicit]
            }
            Self::None => &[],
        }
    }
}

/// Words of the longest response type.
const MOST_WORDS: usize = 3;

impl Serialize for ResponseType {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for ResponseType {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(from)?).ok_or_else(|| D::Error::custom("unknown response type"))
    }
}

#[cfg(test)]
mod tests;
