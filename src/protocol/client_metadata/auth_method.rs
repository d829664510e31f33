//! How a client proves who it is (RFC 7591 §2, OIDC Core §9).

use serde::{Deserialize, Serialize};

/// How a client proves who it is at the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum AuthMethod {
    /// Either way of sending its secret (PROTOCOL R-i): the default for clients made by hand.
    #[default]
    #[serde(rename = "any-secret")]
    AnySecret,
    /// RFC 6749 §2.3.1, HTTP Basic.
    #[serde(rename = "client_secret_basic")]
    ClientSecretBasic,
    /// RFC 6749 §2.3.1, in the form.
    #[serde(rename = "client_secret_post")]
    ClientSecretPost,
    /// An assertion made with its secret (OIDC Core §9).
    #[serde(rename = "client_secret_jwt")]
    ClientSecretJwt,
    /// An assertion made with its private key (RFC 7523, OIDC Core §9).
    #[serde(rename = "private_key_jwt")]
    PrivateKeyJwt,
    /// A public client (RFC 6749 §2.1).
    #[serde(rename = "none")]
    None,
}

impl AuthMethod {
    /// As registered and as the command line has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnySecret => "any-secret",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::ClientSecretJwt => "client_secret_jwt",
            Self::PrivateKeyJwt => "private_key_jwt",
            Self::None => "none",
        }
    }

    /// Every method, as the command line offers them.
    pub const ALL: &[Self] = &[
        Self::AnySecret,
        Self::ClientSecretBasic,
        Self::ClientSecretPost,
        Self::ClientSecretJwt,
        Self::PrivateKeyJwt,
        Self::None,
    ];

    /// Has a client of this method a secret?
    #[must_use]
    pub const fn has_secret(self) -> bool {
        !matches!(self, Self::PrivateKeyJwt | Self::None)
    }

    /// Do the metadata name it? `any-secret` is our own word for two others (PROTOCOL R-i1); what is made with a secret
    /// counts while some client's secret can be read.
    #[must_use]
    pub const fn is_listed(self, readable_secrets: bool) -> bool {
        match self {
            Self::AnySecret => false,
            Self::ClientSecretJwt => readable_secrets,
            Self::ClientSecretBasic | Self::ClientSecretPost | Self::PrivateKeyJwt | Self::None => true,
        }
    }

    /// The registered method that it reads as on the wire (PROTOCOL R-i1).
    #[must_use]
    pub const fn registered(self) -> Self {
        match self {
            Self::AnySecret => Self::ClientSecretBasic,
            method => method,
        }
    }

    /// Is it an assertion that proves the client?
    #[must_use]
    pub const fn is_assertion(self) -> bool {
        matches!(self, Self::ClientSecretJwt | Self::PrivateKeyJwt)
    }

    /// From its name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|method| method.name() == name)
    }
}
