//! `WebFinger` (RFC 7033), for one question: which issuer is somebody's (OIDC Discovery §2)?

use serde_json::{Value, json};
use url::{Url, form_urlencoded};

use super::Refusal;

/// The link that is asked for.
const ISSUER: &str = "http://openid.net/specs/connect/1.0/issuer";
/// Longest name that is looked at, in bytes.
const MAX_BYTES: usize = 1024;

/// Answers a query. Everybody of this issuer's host has this issuer, whether there is such a person or not: who is here is
/// nobody's business. `None`: the resource is somebody else's.
///
/// # Errors
/// [`Refusal::ParameterMissing`], [`Refusal::ParameterMalformed`].
pub fn answer(query: &str, issuer: &str) -> Result<Option<Value>, Refusal> {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut resources = pairs.iter().filter(|(name, _)| name == "resource").map(|(_, value)| value.as_str());
    let resource = resources.next().filter(|resource| !resource.is_empty());
    let resource = resource.ok_or(Refusal::ParameterMissing("resource"))?;
    if resources.next().is_some() {
        return Err(Refusal::ParameterRepeated("resource".into()));
    }
    if resource.len() > MAX_BYTES || resource.chars().any(char::is_control) {
        return Err(Refusal::ParameterMalformed("resource", "is too long or holds a control character"));
    }
    // malformed, it is a bad request and not one that nothing is known of (RFC 7033 §4.2)
    if Url::parse(resource).is_err() {
        return Err(Refusal::ParameterMalformed("resource", "is no URI"));
    }
    if !is_ours(resource, issuer) {
        return Ok(None);
    }
    let mut asked = pairs.iter().filter(|(name, _)| name == "rel").peekable();
    // RFC 7033 §4.3: without `rel` all links, with it those that are named
    let wanted = asked.peek().is_none() || asked.any(|(_, rel)| rel == ISSUER);
    let links = if wanted { vec![json!({"rel": ISSUER, "href": issuer})] } else { Vec::new() };
    Ok(Some(json!({"subject": resource, "links": links})))
}

/// `acct:somebody@host`, or an address below the issuer's host (OIDC Discovery §2.1).
fn is_ours(resource: &str, issuer: &str) -> bool {
    let Ok(issuer) = Url::parse(issuer) else { return false };
    let host = issuer.host_str().unwrap_or_default();
    let with_port = issuer.port().map(|port| format!("{host}:{port}"));
    let same = |other: &str| other.eq_ignore_ascii_case(host) || with_port.as_deref() == Some(other);
    match resource.split_once(':') {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("acct") => {
            rest.rsplit_once('@').is_some_and(|(name, host)| !name.is_empty() && same(host))
        }
        _ => Url::parse(resource).is_ok_and(|url| {
            url.scheme() == issuer.scheme() && url.host() == issuer.host() && url.port() == issuer.port()
        }),
    }
}

#[cfg(test)]
mod tests;
