//! Request objects (OIDC Core §6, RFC 9101): the parameters of a request in a JWT of the client's.

use serde_json::Value;

use super::request::PARAMETERS;
use crate::{
    clock::Ts,
    jose::{
        self, Header, Protection,
        jwe::{self, Label},
    },
    protocol::{
        Refusal,
        client_auth::assertion::AHEAD_SECONDS,
        client_metadata::ClientMetadata,
        document::Document,
        numeric_date::seconds,
        params::{Params, Repeatable},
    },
};

/// Longest object, in bytes.
pub const MAX_BYTES: usize = 32 * 1024;
/// Longest request that comes of one, in bytes as a form: it is carried along while a person signs in.
const MAX_FORM_BYTES: usize = 24 * 1024;

/// Of what kinds an object may say to be, without `application/`: the same key signs other tokens, which are no requests
/// (RFC 9101 §10.8, RFC 8725 §3.11).
const TYPES: [&str; 2] = ["oauth-authz-req+jwt", "jwt"];

/// An object as it came; nothing is believed yet.
#[derive(Debug, Clone, Copy)]
pub struct Presented<'a> {
    /// The JWT.
    pub text: &'a str,
    /// How it says it is protected.
    pub protection: Protection,
}

impl<'a> Presented<'a> {
    /// Reads the header. Is it made as the client is registered to make it?
    ///
    /// # Errors
    /// [`Refusal::RequestObjectUnfit`], [`Refusal::RequestObjectUnsigned`].
    pub fn parse(text: &'a str, client: &ClientMetadata) -> Result<(Self, Header), Refusal> {
        let header = jose::peek_header(text).ok_or(Refusal::RequestObjectUnfit("is not a JWT"))?;
        let protection = Protection::parse(&header.alg);
        let protection = protection.ok_or(Refusal::RequestObjectUnfit("has an alg that is not supported"))?;
        if !is_request(header.typ.as_deref()) {
            return Err(Refusal::RequestObjectUnfit("is a JWT of another kind (typ)"));
        }
        match client.request_object_signing_alg {
            Some(registered) if registered != protection => {
                Err(Refusal::RequestObjectUnfit("has another alg than the client is registered for"))
            }
            None if protection == Protection::Unsecured && client.must_sign_objects() => {
                Err(Refusal::RequestObjectUnsigned)
            }
            _ => Ok((Self { text, protection }, header)),
        }
    }

    /// Did the client sign it?
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.protection != Protection::Unsecured
    }
}

/// What an object is in, if it is encrypted: in five parts, where a signed one has three (RFC 7516 §9).
///
/// # Errors
/// [`Refusal::RequestObjectUnfit`] for more than is read; [`Refusal::RequestObjectSealed`] for what no key of ours opens.
pub fn envelope(text: &str) -> Result<Option<Label>, Refusal> {
    if text.len() > MAX_BYTES {
        return unfit("is larger than 32 KiB");
    }
    if text.split('.').count() != 5 {
        return Ok(None);
    }
    let label = jwe::peek(text).filter(|label| is_request(label.cty.as_deref()));
    label.map(Some).ok_or(Refusal::RequestObjectSealed)
}

/// Is this an object of the client, for us, now? (OIDC Core §6.1, RFC 9101 §4, §6) It may be presented again until it
/// expires: it is a question, which a person answers each time.
///
/// # Errors
/// [`Refusal::RequestObjectUnfit`].
pub fn check(claims: &Document, client_id: &str, issuer: &str, now: Ts) -> Result<(), Refusal> {
    if claims.find("iss").is_some_and(|iss| iss != client_id) {
        return unfit("must have the client_id as iss");
    }
    // so do assertions, by which clients prove themselves (RFC 9101 §10.8, PROTOCOL P22)
    if claims.find("sub").is_some_and(|sub| sub == client_id) {
        return unfit("must not have the client_id as sub");
    }
    let is_for_us = match claims.find("aud") {
        None => true,
        Some(Value::Array(all)) => all.iter().any(|aud| aud == issuer),
        Some(only) => only == issuer,
    };
    if !is_for_us {
        return unfit("must have the issuer of this server as aud");
    }
    let now = now.unix_seconds();
    if instant(claims, "exp")?.is_some_and(|exp| exp <= now) {
        return unfit("has expired (exp)");
    }
    for name in ["nbf", "iat"] {
        if instant(claims, name)?.is_some_and(|begins| begins > now + AHEAD_SECONDS) {
            return unfit("begins in the future (nbf, iat); the clock of one of us is wrong");
        }
    }
    Ok(())
}

