//! Secrets that both sides know, as keys of HMAC (RFC 7518 §3.2).

use aws_lc_rs::hmac;

use super::{BadKey, MacAlgorithm};

/// A secret for one algorithm.
pub struct MacKey {
    algorithm: MacAlgorithm,
    key: hmac::Key,
}

impl MacKey {
    /// From the secret's bytes; of a client's secret those of its UTF-8 text (OIDC Core §10.1).
    ///
    /// # Errors
    /// [`BadKey`] for one that is shorter than the algorithm asks for.
    pub fn new(algorithm: MacAlgorithm, secret: &[u8]) -> Result<Self, BadKey> {
        if secret.len() < algorithm.least_bytes() {
            return Err(BadKey(algorithm.name()));
        }
        Ok(Self { algorithm, key: hmac::Key::new(algorithm.hmac(), secret) })
    }

    /// The one algorithm it may be used with.
    #[must_use]
    pub const fn algorithm(&self) -> MacAlgorithm {
        self.algorithm
    }

    pub(super) fn tag(&self, message: &[u8]) -> Vec<u8> {
        hmac::sign(&self.key, message).as_ref().to_vec()
    }

    /// In constant time.
    pub(super) fn verifies(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.key, message, tag).is_ok()
    }
}
