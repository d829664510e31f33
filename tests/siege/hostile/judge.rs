//! How answers are judged.

use super::{
    known::Known,
    message::{MARK, Message, Rules},
};
use crate::support::Answer;

/// What every answer of ours carries.
const HEADERS: &[&str] = &[
    "x-request-id",
    "x-content-type-options",
    "x-frame-options",
    "content-security-policy",
    "referrer-policy",
    "cache-control",
    "date",
];

/// What is wrong with the answer to this request.
pub(super) fn judge(known: &Known, sent: &Message, answer: &Answer) -> Result<(), String> {
    if sent.rules == Rules::Refused {
        return if (400..500).contains(&answer.status) { Ok(()) } else { Err("it was not refused".to_owned()) };
    }
    of_any(known, answer)?;
    let exact = sent.bytes.windows(known.client_id.len()).any(|part| part == known.client_id.as_bytes());
    if exact && is_another_port(known, answer.header("location")) {
        return Err("it leads to another port than the registered one".to_owned());
    }
    for name in HEADERS {
        if answer.header(name).is_empty() {
            return Err(format!("it has no {name}"));
        }
    }
    let body = String::from_utf8_lossy(&answer.body);
    let kind = answer.header("content-type");
    if kind.starts_with("text/html") {
        if body.contains(MARK) || body.contains("<zq") {
            return Err("it shows markup that came from outside".to_owned());
        }
    } else if !answer.body.is_empty()
        && !matches!(
            kind,
            "application/json" | "text/css; charset=utf-8" | "image/svg+xml" | "text/plain; charset=utf-8"
        )
    {
        return Err(format!("it is of the type {kind:?}"));
    }
    if is_machines(&sent.path) && !answer.body.is_empty() {
        let json = serde_json::from_slice::<serde_json::Value>(&answer.body);
        if kind != "application/json" || !json.is_ok_and(|value| value.is_object()) {
            return Err("a door for programs answers with something that is no JSON object".to_owned());
        }
    }
    match sent.rules {
        Rules::Forged if (200..300).contains(&answer.status) => Err("something forged was believed".to_owned()),
        Rules::ForgedInquiry if answer.status == 200 && body != r#"{"active":false}"# => {
            Err("something forged is active".to_owned())
        }
        _ => Ok(()),
    }
}

/// What is wrong with an answer to whatever it may be.
pub(super) fn of_any(known: &Known, answer: &Answer) -> Result<(), String> {
    if !(200..500).contains(&answer.status) {
        return Err("the server failed".to_owned());
    }
    let location = answer.header("location");
    if !location.is_empty() && !leads_home(known, location) {
        return Err("it leads elsewhere".to_owned());
    }
    for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
        if !cookie.starts_with("countersign_") {
            return Err("it sets a cookie that is none of ours".to_owned());
        }
    }
    Ok(())
}

/// Into the server itself, or to the registered address with an answer behind it.
fn leads_home(known: &Known, location: &str) -> bool {
    let inside = location.strip_prefix(&known.issuer).unwrap_or(location);
    let ours = inside.starts_with('/') && !inside.starts_with("//") && !inside.starts_with("/\\");
    let app = location.strip_prefix(&known.redirect_uri).or_else(|| behind_any_port(known, location));
    ours || app.is_some_and(|rest| rest.starts_with(['&', '#']))
}

/// What stands behind the registered address with whatever port: the public app's, which runs on people's own machines,
/// may be any (RFC 8252 §7.3).
fn behind_any_port<'a>(known: &Known, location: &'a str) -> Option<&'a str> {
    let (host, path) = known.redirect_uri.split_once(":9")?;
    let rest = location.strip_prefix(host)?;
    let rest = rest.strip_prefix(':').map_or(rest, |port| port.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.strip_prefix(path)
}

fn is_another_port(known: &Known, location: &str) -> bool {
    !location.starts_with(&known.redirect_uri) && behind_any_port(known, location).is_some()
}

fn is_machines(path: &str) -> bool {
    let people = ["/oauth2/authorize", "/oauth2/logout"];
    !people.contains(&path)
        && ["/oauth2/", "/.well-known/", "/api/", "/health/"].iter().any(|start| path.starts_with(start))
}
