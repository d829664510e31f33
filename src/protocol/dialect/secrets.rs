//! Codes and tokens of each door: its own kind of secret, so that one is told from another by its text and no look-up
//! can confuse them (PROTOCOL R-f). Rows keep the digest of the whole text; no two kinds share one.

use super::{Dialect, Door};
use crate::secret::{
    Digest, Secret,
    kind::{self, AccessToken, AuthorizationCode, Kind},
};

/// The code of this door that belongs to a seed: its text, and what its grant's row keeps.
#[must_use]
pub fn code(door: Door, seed: &[u8; 32]) -> (String, Digest<AuthorizationCode>) {
    match door {
        Door::Standard => made(&Secret::<AuthorizationCode>::from_seed(seed)),
        Door::Dialect(Dialect::Github) => made(&Secret::<kind::GithubCode>::from_seed(seed)),
        Door::Dialect(Dialect::Facebook) => made(&Secret::<kind::FacebookCode>::from_seed(seed)),
    }
}

/// What a row would keep of a presented code; `None` when it is none of this door's.
#[must_use]
pub fn read_code(door: Door, text: &str) -> Option<Digest<AuthorizationCode>> {
    match door {
        Door::Standard => read::<AuthorizationCode, _>(text),
        Door::Dialect(Dialect::Github) => read::<kind::GithubCode, _>(text),
        Door::Dialect(Dialect::Facebook) => read::<kind::FacebookCode, _>(text),
    }
}

/// The access token of a dialect that belongs to a seed: its text, and what its row keeps.
#[must_use]
pub fn token(dialect: Dialect, seed: &[u8; 32]) -> (String, Digest<AccessToken>) {
    match dialect {
        Dialect::Github => made(&Secret::<kind::GithubToken>::from_seed(seed)),
        Dialect::Facebook => made(&Secret::<kind::FacebookToken>::from_seed(seed)),
    }
}

/// What a row would keep of a presented access token; `None` when it is none of this dialect's.
#[must_use]
pub fn read_token(dialect: Dialect, text: &str) -> Option<Digest<AccessToken>> {
    match dialect {
        Dialect::Github => read::<kind::GithubToken, _>(text),
        Dialect::Facebook => read::<kind::FacebookToken, _>(text),
    }
}

fn made<K: Kind, L>(secret: &Secret<K>) -> (String, Digest<L>) {
    (secret.expose().to_owned(), Digest::from_bytes(*secret.digest().as_bytes()))
}

fn read<K: Kind, L>(text: &str) -> Option<Digest<L>> {
    let secret = Secret::<K>::presented(text);
    secret.body()?;
    Some(Digest::from_bytes(*secret.digest().as_bytes()))
}
