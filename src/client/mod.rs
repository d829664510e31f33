//! Being a client of an authorization server, this one or any other, as `countersign try` and the demonstration's app
//! are. What a client must check is checked here; nothing of the server's own half is used for it but `jose`.

pub(crate) mod authorization;
pub(crate) mod device;
pub(crate) mod discovery;
pub(crate) mod id_token;
pub(crate) mod jwt;
pub(crate) mod receiver;
pub(crate) mod token;
pub(crate) mod userinfo;
pub(crate) mod wire;

use serde_json::Value;

use self::wire::{Received, Sent, Wire};

/// Why a client did not get what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// No answer.
    #[error("{url} does not answer: {why}")]
    Silence {
        /// Who was asked.
        url: String,
        /// What the system says.
        why: String,
    },
    /// An answer that is against the specifications, or not to what was asked. Nothing of it is used.
    #[error("{0}")]
    Unfit(String),
    /// The server said no (RFC 6749 §4.1.2.1, §5.2; RFC 8628 §3.5).
    #[error("the server refuses: {error}{}", .words.as_ref().map(|words| format!(": {words}")).unwrap_or_default())]
    Refused {
        /// `invalid_grant`, `access_denied` …
        error: String,
        /// `error_description`
        words: Option<String>,
    },
    /// Nobody came in time.
    #[error("{0}")]
    TimedOut(&'static str),
}

/// What a client's steps answer.
pub(crate) type Outcome<T> = Result<T, Failure>;

impl Failure {
    fn unfit<T>(words: impl Into<String>) -> Outcome<T> {
        Err(Self::Unfit(words.into()))
    }
}

async fn send(wire: &Wire, request: &Sent) -> Outcome<Received> {
    let url = || request.url.split(['?', '#']).next().unwrap_or_default().to_owned();
    wire.send(request).await.map_err(|error| Failure::Silence { url: url(), why: error.to_string() })
}

/// The JSON object of an answer; what it refuses with is a failure, whatever its status.
fn object(request: &Sent, reply: &Received) -> Outcome<serde_json::Map<String, Value>> {
    let Value::Object(members) = reply.json() else {
        let kind = reply.header("content-type").unwrap_or("nothing that names itself");
        let to = reply.header("location").map(|to| format!(" and points to {to}")).unwrap_or_default();
        let url = request.url.split(['?', '#']).next().unwrap_or_default();
        return Failure::unfit(format!("{url} answers {} with {kind} instead of a JSON object{to}", reply.status));
    };
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    match text("error") {
        Some(error) => Err(Failure::Refused { error, words: text("error_description") }),
        None if reply.status == 200 => Ok(members),
        None => {
            let url = request.url.split(['?', '#']).next().unwrap_or_default();
            Failure::unfit(format!("{url} answers {} without saying why", reply.status))
        }
    }
}

#[cfg(test)]
mod tests;
