//! ID tokens (OIDC Core §2): the plain part.

use aws_lc_rs::hmac;
use serde::Serialize;

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
    /// As in the request; left out on refresh (PROTOCOL P16).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nonce: Option<&'a str>,
    /// Binds the access token (OIDC Core §3.1.3.6).
    pub at_hash: String,
    /// The session, for this client alone (PROTOCOL P26).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sid: Option<String>,
}

/// What `openid`, `profile` and `email` say of a person (OIDC Core §5.1, §5.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PersonClaims {
    /// Never changed or reused.
    pub sub: String,
    /// Full name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The name to sign in with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub preferred_username: Option<String>,
    /// When any of this last changed, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<i64>,
    /// Email address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Was it shown to be theirs?
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
}

/// The session's name for one client: stable, and no link between clients (PROTOCOL P26).
#[must_use]
pub fn sid(session: Id, client_id: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, session.as_bytes());
    let tag = hmac::sign(&key, client_id.as_bytes());
    base62::encode(tag.as_ref().get(..16).unwrap_or_default())
}
