//! Grant types (RFC 6749 §1.3): the list, and what each demands.

pub mod authorization_code;
pub mod device_code;
pub mod password;
pub mod refresh_token;

use serde::{Deserialize, Serialize};

use super::Refusal;
use crate::clock::Ts;

/// The grant types this server knows, in the order in which lists show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantType {
    /// RFC 6749 §4.1.
    AuthorizationCode,
    /// RFC 6749 §6.
    RefreshToken,
    /// RFC 6749 §4.4.
    ClientCredentials,
    /// RFC 8628.
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
    /// RFC 6749 §4.3. Legacy: only for clients registered with it, never advertised.
    Password,
    /// RFC 6749 §4.2. Legacy: only for clients registered with it; not a grant of the token endpoint.
    Implicit,
}

impl GrantType {
    /// Each once. Registration checks, discovery and the command line's choices read this list.
    pub const ALL: &[Self] = &[
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::DeviceCode,
        Self::Password,
        Self::Implicit,
    ];

    /// As on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
            Self::Password => "password",
            Self::Implicit => "implicit",
        }
    }

    /// From the wire.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.name() == name)
    }

    /// As people write it: a URN's last part.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        self.name().rsplit(':').next().unwrap_or_default()
    }

    /// From the wire or from people.
    #[must_use]
    pub fn parse_short(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|grant| grant.name() == name || grant.short_name() == name)
    }

    /// Kept for those who still need it, and marked so wherever it shows (DESIGN §2).
    #[must_use]
    pub const fn is_legacy(self) -> bool {
        matches!(self, Self::Password | Self::Implicit)
    }
}

/// What has to be so for anything to be issued from a grant, now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// When the grant was made.
    pub created_at: Ts,
    /// When it was taken back.
    pub revoked_at: Option<Ts>,
    /// Is the person locked?
    pub person_locked: bool,
    /// The later `tokens_invalid_before` of person and client.
    pub invalid_before: Ts,
}

impl Standing {
    /// Checked at every issue, by every grant (PROTOCOL R-m1).
    ///
    /// # Errors
    /// [`Refusal::GrantEnded`].
    pub fn check(&self) -> Result<(), Refusal> {
        if self.revoked_at.is_some() || self.person_locked || self.created_at < self.invalid_before {
            Err(Refusal::GrantEnded)
        } else {
            Ok(())
        }
    }
}
