//! Key sets of others (RFC 7517 §5): what a client registered, or what its address gave.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use serde_json::{Map, Value, json};

use super::{Algorithm, Header, PublicKey, jwe::KeyAlgorithm, jwk::RSA_BYTES};

/// Most keys of a set.
pub const MAX_KEYS: usize = 32;
/// Most bytes of what is kept of a set, as JSON.
const MAX_BYTES: usize = 16 * 1024;
/// Most keys that one token is tried with: whoever presents one has shown nothing yet, and each try takes time.
const MOST_TRIED: usize = 4;
/// What a key may be for, as far as it is read (RFC 7517 §4.3).
const OPERATIONS: [&str; 5] = ["verify", "encrypt", "wrapKey", "deriveKey", "deriveBits"];

/// Why a document is no key set that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    /// No object with the list `keys`.
    #[error("it is no JSON object with a list of `keys`")]
    Malformed,
    /// More than [`MAX_KEYS`].
    #[error("it holds more than {MAX_KEYS} keys")]
    TooMany,
    /// More than 16 KiB.
    #[error("its keys are larger than {} KiB together", MAX_BYTES / 1024)]
    TooLarge,
    /// An RSA key that takes too long to verify with.
    #[error("it holds an RSA key of more than {} bits", RSA_BYTES.end() * 8)]
    TooStrong,
    /// A secret or the private half of a key.
    #[error("it holds a private or secret key; only public keys may leave the client")]
    Private,
    /// None that anything could be done with.
    #[error("it holds no key that could verify a signature or encrypt")]
    Unusable,
}

/// A set of public keys.
#[derive(Debug, Clone, Default)]
pub struct KeySet {
    keys: Vec<Value>,
    bytes: usize,
}

impl KeySet {
    /// Keys of kinds that we do not know and those that are too strong are passed over (RFC 7517 §5); one that should
    /// never have left its owner makes the whole set unfit.
    ///
    /// # Errors
    /// [`BadKeySet`].
    pub fn parse(document: &Value) -> Result<Self, BadKeySet> {
        let keys = document.get("keys").and_then(Value::as_array).ok_or(BadKeySet::Malformed)?;
        if keys.len() > MAX_KEYS {
            return Err(BadKeySet::TooMany);
        }
        if keys.iter().any(is_private) {
            return Err(BadKeySet::Private);
        }
        let usable = |key: &Value| {
            Algorithm::ALL.iter().any(|algorithm| verifying(key, *algorithm).is_some())
                || KeyAlgorithm::ALL.iter().any(|algorithm| algorithm.fits(key))
        };
        let keys: Vec<Value> = keys.iter().map(essential).filter(usable).collect();
        let bytes = keys.iter().map(|key| key.to_string().len()).sum();
        if keys.is_empty() {
            return Err(BadKeySet::Unusable);
        }
        if bytes > MAX_BYTES { Err(BadKeySet::TooLarge) } else { Ok(Self { keys, bytes }) }
    }

    /// The same for a set that somebody wants to register: of a key that would be passed over because it is too strong
    /// they are told.
    ///
    /// # Errors
    /// [`BadKeySet`].
    pub fn parse_registered(document: &Value) -> Result<Self, BadKeySet> {
        let mut keys = document.get("keys").and_then(Value::as_array).into_iter().flatten();
        if keys.any(is_too_strong) { Err(BadKeySet::TooStrong) } else { Self::parse(document) }
    }

    /// As a document: what is kept of the one it was read from.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"keys": self.keys})
    }

    /// How much it takes, as JSON.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first key that something can be encrypted with for its owner.
    #[must_use]
    pub fn encrypting(&self, algorithm: KeyAlgorithm) -> Option<&Value> {
        self.keys.iter().find(|key| algorithm.fits(key))
    }

    /// The keys that may have signed a token with this header: those of the name it gives, if it gives one, that are for
    /// signatures and for this algorithm; the first few of them.
    pub fn fitting(&self, header: &Header) -> impl Iterator<Item = PublicKey> {
        let algorithm = Algorithm::parse(&header.alg);
        let named = move |key: &&Value| header.kid.as_deref().is_none_or(|kid| text(key, "kid") == Some(kid));
        self.keys.iter().filter(named).filter_map(move |key| verifying(key, algorithm?)).take(MOST_TRIED)
    }
}

/// The key for verifying with this algorithm, if it is one and nothing in it forbids that (RFC 7517 §4.2–§4.4).
fn verifying(key: &Value, algorithm: Algorithm) -> Option<PublicKey> {
    let operations =
        key.get("key_ops").map(|all| all.as_array().is_some_and(|all| all.iter().any(|one| one == "verify")));
    let fit = text(key, "use").is_none_or(|usage| usage == "sig")
        && text(key, "alg").is_none_or(|name| name == algorithm.name())
        && operations != Some(false);
    let kid = text(key, "kid").unwrap_or_default().to_owned();
    PublicKey::for_algorithm(key.clone(), kid, algorithm).ok().filter(|_| fit)
}

/// What is read of a key: what else somebody writes into theirs is not to fill our memory.
fn essential(key: &Value) -> Value {
    let own: &[&str] = if text(key, "kty") == Some("RSA") { &["n", "e"] } else { &["crv", "x", "y"] };
    let names = ["kty", "kid", "use", "alg"].iter().chain(own);
    let mut kept: Map<String, Value> =
        names.filter_map(|name| Some(((*name).to_owned(), text(key, name)?.into()))).collect();
    if let Some(all) = key.get("key_ops") {
        let is_there = |name: &&str| all.as_array().is_some_and(|all| all.iter().any(|one| one == name));
        kept.insert("key_ops".to_owned(), OPERATIONS.iter().filter(|name| is_there(name)).copied().collect());
    }
    Value::Object(kept)
}

fn is_too_strong(key: &Value) -> bool {
    let modulus = text(key, "n").filter(|_| text(key, "kty") == Some("RSA")).and_then(|n| B64.decode(n).ok());
    modulus.is_some_and(|modulus| modulus.len() > *RSA_BYTES.end())
}

fn is_private(key: &Value) -> bool {
    text(key, "kty") == Some("oct") || ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|part| key.get(part).is_some())
}

fn text<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
