//! Signing and verifying compact JWTs (RFC 7515, RFC 7519), by the advice of RFC 8725.
//!
//! Times are not checked here: they are checked by our own rule against our own clock.

use aws_lc_rs::digest;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};

use super::{BadKey, MacKey, Protection, PublicKey, SigningKey};

/// What a token says of itself before anything is believed. `jku`, `x5u`, `x5c` and `jwk` are ignored by never being
/// read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Header {
    /// What it says it is signed with.
    pub alg: String,
    /// The key it names.
    pub kid: Option<String>,
    /// Its kind, such as `at+jwt` (RFC 8725 §3.11).
    pub typ: Option<String>,
}

/// Not a token this key signed, or one of another kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token's signature or kind is wrong")]
pub struct Unverified;

/// What protects a token that we make.
#[derive(Clone, Copy)]
pub enum Signer<'a> {
    /// One of our keys.
    Key(&'a SigningKey),
    /// A secret that the reader knows as well.
    Mac(&'a MacKey),
    /// Nothing (`none`). There is no [`Verifier`] for it: such a token proves nothing to us.
    Unsecured,
}

/// What a token is verified with. Each knows the one algorithm it is for.
#[derive(Clone, Copy)]
pub enum Verifier<'a> {
    /// The public half of the key that signed it.
    Key(&'a PublicKey),
    /// The secret it was made with.
    Mac(&'a MacKey),
}

impl Signer<'_> {
    const fn protection(self) -> Protection {
        match self {
            Self::Key(key) => Protection::Signature(key.algorithm()),
            Self::Mac(key) => Protection::Mac(key.algorithm()),
            Self::Unsecured => Protection::Unsecured,
        }
    }
}

impl<'a> From<&'a SigningKey> for Signer<'a> {
    fn from(key: &'a SigningKey) -> Self {
        Self::Key(key)
    }
}

impl<'a> From<&'a std::sync::Arc<SigningKey>> for Signer<'a> {
    fn from(key: &'a std::sync::Arc<SigningKey>) -> Self {
        Self::Key(key)
    }
}

impl<'a> From<&'a MacKey> for Signer<'a> {
    fn from(key: &'a MacKey) -> Self {
        Self::Mac(key)
    }
}

impl<'a> From<&'a PublicKey> for Verifier<'a> {
    fn from(key: &'a PublicKey) -> Self {
        Self::Key(key)
    }
}

impl<'a> From<&'a MacKey> for Verifier<'a> {
    fn from(key: &'a MacKey) -> Self {
        Self::Mac(key)
    }
}

/// Signs `claims`.
///
/// # Errors
/// [`BadKey`] when the library refuses to sign.
pub fn sign<'a>(signer: impl Into<Signer<'a>>, typ: &str, claims: &impl Serialize) -> Result<String, BadKey> {
    #[derive(Serialize)]
    struct Protected<'a> {
        alg: &'a str,
        typ: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        kid: Option<&'a str>,
    }
    let signer = signer.into();
    let kid = if let Signer::Key(key) = signer { Some(key.kid()) } else { None };
    let header = Protected { alg: signer.protection().name(), typ, kid };
    let bad = |_| BadKey("claims of the");
    let (mut json, mut token) = (Vec::with_capacity(512), String::with_capacity(768));
    serde_json::to_writer(&mut json, &header).map_err(bad)?;
    B64.encode_string(&json, &mut token);
    token.push('.');
    json.clear();
    serde_json::to_writer(&mut json, claims).map_err(bad)?;
    B64.encode_string(&json, &mut token);
    let signature = match signer {
        Signer::Key(key) => key.signature(token.as_bytes())?,
        Signer::Mac(key) => key.tag(token.as_bytes()),
        Signer::Unsecured => Vec::new(),
    };
    token.push('.');
    B64.encode_string(signature, &mut token);
    Ok(token)
}

