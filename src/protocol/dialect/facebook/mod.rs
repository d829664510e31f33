//! The Facebook-shaped dialect: how that service writes permissions, answers, errors and people.
//!
//! | file | is |
//! | --- | --- |
//! | `error` | its error object, and the redirect of a refusal |
//! | `reply` | an answer of its token endpoint, `/debug_token`, `/me/permissions` |
//! | `profile` | a person, and the `fields` a program wants of one |
//! | `exchange` | a token of two hours for one of sixty days |

pub mod error;
pub mod exchange;
pub mod profile;
pub mod reply;

use std::fmt;

use serde_json::Value;

use crate::protocol::{Refusal, bearer::Presented, params::Params, scope::Scope};

/// The permission that comes with every token: a person's id and name. Never skipped, never taken back alone.
pub const BASIC: &str = "public_profile";

/// The version of its API that a path names, as in `/v2.12/me`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    major: u8,
    minor: u8,
}

impl Version {
    /// From this version on `/me` without `fields` tells no more than id and name.
    pub const LEAN: Self = Self { major: 2, minor: 4 };

    /// From a path's `2.12`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        let number = |part: &str| part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok()).flatten();
        Some(Self { major: number(major)?, minor: number(minor)? })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}.{}", self.major, self.minor)
    }
}

/// The parameters of its dialog in the standard's words: `code` unless something else is asked for, permissions with
/// spaces between, and its `auth_type` as `prompt`. What is wrong with them is found by the standard's own checks.
#[must_use]
pub fn authorization(params: &Params) -> Params {
    let scope = params.find("scope").unwrap_or_default().replace(',', " ");
    let scope: Vec<&str> = scope.split(' ').filter(|name| !matches!(*name, "" | BASIC)).collect();
    let asked = |word: &str| params.find("auth_type").is_some_and(|types| types.split(',').any(|kind| kind == word));
    let mut prompt = Vec::new();
    // it asks again for what was skipped
    if asked("rerequest") {
        prompt.push("consent");
    }
    if asked("reauthenticate") {
        prompt.push("login");
    }
    ["nonce", "resource", "max_age", "response_mode"]
        .into_iter()
        .fold(params.clone(), |params, unknown| params.put(unknown, None))
        .put("response_type", Some(params.find("response_type").unwrap_or("code")))
        .put("scope", Some(&scope.join(" ")))
        .put("prompt", Some(&prompt.join(" ")))
}

/// A token as its programs send it: in the header, in the query, or the same in both.
///
/// # Errors
/// [`Refusal::TokenMissing`], [`Refusal::TokenTwice`].
pub fn presented<'a>(authorization: Option<&'a str>, query: &'a Params) -> Result<Presented<'a>, Refusal> {
    let by_header = authorization.map(|header| match header.trim().split_once(' ') {
        Some((scheme, token)) if ["bearer", "oauth"].contains(&scheme.to_ascii_lowercase().as_str()) => {
            Some(token.trim()).filter(|token| !token.is_empty()).ok_or(Refusal::TokenMissing)
        }
        _ => Err(Refusal::TokenMissing),
    });
    match (by_header.transpose()?, query.find("access_token")) {
        (Some(header), Some(query)) if header != query => Err(Refusal::TokenTwice),
        // it was in the address as well, and that is what counts
        (_, Some(query)) => Ok(Presented::Form(query)),
        (Some(header), None) => Ok(Presented::Header(header)),
        (None, None) => Err(Refusal::TokenMissing),
    }
}

/// The same permissions with the basic one before them, as its answers list them.
pub fn with_basic(scope: &Scope) -> impl Iterator<Item = &str> {
    std::iter::once(BASIC).chain(scope.iter().filter(|name| *name != BASIC))
}

/// An object of those members that have a value: no program of that service reads `null`.
fn object<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let told = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(told.collect())
}

#[cfg(test)]
mod tests;
