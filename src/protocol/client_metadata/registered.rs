//! How a client came to be registered, where no administrator did it.

use serde::{Deserialize, Serialize};

/// How a client that registered itself came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RegisteredBy {
    /// Through the open door: nobody vouches for it.
    Open,
    /// With an initial access token, which an administrator gave out.
    Token,
}

impl RegisteredBy {
    /// As stored and shown.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Token => "token",
        }
    }
}

/// That a client registered itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registered {
    /// How.
    pub by: RegisteredBy,
    /// What its initial access token was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}
