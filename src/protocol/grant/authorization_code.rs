//! The authorization code grant at the token endpoint (RFC 6749 §4.1.3).

use super::Standing;
use crate::{
    clock::Ts,
    protocol::{
        Refusal,
        params::Params,
        pkce::{self, CodeChallenge, CodeVerifier},
    },
    secret::{Secret, kind::AuthorizationCode},
};

/// What the client sends.
pub struct Request {
    /// The code.
    pub code: Secret<AuthorizationCode>,
    /// Where it was sent.
    pub redirect_uri: Option<String>,
    /// PKCE's answer.
    pub verifier: Option<CodeVerifier>,
}

impl Request {
    /// From the parameters.
    ///
    /// # Errors
    /// [`Refusal`] for a missing code or a malformed verifier.
    pub fn parse(params: &Params) -> Result<Self, Refusal> {
        Ok(Self {
            code: Secret::presented(params.need("code")?),
            redirect_uri: params.find("redirect_uri").map(str::to_owned),
            verifier: CodeVerifier::parse(params)?,
        })
    }
}

/// What was kept with the code.
#[derive(Debug, Clone)]
pub struct Kept<'a> {
    /// Whose it is.
    pub client_id: &'a str,
    /// Where the code was sent.
    pub redirect_uri: Option<&'a str>,
    /// Must the request name it, unless PKCE binds?
    pub redirect_uri_needed: bool,
    /// PKCE's question.
    pub challenge: Option<&'a CodeChallenge>,
    /// The end of the code's life.
    pub expires_at: Ts,
    /// When it was redeemed.
    pub used_at: Option<Ts>,
    /// Who comes again so soon after that, in seconds, is refused and ends nothing: a GET is repeated by right (R-f3).
    pub quiet_seconds: i64,
    /// Of grant, person and client.
    pub standing: Standing,
}

/// A request that has shown to come from whom the code was given to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Checked {
    /// Redeem it; the database says whether it is the first time.
    Redeemable,
    /// It was redeemed before: everything issued from it has to end (P20).
    Replayed,
}

/// Checks in this order, so that nobody but the rightful client learns or ends anything (PROTOCOL P20).
///
/// # Errors
/// [`Refusal`].
pub fn check(request: &Request, kept: &Kept<'_>, client_id: &str, now: Ts) -> Result<Checked, Refusal> {
    if kept.client_id != client_id {
        return Err(Refusal::CodeOfAnotherClient);
    }
    let rightful =
        check_redirect_uri(request, kept).and_then(|()| pkce::check(kept.challenge, request.verifier.as_ref()));
    match (kept.used_at, rightful) {
        (Some(used_at), Ok(())) if is_repeated_by_right(used_at, kept.quiet_seconds, now) => {
            return Err(Refusal::CodeSpent);
        }
        (Some(_), Ok(())) => return Ok(Checked::Replayed),
        (Some(_), Err(_)) => return Err(Refusal::CodeSpent),
        (None, rightful) => rightful?,
    }
    if kept.expires_at <= now {
        return Err(Refusal::CodeExpired);
    }
    kept.standing.check()?;
    Ok(Checked::Redeemable)
}

/// Does a code that was used at `used_at` come again so soon that it is no replay (PROTOCOL R-f3)? Without such seconds
/// never, also when a clock or another's view of it lies behind `used_at`.
#[must_use]
pub fn is_repeated_by_right(used_at: Ts, quiet_seconds: i64, now: Ts) -> bool {
    quiet_seconds > 0 && now < used_at.plus_seconds(quiet_seconds)
}

/// The same address as in the authorization request, where it has to be named; PKCE binds as well where it was left out.
fn check_redirect_uri(request: &Request, kept: &Kept<'_>) -> Result<(), Refusal> {
    match (&request.redirect_uri, kept.redirect_uri) {
        (Some(sent), Some(kept)) if sent == kept => Ok(()),
        (None, _) if !kept.redirect_uri_needed || kept.challenge.is_some() => Ok(()),
        _ => Err(Refusal::RedirectUriDiffers),
    }
}

#[cfg(test)]
mod tests;
