//! Client authentication (RFC 6749 §2.3, §3.2.1): what a request presents, and whether that is the client's way.

pub mod assertion;
pub mod secret;

use std::net::IpAddr;

use assertion::PresentedAssertion;
use base64::{Engine, engine::general_purpose::STANDARD as B64};

use super::{
    Refusal,
    client_metadata::{AuthMethod, ClientMetadata},
    params::{self, Params},
};
use crate::secret::{Secret, kind::ClientSecret};

/// What a request says of its client; nothing is believed yet.
#[derive(Debug, Clone)]
pub struct PresentedCredentials {
    /// The client it names.
    pub client_id: String,
    /// The secret, and how it came.
    pub secret: Option<PresentedSecret>,
    /// An assertion in place of a secret; there is never both.
    pub assertion: Option<PresentedAssertion>,
    /// From where, as far as that is known: guessing is slowed by it.
    pub address: Option<IpAddr>,
}

/// A secret and the way it was sent.
#[derive(Debug, Clone)]
pub struct PresentedSecret {
    /// `client_secret_basic` or `client_secret_post`.
    pub method: AuthMethod,
    /// Decoded as the specification says.
    pub secret: Secret<ClientSecret>,
    /// As sent, where a client skipped the encoding and that makes a difference (UX Q1).
    pub raw: Option<Secret<ClientSecret>>,
}

impl PresentedCredentials {
    /// From the `Authorization` header (if there is one of the Basic scheme) and the body.
    ///
    /// # Errors
    /// [`Refusal`] for an unreadable header, two ways at once, two names, or a way nobody here can check.
    pub fn parse(authorization: Option<&str>, params: &Params) -> Result<Self, Refusal> {
        let (named, posted) = (params.find("client_id"), params.find("client_secret"));
        let asserted =
            ["client_assertion", "client_assertion_type"].into_iter().any(|name| params.find(name).is_some());
        if asserted && (authorization.is_some() || posted.is_some()) {
            return Err(Refusal::CredentialsTwice);
        }
        if let Some((client_id, assertion)) = PresentedAssertion::parse(params)? {
            return Ok(Self { client_id, secret: None, assertion: Some(assertion), address: None });
        }
        let Some(basic) = authorization.map(parse_basic).transpose()? else {
            let client_id = named.ok_or(Refusal::ClientMissing)?.to_owned();
            let secret = posted.map(|secret| PresentedSecret {
                method: AuthMethod::ClientSecretPost,
                secret: Secret::presented(secret),
                raw: None,
            });
            return Ok(Self { client_id, secret, assertion: None, address: None });
        };
        if posted.is_some() {
            return Err(Refusal::CredentialsTwice);
        }
        if named.is_some_and(|named| named != basic.client_id) {
            return Err(Refusal::CredentialsConflict);
        }
        Ok(basic)
    }
}

/// RFC 7617, with RFC 6749 §2.3.1's form-encoding of both halves. The scheme's name has no case.
fn parse_basic(header: &str) -> Result<PresentedCredentials, Refusal> {
    let bad = Refusal::BasicMalformed;
    let (scheme, encoded) = header.trim().split_once(' ').ok_or(bad.clone())?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(bad);
    }
    let text = basic_text(encoded).ok_or(bad.clone())?;
    let (id, secret) = text.split_once(':').ok_or(bad.clone())?;
    let decoded_id = params::decode(id.as_bytes()).unwrap_or_else(|| id.to_owned());
    if decoded_id.is_empty() || decoded_id.contains('\0') {
        return Err(bad);
    }
    let decoded = params::decode(secret.as_bytes());
    let differs = decoded.as_deref() != Some(secret);
    Ok(PresentedCredentials {
        client_id: decoded_id,
        secret: (!secret.is_empty()).then(|| PresentedSecret {
            method: AuthMethod::ClientSecretBasic,
            secret: Secret::presented(decoded.as_deref().unwrap_or(secret)),
            raw: differs.then(|| Secret::presented(secret)),
        }),
        assertion: None,
        address: None,
    })
}

/// What is encoded behind the word Basic (RFC 7617 §2): a name, a colon and a password; `None` where it is no Base64.
/// Some send Latin-1, where every byte is a letter (UX Q1).
#[must_use]
pub fn basic_text(encoded: &str) -> Option<String> {
    let bytes = B64.decode(encoded.trim()).ok()?;
    Some(String::from_utf8(bytes).unwrap_or_else(|other| other.into_bytes().into_iter().map(char::from).collect()))
}

/// Is this way of authenticating the one the client was registered with? Whether the secret is right comes after.
///
/// # Errors
/// [`Refusal`] for another method, for a confidential client without a secret, and for a public one with an
/// invented secret.
pub fn check_method(presented: &PresentedCredentials, client: &ClientMetadata) -> Result<(), Refusal> {
    let registered = client.token_endpoint_auth_method;
    if let Some(assertion) = &presented.assertion {
        let used = assertion.method();
        let refused = || Refusal::MethodNotRegistered(used.name(), registered.name());
        return if used == registered { Ok(()) } else { Err(refused()) };
    }
    match (&presented.secret, registered) {
        (None, AuthMethod::None) | (Some(_), AuthMethod::AnySecret) => Ok(()),
        (None, _) => Err(Refusal::SecretMissing),
        (Some(secret), _) if secret.method == registered => Ok(()),
        (Some(secret), _) => Err(Refusal::MethodNotRegistered(secret.method.name(), registered.name())),
    }
}

#[cfg(test)]
mod tests;
