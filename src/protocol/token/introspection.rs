//! Token introspection (RFC 7662), and who may see what (PROTOCOL P15).

use serde::Serialize;

use super::access_token::{AccessToken, OneOrMany};
use crate::protocol::client_metadata::Client;

/// The answer. Everything that may not be seen is exactly `{"active":false}`.
#[derive(Debug, Clone, Serialize, Default)]
#[expect(missing_docs, reason = "the members of RFC 7662 §2.2")]
pub struct Introspection {
    pub active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iat: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub aud: Option<OneOrMany<'static>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iss: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jti: Option<String>,
}

/// May `caller` see this access token? Its own it may; an API's client those whose `aud` is its resource; public
/// clients none.
#[must_use]
pub fn may_see(caller: &Client, token: &AccessToken) -> bool {
    !caller.metadata.is_public()
        && (caller.client_id == token.client_id
            || caller.metadata.introspect.iter().any(|resource| token.audience.contains(resource)))
}
