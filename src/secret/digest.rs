//! What is stored of a secret.

use std::{fmt, marker::PhantomData};

use subtle::ConstantTimeEq;

/// SHA-256 of a secret of at least 128 random bits; the only form the store takes.
pub struct Digest<K>([u8; 32], PhantomData<fn() -> K>);

impl<K> Digest<K> {
    /// Of the secret's text.
    #[must_use]
    pub fn of(text: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest.as_ref());
        Self::from_bytes(bytes)
    }

    /// As stored.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes, PhantomData)
    }

    /// As stored.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl<K> Clone for Digest<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Digest<K> {}

impl<K> PartialEq for Digest<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl<K> Eq for Digest<K> {}

impl<K> fmt::Debug for Digest<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(…)")
    }
}
