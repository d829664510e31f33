//! Names of algorithms (RFC 7518 §3.1, RFC 8037 §3.1).
//!
//! What signs with a key pair, what only with a secret that both sides know, and nothing at all are types apart: a
//! published key cannot be taken for a secret (RFC 8725 §2.1), whatever a token's header says.

use aws_lc_rs::{digest, hmac};

macro_rules! algorithms {
    (
        $(#[$about:meta])+ pub enum $Name:ident {
            $($(#[$doc:meta])+ $Variant:ident = $name:literal, $digest:ident;)+
        }
    ) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $Name { $($(#[$doc])+ $Variant,)+ }

        impl $Name {
            /// Each once, in the order in which metadata list them.
            pub const ALL: &[Self] = &[$(Self::$Variant),+];

            /// As registered.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$Variant => $name,)+ }
            }

            /// From its registered name.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$Variant),)+ _ => None }
            }

            /// The hash inside it.
            pub(super) fn digest(self) -> &'static digest::Algorithm {
                match self { $(Self::$Variant => &digest::$digest,)+ }
            }
        }
    };
}

algorithms! {
    /// A signature by a key pair, whose public half is published.
    pub enum Algorithm {
        /// RSASSA-PKCS1-v1_5 with SHA-256: ID tokens' default, the one every library expects.
        Rs256 = "RS256", SHA256;
        /// ECDSA on P-256 with SHA-256: access tokens' default, many times cheaper than RSA.
        Es256 = "ES256", SHA256;
        /// Ed25519 (RFC 8037). Its hash, for `at_hash` and the like, is the one inside it.
        EdDsa = "EdDSA", SHA512;
        /// RSASSA-PSS with SHA-256.
        Ps256 = "PS256", SHA256;
        /// RSASSA-PKCS1-v1_5 with SHA-384.
        Rs384 = "RS384", SHA384;
        /// RSASSA-PKCS1-v1_5 with SHA-512.
        Rs512 = "RS512", SHA512;
        /// ECDSA on P-384 with SHA-384.
        Es384 = "ES384", SHA384;
        /// ECDSA on P-521 with SHA-512.
        Es512 = "ES512", SHA512;
        /// RSASSA-PSS with SHA-384.
        Ps384 = "PS384", SHA384;
        /// RSASSA-PSS with SHA-512.
        Ps512 = "PS512", SHA512;
    }
}

algorithms! {
    /// A code made with a secret that both sides know.
    pub enum MacAlgorithm {
        /// HMAC with SHA-256.
        Hs256 = "HS256", SHA256;
        /// HMAC with SHA-384.
        Hs384 = "HS384", SHA384;
        /// HMAC with SHA-512.
        Hs512 = "HS512", SHA512;
    }
}

impl Algorithm {
    /// Those that every installation has a key for: OIDC Core §15.1 and RFC 9068 §2.1 ask for RS256.
    pub const BASE: &[Self] = &[Self::Rs256, Self::Es256];

    /// As the verifying library names it; it does not know ES512.
    pub(super) const fn for_verifying(self) -> Option<jsonwebtoken::Algorithm> {
        Some(match self {
            Self::Rs256 => jsonwebtoken::Algorithm::RS256,
            Self::Rs384 => jsonwebtoken::Algorithm::RS384,
            Self::Rs512 => jsonwebtoken::Algorithm::RS512,
            Self::Ps256 => jsonwebtoken::Algorithm::PS256,
            Self::Ps384 => jsonwebtoken::Algorithm::PS384,
            Self::Ps512 => jsonwebtoken::Algorithm::PS512,
            Self::Es256 => jsonwebtoken::Algorithm::ES256,
            Self::Es384 => jsonwebtoken::Algorithm::ES384,
            Self::EdDsa => jsonwebtoken::Algorithm::EdDSA,
            Self::Es512 => return None,
        })
    }
}

impl MacAlgorithm {
    pub(super) const fn hmac(self) -> hmac::Algorithm {
        match self {
            Self::Hs256 => hmac::HMAC_SHA256,
            Self::Hs384 => hmac::HMAC_SHA384,
            Self::Hs512 => hmac::HMAC_SHA512,
        }
    }

    /// Bytes its secret has at least: as many as its output (RFC 7518 §3.2, OIDC Core §16.19).
    #[must_use]
    pub fn least_bytes(self) -> usize {
        self.digest().output_len()
    }
}

/// How a token for a client is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protection {
    /// By one of our keys.
    Signature(Algorithm),
    /// By the client's own secret (OIDC Core §10.1).
    Mac(MacAlgorithm),
    /// Not at all: `none` (RFC 7518 §3.6), for ID tokens that come straight from the token endpoint (OIDC Core §2).
    Unsecured,
}

impl Protection {
    /// As registered.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Signature(algorithm) => algorithm.name(),
            Self::Mac(algorithm) => algorithm.name(),
            Self::Unsecured => "none",
        }
    }

    /// From its registered name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let mac = || MacAlgorithm::parse(name).map(Self::Mac);
        let unsecured = || (name == "none").then_some(Self::Unsecured);
        Algorithm::parse(name).map(Self::Signature).or_else(mac).or_else(unsecured)
    }

    /// Every one there is.
    pub fn all() -> impl Iterator<Item = Self> {
        let signatures = Algorithm::ALL.iter().copied().map(Self::Signature);
        signatures.chain(MacAlgorithm::ALL.iter().copied().map(Self::Mac)).chain([Self::Unsecured])
    }

    /// The algorithm whose key has to be there.
    #[must_use]
    pub const fn signature(self) -> Option<Algorithm> {
        match self {
            Self::Signature(algorithm) => Some(algorithm),
            Self::Mac(_) | Self::Unsecured => None,
        }
    }

    /// The algorithm that the client's secret has to be long enough for.
    #[must_use]
    pub const fn mac(self) -> Option<MacAlgorithm> {
        match self {
            Self::Mac(algorithm) => Some(algorithm),
            Self::Signature(_) | Self::Unsecured => None,
        }
    }

    /// Of `at_hash` and the like. An unsecured token has no hash of its own: SHA-256, as readers expect by default.
    pub(super) fn digest(self) -> &'static digest::Algorithm {
        match self {
            Self::Signature(algorithm) => algorithm.digest(),
            Self::Mac(algorithm) => algorithm.digest(),
            Self::Unsecured => &digest::SHA256,
        }
    }
}

impl From<Algorithm> for Protection {
    fn from(algorithm: Algorithm) -> Self {
        Self::Signature(algorithm)
    }
}

impl From<MacAlgorithm> for Protection {
    fn from(algorithm: MacAlgorithm) -> Self {
        Self::Mac(algorithm)
    }
}

/// In documents by their registered names.
macro_rules! by_name {
    ($($Name:ident),+) => { $(
        impl serde::Serialize for $Name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.name())
            }
        }

        impl<'de> serde::Deserialize<'de> for $Name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let name = <String as serde::Deserialize>::deserialize(from)?;
                Self::parse(&name).ok_or_else(|| serde::de::Error::custom("unknown algorithm"))
            }
        }
    )+ };
}

pub(super) use by_name;

by_name!(Algorithm, MacAlgorithm, Protection);
