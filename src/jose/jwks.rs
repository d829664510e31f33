//! Key sets of others (RFC 7517 §5): what a client registered, or what its address gave.

use serde_json::Value;

use super::{Algorithm, Header, PublicKey, jwe::KeyAlgorithm};

/// Most keys of a set.
pub const MAX_KEYS: usize = 32;

/// Why a document is no key set that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKeySet {
    /// No object with the list `keys`.
    #[error("it is no JSON object with a list of `keys`")]
    Malformed,
    /// More than [`MAX_KEYS`].
    #[error("it holds more than {MAX_KEYS} keys")]
    TooMany,
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
}

impl KeySet {
    /// Keys of kinds that we do not know are passed over (RFC 7517 §5); one that should never have left its owner makes
    /// the whole set unfit.
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
        let keys: Vec<Value> = keys.iter().filter(|key| usable(key)).map(essential).collect();
        if keys.is_empty() { Err(BadKeySet::Unusable) } else { Ok(Self { keys }) }
    }

    /// The first key that something can be encrypted with for its owner.
    #[must_use]
    pub fn encrypting(&self, algorithm: KeyAlgorithm) -> Option<&Value> {
        self.keys.iter().find(|key| algorithm.fits(key))
    }

    /// The keys that may have signed a token with this header: those of the name it gives, if it gives one, that are for
    /// signatures and for this algorithm.
    pub fn fitting(&self, header: &Header) -> impl Iterator<Item = PublicKey> {
        let algorithm = Algorithm::parse(&header.alg);
        let named = move |key: &&Value| header.kid.as_deref().is_none_or(|kid| text(key, "kid") == Some(kid));
        self.keys.iter().filter(named).filter_map(move |key| verifying(key, algorithm?))
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
    let members = ["kty", "crv", "x", "y", "n", "e", "kid", "use", "alg", "key_ops"];
    let kept = members.iter().filter_map(|name| Some(((*name).to_owned(), key.get(name)?.clone())));
    Value::Object(kept.collect())
}

fn is_private(key: &Value) -> bool {
    text(key, "kty") == Some("oct") || ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|part| key.get(part).is_some())
}

fn text<'a>(key: &'a Value, name: &str) -> Option<&'a str> {
    key.get(name).and_then(Value::as_str)
}

#[cfg(test)]
mod tests;
