//! Keys of ours that others encrypt with: made, written down, opened again.

use aws_lc_rs::{
    agreement::{ECDH_P256, PrivateKey},
    encoding::{AsDer, Pkcs8V1Der},
    rsa::{KeyPair, KeySize, OaepPrivateDecryptingKey, PrivateDecryptingKey},
    signature,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

use super::{BadKey, DecryptionKey, KeyAlgorithm, public_jwk};

/// The algorithms that one key goes with, named after the first of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyFamily {
    /// An RSA key of 2048 bits, for RSA-OAEP and RSA-OAEP-256.
    Rsa,
    /// A key on P-256, for ECDH-ES with and without key wrapping.
    Agreement,
}

impl KeyFamily {
    /// Each once.
    pub const ALL: &[Self] = &[Self::Rsa, Self::Agreement];

    /// The name of its first algorithm.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rsa => KeyAlgorithm::RsaOaep.name(),
            Self::Agreement => KeyAlgorithm::EcdhEs.name(),
        }
    }

    /// From the name of any of its algorithms.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        KeyAlgorithm::parse(name).map(KeyAlgorithm::family)
    }

    /// Makes a new key: its public half as a JWK without a name, and its private half as PKCS#8 bytes. RSA keys take a tenth
    /// of a second or more.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot make one.
    pub fn generate(self) -> Result<(Value, Vec<u8>), BadKey> {
        let bad = |_| BadKey(self.name());
        match self {
            Self::Rsa => {
                let pair = KeyPair::generate(KeySize::Rsa2048).map_err(bad)?;
                let pkcs8: Pkcs8V1Der<'_> = pair.as_der().map_err(bad)?;
                let public = signature::KeyPair::public_key(&pair);
                let n = public.modulus().big_endian_without_leading_zero();
                let e = public.exponent().big_endian_without_leading_zero();
                Ok((json!({"kty": "RSA", "n": B64.encode(n), "e": B64.encode(e)}), pkcs8.as_ref().to_vec()))
            }
            Self::Agreement => {
                let private = PrivateKey::generate(&ECDH_P256).map_err(bad)?;
                let pkcs8: Pkcs8V1Der<'_> = private.as_der().map_err(bad)?;
                let public = public_jwk(&private).ok_or(BadKey(self.name()))?;
                Ok((public, pkcs8.as_ref().to_vec()))
            }
        }
    }
}

impl DecryptionKey {
    /// From stored PKCS#8 bytes.
    ///
    /// # Errors
    /// [`BadKey`] when they are no key of this family.
    pub fn from_pkcs8(family: KeyFamily, pkcs8: &[u8]) -> Result<Self, BadKey> {
        let bad = BadKey(family.name());
        match family {
            KeyFamily::Rsa => {
                let private = PrivateDecryptingKey::from_pkcs8(pkcs8).map_err(|_| bad)?;
                OaepPrivateDecryptingKey::new(private).map(Self::Rsa).map_err(|_| bad)
            }
            KeyFamily::Agreement => {
                PrivateKey::from_private_key_der(&ECDH_P256, pkcs8).map(Self::Agreement).map_err(|_| bad)
            }
        }
    }
}