/// Reads the header alone, to find the key. `None` also for extensions that have to be understood and are not
/// (RFC 7515 §4.1.11).
#[must_use]
pub fn peek_header(token: &str) -> Option<Header> {
    #[derive(Deserialize)]
    struct Critical {
        crit: Option<IgnoredAny>,
    }
    let (header, [_, _]) = parts(token)?;
    let bytes = B64.decode(header).ok()?;
    let critical: Critical = serde_json::from_slice(&bytes).ok()?;
    if critical.crit.is_some() {
        return None;
    }
    serde_json::from_slice(&bytes).ok()
}

/// Reads the claims without believing any of them: to find out whose key has to be looked for.
#[must_use]
pub fn peek_claims<C: DeserializeOwned>(token: &str) -> Option<C> {
    let (_, [claims, _]) = parts(token)?;
    serde_json::from_slice(&B64.decode(claims).ok()?).ok()
}

/// Verifies that the token was signed with the verifier's own algorithm and that it is of kind `typ`; gives its claims.
///
/// # Errors
/// [`Unverified`] for anything else.
pub fn verify<'a, C: DeserializeOwned>(
    verifier: impl Into<Verifier<'a>>,
    typ: &str,
    token: &str,
) -> Result<C, Unverified> {
    let (header, claims) = believed(verifier.into(), token)?;
    match header.typ {
        Some(found) if found.eq_ignore_ascii_case(typ) => Ok(claims),
        _ => Err(Unverified),
    }
}

/// The same for a token whose kind, if it names one, its readers have to judge: whoever made it is not us.
///
/// # Errors
/// [`Unverified`] for anything else.
pub fn verify_any<'a, C: DeserializeOwned>(verifier: impl Into<Verifier<'a>>, token: &str) -> Result<C, Unverified> {
    believed(verifier.into(), token).map(|(_, claims)| claims)
}

/// What a token says, once its signature is found to be the verifier's.
fn believed<C: DeserializeOwned>(verifier: Verifier<'_>, token: &str) -> Result<(Header, C), Unverified> {
    let header = peek_header(token).ok_or(Unverified)?;
    let (message, signature) = token.rsplit_once('.').ok_or(Unverified)?;
    let good = match verifier {
        Verifier::Key(key) => header.alg == key.algorithm().name() && key.verifies(message.as_bytes(), signature),
        Verifier::Mac(key) => {
            let tag = B64.decode(signature).map_err(|_| Unverified)?;
            header.alg == key.algorithm().name() && key.verifies(message.as_bytes(), &tag)
        }
    };
    if !good {
        return Err(Unverified);
    }
    Ok((header, peek_claims(token).ok_or(Unverified)?))
}

/// Reads a token that nobody signed (`none`, RFC 7518 §3.6): for readers to whom it is worth no more than that.
///
/// # Errors
/// [`Unverified`] when it says that it is signed.
pub fn read_unsecured<C: DeserializeOwned>(token: &str) -> Result<C, Unverified> {
    let header = peek_header(token).ok_or(Unverified)?;
    let is_unsigned = header.alg == Protection::Unsecured.name() && token.ends_with('.');
    peek_claims(token).filter(|_| is_unsigned).ok_or(Unverified)
}

/// The left half of the hash of `text`: `at_hash`, `c_hash` (`OpenID` Connect Core §3.1.3.6, §3.3.2.11).
#[must_use]
pub fn half_hash(protection: impl Into<Protection>, text: &str) -> String {
    let hash = digest::digest(protection.into().digest(), text.as_bytes());
    let (left, _) = hash.as_ref().split_at(hash.as_ref().len() / 2);
    B64.encode(left)
}

/// Header, and claims with signature. Neither more nor fewer parts (RFC 7515 §7.1).
fn parts(token: &str) -> Option<(&str, [&str; 2])> {
    let (header, rest) = token.split_once('.')?;
    let (claims, signature) = rest.split_once('.')?;
    (!signature.contains('.')).then_some((header, [claims, signature]))
}

#[cfg(test)]
mod tests;
