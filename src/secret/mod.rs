//! Secrets, their digests, ids and keys. The one place that draws random bytes.
//!
//! A secret that we make is `prefix ‖ body ‖ checksum`, letters and digits after the prefix: scanners recognise
//! what leaked, and a mistyped or invented one is turned away before anything expensive happens (PROTOCOL R-d).

pub mod base62;
mod digest;
mod id;
mod keys;
pub mod kind;
mod seal;

use std::{fmt, marker::PhantomData};

use rand::Rng;
use subtle::ConstantTimeEq;

pub use digest::Digest;
pub use id::{Id, is_like_a_subject, random_subject, subject_from};
pub use keys::{Keyring, Purpose, WeakKey};
pub use seal::{SealKey, Unsealed};

use kind::Kind;

/// Text that proves something. `K` keeps a refresh token from being used as a code.
///
/// It has no `Display`, no `Deref` and no `Serialize`: whoever shows it writes [`Secret::expose`].
pub struct Secret<K>(Box<str>, PhantomData<fn() -> K>);

impl<K> Secret<K> {
    /// Text that somebody presented; nothing is believed yet.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.into(), PhantomData)
    }

    /// The text itself. Written where it leaves us, and nowhere else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn digest(&self) -> Digest<K> {
        Digest::of(self.0.as_bytes())
    }
}

impl<K: Kind> Secret<K> {
    /// A new one of 256 random bits.
    #[must_use]
    pub fn generate() -> Self {
        Self::from_seed(&random())
    }

    /// One that is longer than the others: it has the 64 bytes that HMAC with SHA-512 asks for (RFC 7518 §3.2).
    #[must_use]
    pub fn generate_long() -> Self {
        let mut body = base62::encode(&random::<32>());
        body.push_str(&base62::encode(&random::<32>()));
        Self::from_body(&body)
    }

    /// The one that belongs to 256 bits drawn earlier (an interaction's code, PROTOCOL R-b4).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self::from_body(&base62::encode(seed))
    }

    /// Prefix and checksum put round a body of letters and digits.
    #[must_use]
    pub fn from_body(body: &str) -> Self {
        let mut text = String::with_capacity(K::PREFIX.len() + body.len() + CHECKSUM_CHARS);
        text.push_str(K::PREFIX);
        text.push_str(body);
        let sum = checksum(&text);
        text.extend(sum.map(char::from));
        Self(text.into(), PhantomData)
    }

    /// The body, when prefix and checksum are ours. Says nothing about whether the secret is known.
    #[must_use]
    pub fn body(&self) -> Option<&str> {
        let rest = self.0.strip_prefix(K::PREFIX)?;
        let (body, sum) = rest.split_at_checked(rest.len().checked_sub(CHECKSUM_CHARS)?)?;
        let (named, _) = self.0.split_at_checked(self.0.len() - CHECKSUM_CHARS)?;
        (checksum(named) == *sum.as_bytes()).then_some(body)
    }

    /// Does it begin as ours do? Decides whether a bad checksum is a refusal (PROTOCOL R-d1).
    #[must_use]
    pub fn looks_generated(&self) -> bool {
        self.0.starts_with(K::PREFIX)
    }
}

impl<K> PartialEq for Secret<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl<K> Clone for Secret<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<K> fmt::Debug for Secret<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// `N` random bytes from a generator fit for secrets.
#[expect(clippy::disallowed_methods, reason = "the one place that draws random bytes")]
#[must_use]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::rng().fill_bytes(&mut bytes);
    bytes
}

/// A public name of 16 letters and digits, 95 bits: client ids.
#[must_use]
pub fn random_name() -> String {
    let mut name = base62::encode(&random::<16>());
    name.drain(..base62::CHUNK_CHARS - 16);
    name
}

const CHECKSUM_CHARS: usize = 6;

/// Six characters that a typing error changes. Public arithmetic: no evidence of authenticity.
fn checksum(text: &str) -> [u8; CHECKSUM_CHARS] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    let first = digest.as_ref().first_chunk::<4>().copied().unwrap_or_default();
    let mut sum = [0; CHECKSUM_CHARS];
    base62::write(u32::from_le_bytes(first).into(), &mut sum);
    sum
}

#[cfg(test)]
mod tests;