/// The parameters in it. What is no parameter is passed over; of the others each has the form that OIDC Core §6.1 gives it.
///
/// # Errors
/// [`Refusal::RequestObjectMember`]; [`Refusal::RequestObjectUnfit`] for a request inside the request.
pub fn parameters(claims: &Document) -> Result<Params, Refusal> {
    if ["request", "request_uri"].iter().any(|name| claims.find(name).is_some()) {
        return unfit("must not have request or request_uri inside");
    }
    let mut pairs = Vec::new();
    for name in PARAMETERS.iter().copied() {
        let Some(value) = claims.find(name) else { continue };
        let texts = texts(name, value).ok_or(Refusal::RequestObjectMember(name))?;
        pairs.extend(texts.into_iter().map(|text| (name.to_owned(), text)));
    }
    Params::from_pairs(pairs, Repeatable::Protocol)
}

/// The request as it is meant. Of the request of an object that is signed or encrypted only the object counts (`alone`), but
/// for what OIDC Core §6.1 wants outside as well (RFC 9101 §6.3, PROTOCOL P22); where nobody did anything, each part is worth
/// the same, and the object comes first (OIDC Core §6.3.3).
///
/// # Errors
/// [`Refusal::RequestObjectConflict`]; [`Refusal::RequestObjectUnfit`] for more than can be carried along.
pub fn merge(outer: &Params, inner: Params, alone: bool) -> Result<Params, Refusal> {
    for name in ["client_id", "response_type"] {
        if let (Some(outside), Some(inside)) = (outer.find(name), inner.find(name))
            && outside != inside
        {
            return Err(Refusal::RequestObjectConflict(name));
        }
    }
    let words = |params: &Params| -> Vec<String> {
        params.find("scope").unwrap_or_default().split(' ').map(str::to_owned).collect()
    };
    let (outside, inside) = (words(outer), words(&inner));
    // `openid` has to stand outside whatever stands inside: a part of it is no contradiction
    let is_more = outer.find("scope").is_some() && outside.iter().any(|word| !inside.contains(word));
    if alone && is_more && inner.find("scope").is_some() {
        return Err(Refusal::RequestObjectConflict("scope"));
    }
    let is_openid = outside.iter().any(|word| word == "openid");
    let counts = |name: &str| match name {
        "request" | "request_uri" => false,
        "client_id" => true,
        "response_type" | "scope" => !alone || is_openid,
        _ => !alone,
    };
    let missing: Vec<_> = outer
        .iter()
        .filter(|(name, _)| counts(name) && inner.find(name).is_none())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let merged = inner.and(Params::from_pairs(missing, Repeatable::Protocol)?)?;
    if merged.to_form().len() > MAX_FORM_BYTES { unfit("holds too much") } else { Ok(merged) }
}

/// May an object be of this kind, or what is encrypted one? It need not say.
fn is_request(kind: Option<&str>) -> bool {
    let kind = kind.map(str::to_ascii_lowercase);
    kind.is_none_or(|kind| TYPES.contains(&kind.strip_prefix("application/").unwrap_or(&kind)))
}

fn instant(claims: &Document, name: &str) -> Result<Option<i64>, Refusal> {
    match claims.find(name).map(|value| value.as_number().and_then(seconds)) {
        Some(None) => unfit("has an exp, nbf or iat that is no number of seconds"),
        found => Ok(found.flatten()),
    }
}

/// A parameter's value as it would be sent by itself.
fn texts(name: &str, value: &Value) -> Option<Vec<String>> {
    match (name, value) {
        ("max_age", Value::Number(_)) => value.as_u64().map(|seconds| vec![seconds.to_string()]),
        ("claims" | "registration", Value::Object(_)) => Some(vec![value.to_string()]),
        ("max_age" | "claims" | "registration", _) => None,
        ("resource", Value::Array(all)) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        (_, Value::String(text)) => Some(vec![text.clone()]),
        _ => None,
    }
}

fn unfit<T>(why: &'static str) -> Result<T, Refusal> {
    Err(Refusal::RequestObjectUnfit(why))
}

#[cfg(test)]
mod tests;
