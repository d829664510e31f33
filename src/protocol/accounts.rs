//! Several accounts in one browser: what it carries for them.
//!
//! Each account has a secret of its own for as long as it is signed in there, beside the secret of the session in use.
//! Choosing an account proves nothing anew: whoever has this secret signed in here before, and has not signed out since.

use crate::secret::{
    Digest, Secret,
    kind::{Account, Session},
};

/// How many accounts a browser may be signed in to; one more, and the one that was seen longest ago is signed out.
pub const MOST: usize = 8;

/// The session's digest while another account of its browser is in use: of a text that no cookie of ours can be.
#[must_use]
pub fn unused(account: &Digest<Account>) -> Digest<Session> {
    let mut text = b"out of use: ".to_vec();
    text.extend_from_slice(account.as_bytes());
    Digest::of(&text)
}

/// Between two secrets in the cookie.
const SEPARATOR: &str = ".";
const MAX_BYTES: usize = 1024;

/// Reads cookies; what is none of our secrets is left out.
#[must_use]
pub fn parse_all<'a>(cookies: impl IntoIterator<Item = &'a str>) -> Vec<Secret<Account>> {
    let mut secrets: Vec<Secret<Account>> = Vec::new();
    let cookies = cookies.into_iter().filter(|cookie| cookie.len() <= MAX_BYTES);
    for secret in cookies.flat_map(|cookie| cookie.split(SEPARATOR)).map(Secret::<Account>::presented) {
        if secret.body().is_some() && !secrets.contains(&secret) && secrets.len() < MOST {
            secrets.push(secret);
        }
    }
    secrets
}

/// Writes one.
#[must_use]
pub fn print<'a>(secrets: impl IntoIterator<Item = &'a Secret<Account>>) -> String {
    let texts: Vec<&str> = secrets.into_iter().map(Secret::expose).collect();
    texts.join(SEPARATOR)
}

#[cfg(test)]
mod tests;
