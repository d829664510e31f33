//! ID tokens (OIDC Core §2): the plain part.

use aws_lc_rs::hmac;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::secret::{Id, base62};

/// The `typ` of an ID token's header.
pub const TYP: &str = "JWT";

/// The claims. Those of the person stand beside them, by scope.
#[derive(Debug, Clone, Serialize)]
pub struct Claims<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The person.
    #[serde(flatten)]
    pub person: PersonClaims,
    /// The client, as one string (UX Q22).
    pub aud: &'a str,
    /// Expires at, in seconds.
    pub exp: i64,
    /// Issued at, in seconds.
    pub iat: i64,
    /// When the person signed in, in seconds.
    pub auth_time: i64,
    /// How, by RFC 8176.
    pub amr: &'a [String],
    /// How surely.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<&'static str>,
    /// As in the request; left out on refresh (PROTOCOL P16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// Binds the access token (OIDC Core §3.1.3.6, §3.2.2.10).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_hash: Option<String>,
    /// Binds the code (OIDC Core §3.3.2.11).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub c_hash: Option<String>,
    /// Binds the state (Financial-grade API 1.0 part 2 §5.2.2.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s_hash: Option<String>,
    /// The session, for this client alone (PROTOCOL P26).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// Userinfo as a JWT (OIDC Core §5.3.2): with who says it and to whom.
#[derive(Debug, Clone, Serialize)]
pub struct UserinfoClaims<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The client.
    pub aud: &'a str,
    /// The person.
    #[serde(flatten)]
    pub person: PersonClaims,
}

/// What is said of a person (OIDC Core §5.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// Never changed or reused.
    pub sub: String,
    /// Those that were released and have a value; none is called as one of [`Claims`].
    #[serde(flatten)]
    pub claims: Map<String, Value>,
}

/// The session's name for one client: stable, and no link between clients (PROTOCOL P26).
#[must_use]
pub fn sid(session: Id, client_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes());
    let tag = hmac::sign(&key, client_id.as_bytes());
    base62::encode(tag.as_ref().get(..16).unwrap_or_default())
}
