//! Private keys, parsed once and kept.

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING,
        EcdsaKeyPair, EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384,
        RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512, RsaKeyPair, RsaSignatureEncoding,
    },
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Value, json};

use super::{Algorithm, BadKey, PublicKey, jwk::Curve};

/// A private key, parsed once and kept. It signs with one algorithm only (RFC 8725 §3.1).
pub struct SigningKey {
    kid: String,
    algorithm: Algorithm,
    pair: Pair,
}

enum Pair {
    Ec(Curve, EcdsaKeyPair),
    Ed(Ed25519KeyPair),
    Rsa(&'static RsaSignatureEncoding, RsaKeyPair),
}

/// What an algorithm's keys are.
enum Kind {
    Ec(Curve, &'static EcdsaSigningAlgorithm),
    Ed,
    Rsa(&'static RsaSignatureEncoding),
}

const fn kind(algorithm: Algorithm) -> Kind {
    match algorithm {
        Algorithm::Es256 => Kind::Ec(Curve::P256, &ECDSA_P256_SHA256_FIXED_SIGNING),
        Algorithm::Es384 => Kind::Ec(Curve::P384, &ECDSA_P384_SHA384_FIXED_SIGNING),
        Algorithm::Es512 => Kind::Ec(Curve::P521, &ECDSA_P521_SHA512_FIXED_SIGNING),
        Algorithm::EdDsa => Kind::Ed,
        Algorithm::Rs256 => Kind::Rsa(&RSA_PKCS1_SHA256),
        Algorithm::Rs384 => Kind::Rsa(&RSA_PKCS1_SHA384),
        Algorithm::Rs512 => Kind::Rsa(&RSA_PKCS1_SHA512),
        Algorithm::Ps256 => Kind::Rsa(&RSA_PSS_SHA256),
        Algorithm::Ps384 => Kind::Rsa(&RSA_PSS_SHA384),
        Algorithm::Ps512 => Kind::Rsa(&RSA_PSS_SHA512),
    }
}

impl SigningKey {
    /// Makes a new private key, as PKCS#8 bytes. RSA keys have 2048 bits and take a tenth of a second or more.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot make one.
    pub fn generate_pkcs8(algorithm: Algorithm) -> Result<Vec<u8>, BadKey> {
        let bad = |_| BadKey(algorithm.name());
        let random = SystemRandom::new();
        match kind(algorithm) {
            Kind::Ec(_, signing) => Ok(EcdsaKeyPair::generate_pkcs8(signing, &random).map_err(bad)?.as_ref().to_vec()),
            Kind::Ed => Ok(Ed25519KeyPair::generate_pkcs8(&random).map_err(bad)?.as_ref().to_vec()),
            Kind::Rsa(_) => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(bad)?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(bad)?;
                Ok(der.as_ref().to_vec())
            }
        }
    }

    /// From stored PKCS#8 bytes.
    ///
    /// # Errors
    /// [`BadKey`] when they are no key of this algorithm.
    pub fn from_pkcs8(kid: String, algorithm: Algorithm, pkcs8: &[u8]) -> Result<Self, BadKey> {
        let bad = |_| BadKey(algorithm.name());
        let pair = match kind(algorithm) {
            Kind::Ec(curve, signing) => Pair::Ec(curve, EcdsaKeyPair::from_pkcs8(signing, pkcs8).map_err(bad)?),
            Kind::Ed => Pair::Ed(Ed25519KeyPair::from_pkcs8(pkcs8).map_err(bad)?),
            Kind::Rsa(encoding) => Pair::Rsa(encoding, RsaKeyPair::from_pkcs8(pkcs8).map_err(bad)?),
        };
        Ok(Self { kid, algorithm, pair })
    }

    /// The key's name, as in the JWKS and in every header.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The public half, with `kid`, `alg` and `use` (UX Q13).
    ///
    /// # Errors
    /// [`BadKey`] when the library does not give it out.
    pub fn public(&self) -> Result<PublicKey, BadKey> {
        let mut value = match &self.pair {
            Pair::Ec(curve, pair) => {
                let point = pair.public_key().as_ref().strip_prefix(&[4]);
                let halves = point.and_then(|point| point.split_at_checked(curve.coordinate_bytes()));
                let (x, y) = halves.ok_or(BadKey(self.algorithm.name()))?;
                json!({"kty": "EC", "crv": curve.name(), "x": B64.encode(x), "y": B64.encode(y)})
            }
            Pair::Ed(pair) => {
                json!({"kty": "OKP", "crv": Curve::Ed25519.name(), "x": B64.encode(pair.public_key().as_ref())})
            }
            Pair::Rsa(_, pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero();
                let e = pair.public_key().exponent().big_endian_without_leading_zero();
                json!({"kty": "RSA", "n": B64.encode(n), "e": B64.encode(e)})
            }
        };
        if let Value::Object(members) = &mut value {
            members.insert("kid".into(), self.kid.clone().into());
            members.insert("alg".into(), self.algorithm.name().into());
            members.insert("use".into(), "sig".into());
        }
        PublicKey::from_json(value)
    }

    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let bad = |_| BadKey(self.algorithm.name());
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(_, pair) => Ok(pair.sign(&random, message).map_err(bad)?.as_ref().to_vec()),
            Pair::Ed(pair) => Ok(pair.try_sign(message).map_err(bad)?.as_ref().to_vec()),
            Pair::Rsa(encoding, pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &random, message, &mut signature).map_err(bad)?;
                Ok(signature)
            }
        }
    }
}
