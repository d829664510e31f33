//! Sealing: authenticated encryption of small values under a key of their own purpose (PROTOCOL R-b5).

use aws_lc_rs::{aead, hkdf};

/// Why a sealed value does not open: damaged, forged, meant for something else, or sealed under a forgotten key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it was not sealed here")]
pub struct Unsealed;

/// AES-256-GCM-SIV: a nonce that comes twice gives nothing away.
pub struct SealKey(aead::RandomizedNonceKey);

impl SealKey {
    pub(super) fn derive(root: &hkdf::Prk, purpose: &[u8]) -> Self {
        let bytes = super::keys::expand(root, purpose);
        #[expect(clippy::expect_used, reason = "32 bytes are what the algorithm takes")]
        let key = aead::RandomizedNonceKey::new(&aead::AES_256_GCM_SIV, &bytes).expect("32 bytes");
        Self(key)
    }

    /// Seals `plain`; it opens only with the same `context`.
    ///
    /// # Panics
    /// Never for what we seal: the algorithm takes up to 64 GiB.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let mut body = plain.to_vec();
        #[expect(clippy::expect_used, reason = "what we seal is far below the 64 GiB the algorithm allows")]
        let nonce = self.0.seal_in_place_append_tag(aead::Aad::from(context), &mut body).expect("short");
        let mut sealed = nonce.as_ref().to_vec();
        sealed.append(&mut body);
        sealed
    }

    /// Opens what [`SealKey::seal`] made.
    ///
    /// # Errors
    /// [`Unsealed`] for anything else.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Vec<u8>, Unsealed> {
        let (nonce, body) = sealed.split_first_chunk::<12>().ok_or(Unsealed)?;
        let mut body = body.to_vec();
        let plain = self.0.open_in_place(aead::Nonce::from(nonce), aead::Aad::from(context), &mut body);
        let length = plain.map_err(|_| Unsealed)?.len();
        body.truncate(length);
        Ok(body)
    }
}
