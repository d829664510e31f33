//! JSON Web Keys and JSON Web Tokens. Signing uses key pairs that are kept parsed; verifying is `jsonwebtoken`'s, and for
//! what it does not know that of aws-lc-rs.

mod algorithm;
pub mod jwe;
mod jwk;
mod jwks;
mod jwt;
mod mac;
mod signing_key;

pub use algorithm::{Algorithm, MacAlgorithm, Protection};
pub use jwk::{BadKey, PublicKey};
pub use jwks::{BadKeySet, KeySet, MAX_KEYS};
pub use jwt::{
    Header, Signer, Unverified, Verifier, half_hash, peek_claims, peek_header, read_unsecured, sign, verify, verify_any,
};
pub use mac::MacKey;
pub use signing_key::SigningKey;
