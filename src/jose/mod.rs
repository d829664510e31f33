//! JSON Web Keys and JSON Web Tokens. Signing uses key pairs that are kept parsed; verifying is `jsonwebtoken`'s.

mod jwk;
mod jwt;

pub use jwk::{Algorithm, BadKey, PublicKey, SigningKey};
pub use jwt::{Header, Unverified, half_hash, peek_header, sign, verify, verify_untyped};
