//! The device authorization grant as the device sees it: RFC 8628.

use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};
use url::Url;

use super::{
    Failure, Outcome,
    discovery::Provider,
    object, send,
    token::{self, Credentials, Tokens},
    wire::Wire,
};

/// What the person is shown, and how to ask for the outcome (RFC 8628 §3.2).
#[derive(Debug, Clone)]
pub(crate) struct Shown {
    code: String,
    /// What the person types.
    pub(crate) user_code: String,
    /// Where they type it.
    pub(crate) verification_uri: String,
    /// The same with the code in it.
    pub(crate) complete: Option<String>,
    /// How long the codes live.
    pub(crate) lifetime: Duration,
    interval: Duration,
}

/// The wait between two questions when the server names none (RFC 8628 §3.2).
const USUAL_INTERVAL: Duration = Duration::from_secs(5);
/// What `slow_down` adds (RFC 8628 §3.5).
const SLOWER: Duration = Duration::from_secs(5);
/// Longer than this nobody is waited for, whatever the server says.
const LONGEST: Duration = Duration::from_hours(1);

/// Asks for codes.
///
/// # Errors
/// [`Failure`].
pub(crate) async fn begin(
    wire: &Wire,
    provider: &Provider,
    client: &Credentials,
    pairs: &[(&str, &str)],
) -> Outcome<Shown> {
    let endpoint = provider.device_authorization_endpoint.as_ref();
    let endpoint = provider.need("device authorization endpoint", endpoint)?;
    let request = token::form(provider, client, endpoint, pairs);
    let members = object(&request, &send(wire, &request).await?)?;
    let text = |name: &str| members.get(name).and_then(Value::as_str).map(str::to_owned);
    let need = |name: &str| text(name).ok_or_else(|| Failure::Unfit(format!("the server answers without a {name}")));
    let seconds = |name: &str| members.get(name).and_then(Value::as_u64).map(Duration::from_secs);
    let page = |url: &String| Url::parse(url).is_ok_and(|url| ["http", "https"].contains(&url.scheme()));
    let verification_uri = need("verification_uri")?;
    if !page(&verification_uri) {
        return Failure::unfit(format!("{verification_uri} is no page that somebody could open"));
    }
    let lifetime = seconds("expires_in");
    Ok(Shown {
        code: need("device_code")?,
        user_code: need("user_code")?,
        verification_uri,
        complete: text("verification_uri_complete").filter(page),
        lifetime: lifetime
            .ok_or_else(|| Failure::Unfit("the server answers without an expires_in".to_owned()))?
            .min(LONGEST),
        interval: seconds("interval").unwrap_or(USUAL_INTERVAL).max(Duration::from_secs(1)),
    })
}

/// What an answer to the question means for the next one.
pub(super) enum Next {
    /// Ask again after this pause.
    Ask(Duration),
    /// That is it.
    Done(Outcome<Tokens>),
}

/// RFC 8628 §3.5: `slow_down` makes every later pause 5 s longer; who does not answer at all is asked half as often.
pub(super) fn next(interval: Duration, answer: Outcome<Tokens>) -> Next {
    match answer {
        Err(Failure::Refused { error, .. }) if error == "authorization_pending" => Next::Ask(interval),
        Err(Failure::Refused { error, .. }) if error == "slow_down" => Next::Ask(interval.saturating_add(SLOWER)),
        Err(Failure::Refused { error, .. }) if error == "expired_token" => Next::Done(Err(Failure::TimedOut(EXPIRED))),
        // the server is busy, or was for a moment not there
        Err(Failure::Silence { .. }) => Next::Ask(interval.saturating_mul(2)),
        Err(Failure::Refused { error, .. }) if error == "temporarily_unavailable" => {
            Next::Ask(interval.saturating_mul(2))
        }
        done => Next::Done(done),
    }
}

const EXPIRED: &str = "the code has expired before anybody entered it";

/// Asks until the person has decided or the codes have expired.
///
/// # Errors
/// [`Failure`], also for the person's no.
pub(crate) async fn wait(wire: &Wire, provider: &Provider, client: &Credentials, shown: &Shown) -> Outcome<Tokens> {
    let pairs = [("grant_type", "urn:ietf:params:oauth:grant-type:device_code"), ("device_code", shown.code.as_str())];
    let end = Instant::now() + shown.lifetime;
    let mut interval = shown.interval;
    loop {
        if Instant::now() + interval >= end {
            return Err(Failure::TimedOut(EXPIRED));
        }
        sleep(interval).await;
        match next(interval, token::ask(wire, provider, client, &pairs).await) {
            Next::Ask(pause) => interval = pause,
            Next::Done(outcome) => return outcome,
        }
    }
}
