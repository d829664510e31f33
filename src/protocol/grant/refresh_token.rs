//! Refresh tokens (RFC 6749 §6, RFC 9700 §4.14): one row a chain, each token derived from the one before (PROTOCOL R-a).

use subtle::ConstantTimeEq;

use crate::{
    clock::Ts,
    protocol::{Refusal, params::Params, scope::Scope},
    secret::{Digest, Id, Keyring, Secret, base62, kind},
};

/// Most answers to one token while its successor is unused (R-a4).
pub const MAX_ANSWERS: i64 = 32;

/// One token of a chain. On the wire: chain, generation, secret and tag in base 62, in prefix and checksum.
#[derive(Clone, PartialEq, Eq)]
pub struct ChainToken {
    /// The chain, which is also the grant.
    pub chain: Id,
    /// 0 for the first.
    pub generation: u32,
    secret: [u8; 32],
}

const TAG_BYTES: usize = 16;
const BYTES: usize = 16 + 4 + 32 + TAG_BYTES;

impl ChainToken {
    /// The first of a chain; `secret` is random.
    #[must_use]
    pub const fn first(chain: Id, secret: [u8; 32]) -> Self {
        Self { chain, generation: 0, secret }
    }

    /// Reads a presented token; `None` unless its tag shows that it was made here. Guesses end here, before the
    /// database.
    #[must_use]
    pub fn parse(presented: &Secret<kind::RefreshToken>, keys: &Keyring) -> Option<Self> {
        let bytes: [u8; BYTES] = base62::decode(presented.body()?)?;
        let (chain, rest) = bytes.split_first_chunk::<16>()?;
        let (generation, rest) = rest.split_first_chunk::<4>()?;
        let (secret, tag) = rest.split_first_chunk::<32>()?;
        let token =
            Self { chain: Id::from_bytes(*chain), generation: u32::from_be_bytes(*generation), secret: *secret };
        let generation = token.generation.to_be_bytes();
        let parts = token.tagged(&generation);
        let ours = keys
            .refresh_tags(&parts)
            .fold(false, |found, made| found | bool::from(made.split_at(TAG_BYTES).0.ct_eq(tag)));
        ours.then_some(token)
    }

    /// The text the client gets.
    #[must_use]
    pub fn to_secret(&self, keys: &Keyring) -> Secret<kind::RefreshToken> {
        let generation = self.generation.to_be_bytes();
        let tag = keys.refresh_tags(&self.tagged(&generation)).next().unwrap_or_default();
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend_from_slice(self.chain.as_bytes());
        bytes.extend_from_slice(&generation);
        bytes.extend_from_slice(&self.secret);
        bytes.extend(tag.iter().take(TAG_BYTES));
        Secret::from_body(&base62::encode(&bytes))
    }

    /// The next of the chain: the same for the same `salt` and key, and not to be reproduced once the salt is erased
    /// (R-a1). `None` when the key is gone.
    #[must_use]
    pub fn successor(&self, salt: &[u8; 32], key_id: [u8; 8], keys: &Keyring) -> Option<Self> {
        let generation = self.generation.checked_add(1)?;
        let parts: [&[u8]; 4] = [self.chain.as_bytes(), &generation.to_be_bytes(), &self.secret, salt];
        let secret = keys.refresh(key_id, &parts)?;
        Some(Self { chain: self.chain, generation, secret })
    }

    /// What the chain's row keeps of it.
    #[must_use]
    pub fn digest(&self) -> Digest<kind::RefreshToken> {
        let mut bytes = self.chain.as_bytes().to_vec();
        bytes.extend_from_slice(&self.generation.to_be_bytes());
        bytes.extend_from_slice(&self.secret);
        Digest::of(&bytes)
    }

    fn tagged<'a>(&'a self, generation: &'a [u8; 4]) -> [&'a [u8]; 3] {
        [self.chain.as_bytes(), generation, &self.secret]
    }
}

/// A chain, as its row has it.
#[derive(Debug, Clone)]
pub struct Chain {
    /// Of the token that is good now.
    pub current: Digest<kind::RefreshToken>,
    /// Of the one before it.
    pub previous: Option<Digest<kind::RefreshToken>>,
    /// Until when `previous` gives the same successor again.
    pub retry_until: Ts,
    /// The end if it is not used.
    pub idle_end: Ts,
    /// The end in any case.
    pub absolute_end: Ts,
}

/// What a genuine token is to its chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The one that is good now.
    Current,
    /// The one before, inside the window: the answer was lost, or a second process came along.
    Retry,
    /// Neither: somebody holds a token that was used up.
    Stolen,
}

impl Chain {
    /// Where a genuine token stands (R-a2).
    ///
    /// # Errors
    /// [`Refusal::RefreshUnknown`] when the chain has ended by time.
    pub fn place(&self, token: &Digest<kind::RefreshToken>, now: Ts) -> Result<Place, Refusal> {
        if self.idle_end <= now || self.absolute_end <= now {
            return Err(Refusal::RefreshUnknown);
        }
        if self.current == *token {
            return Ok(Place::Current);
        }
        let before = self.previous.as_ref() == Some(token);
        Ok(if before && now < self.retry_until { Place::Retry } else { Place::Stolen })
    }
}

/// The scope of the new access token: what is `left` of what was granted, or what is left of the narrower one asked for.
/// The chain keeps the full set (P19).
///
/// # Errors
/// [`Refusal::ScopeWidened`] for a name that was not granted; [`Refusal::ScopeNotAllowed`] when nothing is left.
pub fn narrow(params: &Params, granted: &Scope, left: &Scope) -> Result<Scope, Refusal> {
    let Some(asked) = params.find("scope").map(Scope::parse).transpose()? else { return Ok(left.clone()) };
    if let Some(wider) = asked.iter().find(|name| !granted.has(name)) {
        return Err(Refusal::ScopeWidened(wider.to_owned()));
    }
    let scope = asked.filtered(|name| left.has(name));
    let lost = asked.iter().next().filter(|_| scope.is_empty());
    lost.map_or(Ok(scope), |lost| Err(Refusal::ScopeNotAllowed(lost.to_owned())))
}

#[cfg(test)]
mod tests;
