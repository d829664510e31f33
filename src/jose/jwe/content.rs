//! Encrypting the content itself (RFC 7518 §5).

use aws_lc_rs::{
    aead::{self, AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    cipher::{
        AES_128, AES_256, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
        UnboundCipherKey,
    },
    hmac,
    iv::FixedLength,
    rand,
};
use subtle::ConstantTimeEq;

/// How the content is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentAlgorithm {
    /// AES-128 in CBC mode with HMAC of SHA-256: what is taken when nothing is said (OIDC Registration §2).
    A128CbcHs256,
    /// AES-256 in CBC mode with HMAC of SHA-512.
    A256CbcHs512,
    /// AES-128 in Galois/Counter mode.
    A128Gcm,
    /// AES-256 in Galois/Counter mode.
    A256Gcm,
}

/// What comes of it.
pub(super) struct SealedContent {
    pub(super) iv: Vec<u8>,
    pub(super) ciphertext: Vec<u8>,
    pub(super) tag: Vec<u8>,
}

impl ContentAlgorithm {
    /// Each once, in the order in which metadata list them.
    pub const ALL: &[Self] = &[Self::A128CbcHs256, Self::A256CbcHs512, Self::A128Gcm, Self::A256Gcm];

    /// As registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::A128CbcHs256 => "A128CBC-HS256",
            Self::A256CbcHs512 => "A256CBC-HS512",
            Self::A128Gcm => "A128GCM",
            Self::A256Gcm => "A256GCM",
        }
    }

    /// From its registered name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    pub(super) const fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A128CbcHs256 | Self::A256Gcm => 32,
            Self::A256CbcHs512 => 64,
        }
    }

    pub(super) fn fresh_key(self) -> Option<Vec<u8>> {
        let mut key = vec![0; self.key_bytes()];
        rand::fill(&mut key).ok()?;
        Some(key)
    }

    const fn gcm(self) -> Option<&'static aead::Algorithm> {
        match self {
            Self::A128Gcm => Some(&AES_128_GCM),
            Self::A256Gcm => Some(&AES_256_GCM),
            Self::A128CbcHs256 | Self::A256CbcHs512 => None,
        }
    }

    pub(super) fn seal(self, key: &[u8], aad: &[u8], plain: &[u8]) -> Option<SealedContent> {
        let mut ciphertext = plain.to_vec();
        if let Some(algorithm) = self.gcm() {
            let mut iv = [0; 12];
            rand::fill(&mut iv).ok()?;
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
            let nonce = Nonce::assume_unique_for_key(iv);
            let tag = key.seal_in_place_separate_tag(nonce, Aad::from(aad), &mut ciphertext).ok()?;
            return Some(SealedContent { iv: iv.to_vec(), ciphertext, tag: tag.as_ref().to_vec() });
        }
        let (mac_key, cipher_key) = self.halves(key)?;
        let mut iv = [0; 16];
        rand::fill(&mut iv).ok()?;
        let context = EncryptionContext::Iv128(FixedLength::from(iv));
        let cipher = PaddedBlockEncryptingKey::cbc_pkcs7(cipher_key).ok()?;
        cipher.less_safe_encrypt(&mut ciphertext, context).ok()?;
        let tag = self.tag(&mac_key, aad, &iv, &ciphertext);
        Some(SealedContent { iv: iv.to_vec(), ciphertext, tag })
    }

    pub(super) fn open(self, key: &[u8], aad: &[u8], sealed: &SealedContent) -> Option<Vec<u8>> {
        if key.len() != self.key_bytes() {
            return None;
        }
        if let Some(algorithm) = self.gcm() {
            let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
            let nonce = Nonce::try_assume_unique_for_key(&sealed.iv).ok()?;
            // the whole tag: a shorter one is easier to guess
            let tag = (sealed.tag.len() == 16).then_some(&sealed.tag)?;
            let mut both = [sealed.ciphertext.as_slice(), tag].concat();
            return Some(key.open_in_place(nonce, Aad::from(aad), &mut both).ok()?.to_vec());
        }
        let (mac_key, cipher_key) = self.halves(key)?;
        // the tag before anything is decrypted, so that nobody learns of the padding (RFC 7518 §5.2.2.2)
        let expected = self.tag(&mac_key, aad, &sealed.iv, &sealed.ciphertext);
        if !bool::from(expected.ct_eq(&sealed.tag)) {
            return None;
        }
        let iv: [u8; 16] = sealed.iv.as_slice().try_into().ok()?;
        let mut plain = sealed.ciphertext.clone();
        let cipher = PaddedBlockDecryptingKey::cbc_pkcs7(cipher_key).ok()?;
        Some(cipher.decrypt(&mut plain, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?.to_vec())
    }

    /// RFC 7518 §5.2.2.1: the first half authenticates, the second encrypts.
    fn halves(self, key: &[u8]) -> Option<(hmac::Key, UnboundCipherKey)> {
        let (mac, cipher) = key.split_at_checked(self.key_bytes() / 2)?;
        let (hash, algorithm) = match self {
            Self::A256CbcHs512 => (hmac::HMAC_SHA512, &AES_256),
            _ => (hmac::HMAC_SHA256, &AES_128),
        };
        Some((hmac::Key::new(hash, mac), UnboundCipherKey::new(algorithm, cipher).ok()?))
    }

    fn tag(self, key: &hmac::Key, aad: &[u8], iv: &[u8], ciphertext: &[u8]) -> Vec<u8> {
        let bits = u64::try_from(aad.len()).unwrap_or(u64::MAX).wrapping_mul(8).to_be_bytes();
        let whole = hmac::sign(key, &[aad, iv, ciphertext, &bits].concat());
        whole.as_ref().iter().copied().take(self.key_bytes() / 2).collect()
    }
}
