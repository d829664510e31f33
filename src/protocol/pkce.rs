//! Proof Key for Code Exchange (RFC 7636): S256 alone.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{Refusal, params::Params};

/// SHA-256 of the verifier, base64url without padding: 43 characters (RFC 7636 §4.2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeChallenge(String);

impl CodeChallenge {
    /// From the authorization request. RFC 7636 §4.3, §4.4.1; RFC 9700 §2.1.1.
    ///
    /// # Errors
    /// [`Refusal`] when `required` and absent, malformed, or of another method than S256.
    pub fn parse(params: &Params, required: bool) -> Result<Option<Self>, Refusal> {
        match (params.find("code_challenge"), params.find("code_challenge_method")) {
            (None, None) if required => Err(Refusal::ChallengeMissing),
            (None, None) => Ok(None),
            // an attacker stripped the challenge and left the method
            (None, Some(_)) => Err(Refusal::ParameterMissing("code_challenge")),
            // no method means plain (RFC 7636 §4.3), which is refused
            (Some(challenge), Some("S256")) => Self::from_stored(challenge)
                .map(Some)
                .ok_or(Refusal::ParameterMalformed("code_challenge", "must be 43 characters of base64url")),
            (Some(_), _) => Err(Refusal::ChallengeMethodUnsupported),
        }
    }

    /// From the database.
    #[must_use]
    pub fn from_stored(text: &str) -> Option<Self> {
        (text.len() == 43 && B64.decode(text).is_ok()).then(|| Self(text.to_owned()))
    }

    /// As stored and as sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn is_answered_by(&self, verifier: &CodeVerifier) -> bool {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, verifier.0.as_bytes());
        B64.encode(digest).as_bytes().ct_eq(self.0.as_bytes()).into()
    }
}

/// What the client drew at random (RFC 7636 §4.1).
pub struct CodeVerifier(String);

impl CodeVerifier {
    /// From the token request.
    ///
    /// # Errors
    /// [`Refusal`] when it is not 43 to 128 unreserved characters.
    pub fn parse(params: &Params) -> Result<Option<Self>, Refusal> {
        let Some(text) = params.find("code_verifier") else { return Ok(None) };
        let fits = (43..=128).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
        if fits {
            Ok(Some(Self(text.to_owned())))
        } else {
            Err(Refusal::ParameterMalformed("code_verifier", "must be 43 to 128 letters, digits or any of -._~"))
        }
    }
}

/// Does the verifier answer the challenge kept with the code? RFC 7636 §4.6, RFC 9700 §2.1.1.
///
/// # Errors
/// [`Refusal`] when it does not, when one of the two is missing, and when there was no challenge to answer.
pub fn check(kept: Option<&CodeChallenge>, sent: Option<&CodeVerifier>) -> Result<(), Refusal> {
    match (kept, sent) {
        (None, None) => Ok(()),
        (Some(challenge), Some(verifier)) if challenge.is_answered_by(verifier) => Ok(()),
        (Some(_), Some(_)) => Err(Refusal::VerifierWrong),
        (Some(_), None) => Err(Refusal::VerifierMissing),
        (None, Some(_)) => Err(Refusal::VerifierUnasked),
    }
}

#[cfg(test)]
mod tests;
