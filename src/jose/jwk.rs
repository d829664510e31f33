//! Public keys (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use aws_lc_rs::signature::{ECDSA_P521_SHA512_FIXED, UnparsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;

use super::Algorithm;

/// Key bytes that are no key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usable {0} key")]
pub struct BadKey(pub &'static str);

/// A curve that keys are points of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Curve {
    P256,
    P384,
    P521,
    Ed25519,
}

impl Curve {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::P256 => "P-256",
            Self::P384 => "P-384",
            Self::P521 => "P-521",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// Each coordinate has its full length (RFC 7518 §6.2.1.2).
    pub(super) const fn coordinate_bytes(self) -> usize {
        match self {
            Self::P256 | Self::Ed25519 => 32,
            Self::P384 => 48,
            Self::P521 => 66,
        }
    }

    /// Of an algorithm's keys; `None` for RSA.
    pub(super) const fn of(algorithm: Algorithm) -> Option<Self> {
        match algorithm {
            Algorithm::Es256 => Some(Self::P256),
            Algorithm::Es384 => Some(Self::P384),
            Algorithm::Es512 => Some(Self::P521),
            Algorithm::EdDsa => Some(Self::Ed25519),
            _ => None,
        }
    }
}

/// Bytes of an RSA key that is neither weak (RFC 7518 §3.3) nor made to keep us busy: 2048 to 4096 bits. What a signature
/// costs grows with the square of them, and strangers make us look at signatures.
pub(super) const RSA_BYTES: std::ops::RangeInclusive<usize> = 256..=512;

/// A public key for one algorithm.
#[derive(Clone)]
pub struct PublicKey {
    jwk: Value,
    kid: String,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

/// The members that make the key. What else a JWK holds, private parts and certificates included, is not read.
#[derive(Deserialize)]
struct Material {
    kty: String,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
}

impl PublicKey {
    /// From a JWK of ours: with `kid` and `alg`.
    ///
    /// # Errors
    /// [`BadKey`] when a member is missing or wrong.
    pub fn from_json(jwk: Value) -> Result<Self, BadKey> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str).map(str::to_owned);
        let kid = text("kid").ok_or(BadKey("public"))?;
        let algorithm = text("alg").as_deref().and_then(Algorithm::parse).ok_or(BadKey("public"))?;
        Self::for_algorithm(jwk, kid, algorithm)
    }

    /// From any JWK, to be used with this algorithm and no other (RFC 8725 §3.1).
    ///
    /// # Errors
    /// [`BadKey`] when it is no key of this algorithm.
    pub(super) fn for_algorithm(jwk: Value, kid: String, algorithm: Algorithm) -> Result<Self, BadKey> {
        let bad = BadKey(algorithm.name());
        let material = Material::deserialize(&jwk).map_err(|_| bad)?;
        let decoding = material.decoding(algorithm).ok_or(bad)?;
        Ok(Self { jwk, kid, algorithm, decoding })
    }

    /// As published.
    #[must_use]
    pub const fn as_json(&self) -> &Value {
        &self.jwk
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The one algorithm it may be used with (RFC 8725 §3.1).
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Is this the signature, in base64url, of the message?
    pub(super) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        if let Some(algorithm) = self.algorithm.for_verifying() {
            return jsonwebtoken::crypto::verify(signature, message, &self.decoding, algorithm).unwrap_or(false);
        }
        let (Ok(point), Ok(signature)) = (self.decoding.try_get_as_bytes(), B64.decode(signature)) else {
            return false;
        };
        UnparsedPublicKey::new(&ECDSA_P521_SHA512_FIXED, point).verify(message, &signature).is_ok()
    }
}

impl Material {
    fn decoding(&self, algorithm: Algorithm) -> Option<DecodingKey> {
        let long = |text: &str, bytes: usize| B64.decode(text).is_ok_and(|decoded| decoded.len() == bytes);
        let Some(curve) = Curve::of(algorithm) else {
            let (n, e) = (self.n.as_deref()?, self.e.as_deref()?);
            let modulus = B64.decode(n).ok().filter(|_| self.kty == "RSA")?;
            let strong = modulus.first() != Some(&0) && RSA_BYTES.contains(&modulus.len());
            return DecodingKey::from_rsa_components(n, e).ok().filter(|_| strong);
        };
        if self.crv.as_deref() != Some(curve.name()) {
            return None;
        }
        let x = self.x.as_deref().filter(|x| long(x, curve.coordinate_bytes()))?;
        if curve == Curve::Ed25519 {
            return DecodingKey::from_ed_components(x).ok().filter(|_| self.kty == "OKP");
        }
        let y = self.y.as_deref().filter(|y| long(y, curve.coordinate_bytes()))?;
        DecodingKey::from_ec_components(x, y).ok().filter(|_| self.kty == "EC")
    }
}
