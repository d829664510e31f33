//! What its programs read: an answer of the token endpoint, what is known of a token, permissions.

use serde_json::{Value, json};

use super::{Version, error, object, with_basic};
use crate::{clock::Ts, protocol::scope::Scope};

/// Does the answer have to be JSON? Under a version it always is; without one only for those who ask for it.
#[must_use]
pub fn wants_json(accept: Option<&str>, version: Option<Version>) -> bool {
    let asks = |accept: &str| accept.split(',').any(|range| media_type(range).eq_ignore_ascii_case("application/json"));
    version.is_some() || accept.is_some_and(asks)
}

fn media_type(range: &str) -> &str {
    range.split(';').next().unwrap_or_default().trim()
}

/// An access token, given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenReply<'a> {
    /// Letters, digits and `_`: nobody unescapes it (UX Q36).
    pub access_token: &'a str,
    /// What is left of its life, in seconds.
    pub expires_in: i64,
}

impl TokenReply<'_> {
    /// `access_token=…&expires=…`, and nothing after it: programs take the rest of the line for a number (UX Q36).
    #[must_use]
    pub fn to_form(&self) -> String {
        format!("access_token={}&expires={}", self.access_token, self.expires_in)
    }

    /// As a JSON object.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"access_token": self.access_token, "token_type": "bearer", "expires_in": self.expires_in})
    }
}

/// Why a token that is known is not valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invalid {
    /// Its life is over.
    Expired,
    /// It was taken back, or its person may not enter.
    Ended,
}

/// What `/debug_token` says of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Debugged<'a> {
    /// Whose token it is.
    pub app_id: &'a str,
    /// That app's name.
    pub application: &'a str,
    /// Is it a person's? Else it is the app's own.
    pub of_person: bool,
    /// Of whom, where that is told.
    pub user_id: Option<i64>,
    /// What it may do.
    pub scope: &'a Scope,
    /// Since when.
    pub issued_at: Ts,
    /// Until when.
    pub expires_at: Ts,
    /// `None`: it is valid.
    pub invalid: Option<Invalid>,
}

impl Debugged<'_> {
    /// As that service has it.
    #[must_use]
    pub fn to_json(&self, now: Ts) -> Value {
        let scopes: Vec<&str> = if self.of_person { with_basic(self.scope).collect() } else { Vec::new() };
        let error = self.invalid.map(|why| {
            let (subcode, message) = why.words(self.expires_at, now);
            json!({"code": error::TOKEN, "message": message, "subcode": subcode})
        });
        let data = object([
            ("app_id", Some(self.app_id.into())),
            ("type", Some(if self.of_person { "USER" } else { "APP" }.into())),
            ("application", Some(self.application.into())),
            ("user_id", self.user_id.map(|id| id.to_string().into())),
            ("issued_at", Some(self.issued_at.unix_seconds().into())),
            ("expires_at", Some(self.expires_at.unix_seconds().into())),
            ("is_valid", Some(self.invalid.is_none().into())),
            ("scopes", Some(scopes.into())),
            ("error", error),
        ]);
        json!({"data": data})
    }
}

impl Invalid {
    fn words(self, expired_at: Ts, now: Ts) -> (u16, String) {
        let (end, now) = (expired_at.unix_seconds(), now.unix_seconds());
        match self {
            Self::Expired => (
                error::EXPIRED,
                format!(
                    "Error validating access token: Session has expired at unix time {end}. The current unix time is \
                     {now}."
                ),
            ),
            Self::Ended => (
                error::NOT_AUTHORIZED,
                "Error validating access token: The user has not authorized the application.".to_owned(),
            ),
        }
    }
}

/// What `/debug_token` says of everything else: another app's token, an unknown one, any text (R-f6).
#[must_use]
pub fn debugged_nothing() -> Value {
    let error = json!({"code": error::TOKEN, "message": "Invalid OAuth access token."});
    json!({"data": {"error": error, "is_valid": false, "scopes": []}})
}

/// What `/me/permissions` lists: what the token may do, and what its person skipped.
#[must_use]
pub fn permissions(granted: &Scope, declined: &Scope) -> Value {
    let line = |name: &str, status: &str| json!({"permission": name, "status": status});
    let granted_lines = with_basic(granted).map(|name| line(name, "granted"));
    let skipped = declined.iter().filter(|name| !granted.has(name)).map(|name| line(name, "declined"));
    json!({"data": granted_lines.chain(skipped).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests;
