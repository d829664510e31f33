//! Comparing a client's secret (PROTOCOL R-c, R-d): what is done depends on what was presented, never on who asks.

use crate::{
    clock::Ts,
    protocol::client_metadata::{Client, KeptForm},
    secret::{Secret, kind::ClientSecret},
};

/// What has to be done to compare a presented secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Our prefix and a wrong checksum: refused before any look-up.
    Hopeless,
    /// Ours: one digest.
    Digest,
    /// Chosen by somebody: one slow hash.
    Hash,
}

/// Decides by the presented value alone (R-d1).
#[must_use]
pub fn comparison(presented: &Secret<ClientSecret>) -> Comparison {
    match (presented.looks_generated(), presented.body()) {
        (true, None) => Comparison::Hopeless,
        (true, Some(_)) => Comparison::Digest,
        (false, _) => Comparison::Hash,
    }
}

/// Is it one of the client's generated secrets? Looks at every one of them, in constant time each.
#[must_use]
pub fn matches_digest(presented: &Secret<ClientSecret>, client: &Client, now: Ts) -> bool {
    let digest = presented.digest();
    client.live_secrets(now).fold(false, |found, kept| match &kept.form {
        // `|` would do as well for time: every one is compared before
        KeptForm::Digest(stored) => {
            let same = *stored == digest;
            found || same
        }
        KeptForm::Hash(_) => found,
    })
}

/// The one chosen secret a client may have at a time.
#[must_use]
pub fn chosen_hash(client: &Client, now: Ts) -> Option<&str> {
    client.live_secrets(now).find_map(|kept| match &kept.form {
        KeptForm::Hash(hash) => Some(hash.as_str()),
        KeptForm::Digest(_) => None,
    })
}
