//! OIDC Back-Channel Logout 1.0: what an app is told, and how often it is tried (PROTOCOL R-n1).

use serde::{Deserialize, Serialize};

/// The `typ` of a logout token's header (Back-Channel Logout §2.4): no other token of ours is taken for one.
pub const TYP: &str = "logout+jwt";
/// How long a logout token is good for, in seconds (Back-Channel Logout §2.4: at most two minutes).
pub const LIFETIME_SECONDS: i64 = 120;
/// Most notices that wait or failed, of one app. One that is new takes the place of one that failed, not of one that waits.
pub const MOST: i64 = 10_000;
/// How long one that failed can be read of, in seconds: 30 days.
pub const KEPT_SECONDS: i64 = 30 * 24 * 3600;
/// How long after each try the next one comes, in seconds: twelve tries within a day.
const PAUSES: [i64; 11] = [10, 30, 60, 300, 900, 1800, 3600, 3 * 3600, 4 * 3600, 6 * 3600, 8 * 3600];

/// The claims of a logout token (Back-Channel Logout §2.4). There is no `nonce`, so that it is no ID token.
#[derive(Debug, Clone, Serialize)]
pub struct Claims<'a> {
    /// The issuer.
    pub iss: &'a str,
    /// The person.
    pub sub: &'a str,
    /// The client.
    pub aud: &'a str,
    /// Issued at, in seconds.
    pub iat: i64,
    /// Expires at, in seconds.
    pub exp: i64,
    /// New at each try.
    pub jti: String,
    /// What happened.
    pub events: Events,
    /// The session, as in this client's ID tokens.
    pub sid: &'a str,
}

/// One event and nothing about it.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Events {
    #[serde(rename = "http://schemas.openid.net/event/backchannel-logout")]
    logout: Empty,
}

#[derive(Debug, Clone, Default, Serialize)]
struct Empty {}

/// What a try came to (Back-Channel Logout §2.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It has heard.
    Heard,
    /// It has heard and will not have it: asking again helps nobody.
    Refused,
    /// Perhaps another time.
    Failed,
}

impl Outcome {
    /// By the status of the answer.
    #[must_use]
    pub const fn of(status: u16) -> Self {
        match status {
            200 | 204 => Self::Heard,
            400 => Self::Refused,
            _ => Self::Failed,
        }
    }
}

/// How long after this many tries the next one comes, in seconds; `None`: that was enough.
#[must_use]
pub fn pause_seconds(tries: i64) -> Option<i64> {
    let past = usize::try_from(tries).ok()?.checked_sub(1)?;
    PAUSES.get(past).copied()
}

/// Is a client with this document to be told?
#[must_use]
pub fn is_wanted(document: &str) -> bool {
    #[derive(Deserialize)]
    struct Registered {
        backchannel_logout_uri: Option<String>,
    }
    serde_json::from_str::<Registered>(document).is_ok_and(|client| client.backchannel_logout_uri.is_some())
}

#[cfg(test)]
mod tests;
