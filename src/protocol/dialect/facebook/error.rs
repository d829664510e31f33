//! Its errors: one object with words, a type, a code and sometimes a finer one; programs go by the codes.

use serde_json::{Value, json};

use super::object;
use crate::protocol::{ErrorCode, Refusal};

/// What an error says in that service's manner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphError {
    /// The HTTP status.
    pub status: u16,
    /// What programs go by.
    pub code: u16,
    /// The finer code, where that service has one.
    pub subcode: Option<u16>,
    /// What people read: plain ASCII.
    pub message: String,
}

/// "Invalid access token".
pub const TOKEN: u16 = 190;
/// Finer: the person took it back, or never allowed it.
pub const NOT_AUTHORIZED: u16 = 458;
/// Finer: it has expired.
pub const EXPIRED: u16 = 463;

const UNKNOWN: u16 = 1;
const SERVICE: u16 = 2;
const CAPABILITY: u16 = 3;
const TOO_MANY: u16 = 4;
const PARAMETER: u16 = 100;
const APP: u16 = 101;
const REDIRECT: u16 = 191;
const PERMISSION: u16 = 200;
const NO_TOKEN: u16 = 2500;
const NOT_SHOWN: u16 = 33;
const CODE_EXPIRED: u16 = 36007;
const CODE_REDIRECT: u16 = 36008;
const CODE_USED: u16 = 36009;

/// What it says where a person did not allow anything.
const DENIED: &str = "Permissions error";

impl GraphError {
    fn new(status: u16, code: u16, message: impl Into<String>) -> Self {
        Self { status, code, subcode: None, message: message.into() }
    }

    fn finer(self, subcode: u16) -> Self {
        Self { subcode: Some(subcode), ..self }
    }

    /// Nothing is at this path.
    #[must_use]
    pub fn unknown_path() -> Self {
        Self::new(404, NO_TOKEN, "Unknown path components")
    }

    /// The path has other methods.
    #[must_use]
    pub fn wrong_method() -> Self {
        Self::new(405, PARAMETER, "Unsupported request method")
    }

    /// A refusal in its manner.
    #[must_use]
    pub fn of(why: &Refusal) -> Self {
        let words = why.description();
        match why {
            Refusal::ClientMissing | Refusal::ParameterMissing("client_id") => {
                Self::new(400, APP, "Missing client_id parameter.")
            }
            Refusal::ClientUnknown | Refusal::AppUnknown(_) | Refusal::NotOfDialect(_) => {
                Self::new(400, APP, "Error validating application. Invalid application ID.")
            }
            Refusal::SecretMissing => Self::new(400, UNKNOWN, "Missing client_secret parameter."),
            Refusal::SecretWrong => Self::new(400, UNKNOWN, "Error validating client secret."),
            Refusal::RedirectUriMissing | Refusal::ParameterMissing("redirect_uri") => {
                Self::new(400, REDIRECT, "Missing redirect_uri parameter.")
            }
            Refusal::RedirectUriUnregistered(_) => Self::new(400, REDIRECT, words),
            Refusal::ParameterMissing("code") => Self::new(400, UNKNOWN, "Missing authorization code"),
            Refusal::CodeUnknown => Self::new(400, PARAMETER, "Invalid verification code format."),
            Refusal::CodeExpired => {
                Self::new(400, PARAMETER, "This authorization code has expired.").finer(CODE_EXPIRED)
            }
            Refusal::CodeReplayed | Refusal::CodeSpent => {
                Self::new(400, PARAMETER, "This authorization code has been used.").finer(CODE_USED)
            }
            Refusal::RedirectUriDiffers => Self::new(
                400,
                PARAMETER,
                "Error validating verification code. Please make sure your redirect_uri is identical to the one you \
                 used in the OAuth dialog request",
            )
            .finer(CODE_REDIRECT),
            Refusal::CodeOfAnotherClient => {
                Self::new(400, PARAMETER, "Error validating verification code. It belongs to another application.")
            }
            Refusal::GrantTypeUnknown => Self::new(
                400,
                PARAMETER,
                "Invalid grant_type. Supported types: authorization_code, client_credentials, fb_exchange_token",
            ),
            Refusal::GrantEnded => {
                Self::new(400, TOKEN, "Error validating access token: The user has not authorized the application.")
                    .finer(NOT_AUTHORIZED)
            }
            Refusal::TokenMissing => Self::new(
                400,
                NO_TOKEN,
                "An active access token must be used to query information about the current user.",
            ),
            Refusal::QueryTokenNotAllowed => Self::new(400, TOKEN, words),
            Refusal::TokenInvalid => Self::new(400, TOKEN, "Invalid OAuth access token."),
            Refusal::PersonNotShown => Self::new(
                400,
                PARAMETER,
                "Unsupported request. An object with this ID does not exist, or cannot be loaded with this token.",
            )
            .finer(NOT_SHOWN),
            Refusal::ScopeInsufficient(scope) => {
                Self::new(403, PERMISSION, format!("(#200) Requires the permission: {scope}"))
            }
            Refusal::Denied => Self::new(403, PERMISSION, DENIED),
            Refusal::TooManyTries | Refusal::TooManyCalls => {
                Self::new(why.status(), TOO_MANY, "(#4) Application request limit reached")
            }
            _ => match why.code() {
                ErrorCode::InvalidClient => Self::new(400, UNKNOWN, words),
                ErrorCode::UnauthorizedClient => Self::new(400, CAPABILITY, format!("(#3) {words}")),
                ErrorCode::TemporarilyUnavailable => Self::new(why.status(), SERVICE, words),
                ErrorCode::ServerError => Self::new(why.status(), UNKNOWN, words),
                _ => Self::new(why.status(), PARAMETER, format!("(#100) {words}")),
            },
        }
    }

    /// The body. `trace`: the id under which the log has the request.
    #[must_use]
    pub fn to_json(&self, trace: &str) -> Value {
        let kind = if self.status == 405 { "GraphMethodException" } else { "OAuthException" };
        let error = object([
            ("message", Some(self.message.as_str().into())),
            ("type", Some(kind.into())),
            ("code", Some(self.code.into())),
            ("error_subcode", self.subcode.map(Into::into)),
            ("is_transient", (self.code == SERVICE).then(|| true.into())),
            ("fbtrace_id", Some(trace.into())),
        ]);
        json!({"error": error})
    }

    /// What stands in `WWW-Authenticate` beside it; only where it is about a token or a credential.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        (matches!(self.code, TOKEN | NO_TOKEN) && self.status == 400)
            .then(|| format!("OAuth \"Facebook Platform\" \"invalid_token\" \"{}\"", self.message))
    }
}

/// The parameters of a redirect that carries an error: those of today, and `description` as in its first years.
#[must_use]
pub fn redirect_error(why: &Refusal) -> Vec<(&'static str, String)> {
    let GraphError { code, message, .. } = GraphError::of(why);
    let mut members = vec![("error", why.code().text().to_owned()), ("error_code", code.to_string())];
    let description = if *why == Refusal::Denied {
        members.push(("error_reason", "user_denied".to_owned()));
        "The user denied your request.".to_owned()
    } else {
        message.clone()
    };
    members.push(("error_description", message.clone()));
    members.push(("error_message", message));
    members.push(("description", description));
    members
}

#[cfg(test)]
mod tests;
