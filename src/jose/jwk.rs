//! Keys (RFC 7517, RFC 7518 §6) and their thumbprints (RFC 7638).

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    rand::SystemRandom,
    rsa::KeySize,
    signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RsaKeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A signature algorithm (RFC 7518 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256: access tokens' default, many times cheaper than RSA.
    Es256,
    /// RSASSA-PKCS1-v1_5 with SHA-256: ID tokens' default, the one every library expects.
    Rs256,
}

impl Algorithm {
    /// Every algorithm this server signs with.
    pub const ALL: &[Self] = &[Self::Rs256, Self::Es256];

    /// `ES256`, `RS256`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::Rs256 => "RS256",
        }
    }

    /// From its registered name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    pub(super) const fn for_verifying(self) -> jsonwebtoken::Algorithm {
        match self {
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
        }
    }
}

/// Key bytes that are no key of the algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a usable {0} key")]
pub struct BadKey(pub &'static str);

/// A private key, parsed once and kept.
pub struct SigningKey {
    kid: String,
    pair: Pair,
}

enum Pair {
    Ec(EcdsaKeyPair),
    Rsa(RsaKeyPair),
}

impl SigningKey {
    /// Makes a new private key, as PKCS#8 bytes. RSA keys have 2048 bits and take a tenth of a second or more.
    ///
    /// # Errors
    /// [`BadKey`] when the library cannot make one.
    pub fn generate_pkcs8(algorithm: Algorithm) -> Result<Vec<u8>, BadKey> {
        let bad = || BadKey(algorithm.name());
        match algorithm {
            Algorithm::Es256 => {
                let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
                document.map(|document| document.as_ref().to_vec()).map_err(|_| bad())
            }
            Algorithm::Rs256 => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| bad())?;
                let der: Pkcs8V1Der<'_> = pair.as_der().map_err(|_| bad())?;
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
        let pair = match algorithm {
            Algorithm::Es256 => {
                Pair::Ec(EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map_err(bad)?)
            }
            Algorithm::Rs256 => Pair::Rsa(RsaKeyPair::from_pkcs8(pkcs8).map_err(bad)?),
        };
        Ok(Self { kid, pair })
    }

    /// The key's name, as in the JWKS and in every header.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// What it signs with.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        match self.pair {
            Pair::Ec(_) => Algorithm::Es256,
            Pair::Rsa(_) => Algorithm::Rs256,
        }
    }

    /// The public half, with `kid`, `alg` and `use` (UX Q13).
    ///
    /// # Errors
    /// [`BadKey`] when the library does not give it out.
    pub fn public(&self) -> Result<PublicKey, BadKey> {
        let bad = || BadKey(self.algorithm().name());
        let mut value = match &self.pair {
            Pair::Ec(pair) => {
                let (x, y) = pair
                    .public_key()
                    .as_ref()
                    .strip_prefix(&[4])
                    .and_then(|point| point.split_at_checked(32))
                    .ok_or_else(bad)?;
                json!({"kty": "EC", "crv": "P-256", "x": B64.encode(x), "y": B64.encode(y)})
            }
            Pair::Rsa(pair) => {
                let n = pair.public_key().modulus().big_endian_without_leading_zero();
                let e = pair.public_key().exponent().big_endian_without_leading_zero();
                json!({"kty": "RSA", "n": B64.encode(n), "e": B64.encode(e)})
            }
        };
        if let Value::Object(members) = &mut value {
            members.insert("kid".into(), self.kid.clone().into());
            members.insert("alg".into(), self.algorithm().name().into());
            members.insert("use".into(), "sig".into());
        }
        PublicKey::from_json(value)
    }

    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, BadKey> {
        let bad = |_| BadKey(self.algorithm().name());
        let random = SystemRandom::new();
        match &self.pair {
            Pair::Ec(pair) => Ok(pair.sign(&random, message).map_err(bad)?.as_ref().to_vec()),
            Pair::Rsa(pair) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &random, message, &mut signature).map_err(bad)?;
                Ok(signature)
            }
        }
    }
}

/// A public key as it stands in the JWKS.
#[derive(Clone)]
pub struct PublicKey {
    jwk: Value,
    members: Members,
    decoding: jsonwebtoken::DecodingKey,
}

#[derive(Clone, Serialize, Deserialize)]
struct Members {
    kid: String,
    alg: String,
}

impl PublicKey {
    /// From a JWK with `kid` and `alg`.
    ///
    /// # Errors
    /// [`BadKey`] when a member is missing or wrong.
    pub fn from_json(jwk: Value) -> Result<Self, BadKey> {
        let bad = |_| BadKey("public");
        let members: Members = Members::deserialize(&jwk).map_err(bad)?;
        let parsed: jsonwebtoken::jwk::Jwk = serde_json::from_value(jwk.clone()).map_err(bad)?;
        let decoding = jsonwebtoken::DecodingKey::from_jwk(&parsed).map_err(|_| BadKey("public"))?;
        Algorithm::parse(&members.alg).ok_or(BadKey("public"))?;
        Ok(Self { jwk, members, decoding })
    }

    /// As published.
    #[must_use]
    pub const fn as_json(&self) -> &Value {
        &self.jwk
    }

    /// Its name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.members.kid
    }

    /// The one algorithm it may be used with (RFC 8725 §3.1).
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        Algorithm::parse(&self.members.alg).unwrap_or(Algorithm::Rs256)
    }

    pub(super) const fn decoding(&self) -> &jsonwebtoken::DecodingKey {
        &self.decoding
    }
}
