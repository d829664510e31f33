//! The token endpoint's answer (RFC 6749 §5.1, OIDC Core §3.1.3.3).

use serde::Serialize;

/// Members without a value are left out (UX Q7).
#[derive(Debug, Clone, Serialize)]
pub struct TokenResponse {
    /// The access token.
    pub access_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Its life in seconds.
    pub expires_in: i64,
    /// What it may do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope: String,
    /// RFC 6749 §1.5.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// OIDC Core §2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<String>,
}
