//! Signing and verifying compact JWTs (RFC 7515, RFC 7519), by the advice of RFC 8725.
//!
//! Times are not checked here: they are checked by our own rule against our own clock.

use std::collections::HashSet;

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Serialize, de::DeserializeOwned};

use super::{Algorithm, BadKey, PublicKey, SigningKey};

/// What a token says of itself before anything is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The key it names.
    pub kid: Option<String>,
    /// Its kind, such as `at+jwt` (RFC 8725 §3.11).
    pub typ: Option<String>,
}

/// Not a token this key signed, or one of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token's signature or kind is wrong")]
pub struct Unverified;

/// Signs `claims`.
///
/// # Errors
/// [`BadKey`] when the library refuses to sign.
pub fn sign(key: &SigningKey, typ: &str, claims: &impl Serialize) -> Result<String, BadKey> {
    #[derive(Serialize)]
    struct Protected<'a> {
        alg: &'a str,
        typ: &'a str,
        kid: &'a str,
    }
    let header = Protected { alg: key.algorithm().name(), typ, kid: key.kid() };
    let bad = |_| BadKey("claims of the");
    let mut token = String::with_capacity(768);
    B64.encode_string(serde_json::to_vec(&header).map_err(bad)?, &mut token);
    token.push('.');
    B64.encode_string(serde_json::to_vec(claims).map_err(bad)?, &mut token);
    let signature = key.signature(token.as_bytes())?;
    token.push('.');
    B64.encode_string(signature, &mut token);
    Ok(token)
}

/// Reads the header alone, to find the key. `jku`, `x5u` and `jwk` are ignored by never being read.
#[must_use]
pub fn peek_header(token: &str) -> Option<Header> {
    let header = jsonwebtoken::decode_header(token).ok()?;
    Some(Header { kid: header.kid, typ: header.typ })
}

/// Verifies that `key` signed the token with the key's own algorithm and that it is of kind `typ`; gives its claims.
///
/// # Errors
/// [`Unverified`] for anything else.
pub fn verify<C: DeserializeOwned>(key: &PublicKey, typ: &str, token: &str) -> Result<C, Unverified> {
    match signed(key, token)? {
        (Some(found), claims) if found.eq_ignore_ascii_case(typ) => Ok(claims),
        _ => Err(Unverified),
    }
}

/// As [`verify`], for a token that need not name its kind: another server's ID token (`OpenID` Connect Core §2).
///
/// # Errors
/// [`Unverified`] when `key` did not sign it.
pub fn verify_untyped<C: DeserializeOwned>(key: &PublicKey, token: &str) -> Result<C, Unverified> {
    signed(key, token).map(|(_, claims)| claims)
}

/// The kind and the claims of a token that `key` signed.
fn signed<C: DeserializeOwned>(key: &PublicKey, token: &str) -> Result<(Option<String>, C), Unverified> {
    let mut validation = jsonwebtoken::Validation::new(key.algorithm().for_verifying());
    validation.required_spec_claims = HashSet::new();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let decoded = jsonwebtoken::decode(token, key.decoding(), &validation).map_err(|_| Unverified)?;
    Ok((decoded.header.typ, decoded.claims))
}

/// The left half of the hash of `text`: `at_hash`, `c_hash` (`OpenID` Connect Core §3.1.3.6, §3.3.2.11).
#[must_use]
pub fn half_hash(algorithm: Algorithm, text: &str) -> String {
    let hash = match algorithm {
        Algorithm::Es256 | Algorithm::Rs256 => digest::digest(&digest::SHA256, text.as_bytes()),
    };
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    B64.encode(left)
}

#[cfg(test)]
mod tests;
