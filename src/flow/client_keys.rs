//! The public keys of clients (OIDC Registration §2): registered with them, or read from an address of theirs and held for
//! a while.

use std::sync::Arc;

use quick_cache::{Weighter, sync::Cache};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::{Context, Result, client_secret};
use crate::{
    clock::Ts,
    jose::{self, Header, KeySet, Protection, PublicKey, jwe::KeyAlgorithm},
    outbound::{Errand, Purpose},
    protocol::client_metadata::Client,
};

/// How long a set is held that does not say itself how long, and the bounds of what it may say, in seconds.
const HELD_SECONDS: i64 = 3600;
const HELD_AT_LEAST_SECONDS: i64 = 300;
const HELD_AT_MOST_SECONDS: i64 = 24 * 3600;
/// Seconds between two questions about one client's keys, however many unknown names are presented (PROTOCOL R-j6).
const ASKED_EVERY_SECONDS: i64 = 60;
/// How long a set is used on while its address does not answer, in seconds.
const STALE_SECONDS: i64 = 24 * 3600;
/// Most bytes of a set.
const MOST_BYTES: usize = 64 * 1024;
const CLIENTS: usize = 2_000;
/// Bytes that all sets may take, as JSON, and what is held beside each.
const SETS_BYTES: u64 = 8 * 1024 * 1024;
const BESIDE_BYTES: u64 = 1024;

/// What was read from clients' addresses. Losing it costs a question.
pub struct ClientKeys(Cache<String, Arc<Held>, BySize>);

struct Held {
    uri: String,
    keys: KeySet,
    /// When `keys` was read; never, when none was yet.
    read_at: Option<Ts>,
    good_until: Ts,
    asked_at: Ts,
}

/// Large sets are not to take more memory than small ones.
#[derive(Clone)]
struct BySize;

impl Weighter<String, Arc<Held>> for BySize {
    fn weight(&self, _client_id: &String, held: &Arc<Held>) -> u64 {
        BESIDE_BYTES + held.keys.bytes() as u64
    }
}

impl Default for ClientKeys {
    fn default() -> Self {
        Self(Cache::with_weighter(CLIENTS, SETS_BYTES, BySize))
    }
}

impl Held {
    fn fitting(&self, header: &Header, now: Ts) -> Vec<PublicKey> {
        if self.is_usable(now) { self.keys.fitting(header).collect() } else { Vec::new() }
    }

    fn is_usable(&self, now: Ts) -> bool {
        self.read_at.is_some_and(|at| now.seconds_since(at) < STALE_SECONDS)
    }
}

/// The claims of what a client signed, with a key or a secret of its; `None`: it did not. Its address is asked only
/// for what would be accepted, by `fits`, if the key is there.
///
/// # Errors
/// [`Error`](super::Error) when a sealed secret does not open.
pub async fn verified<C: DeserializeOwned>(
    ctx: &Context,
    client: &Client,
    header: &Header,
    protection: Protection,
    text: &str,
    fits: impl Fn(&C) -> bool,
) -> Result<Option<C>> {
    Ok(match protection {
        Protection::Unsecured => None,
        Protection::Mac(algorithm) => {
            let keys = client_secret::keys(ctx, client, algorithm, ctx.now())?;
            keys.iter().find_map(|key| jose::verify_any(key, text).ok())
        }
        Protection::Signature(_) => {
            let promising = jose::peek_claims(text).is_some_and(|claims| fits(&claims));
            let keys = fitting(ctx, client, header, promising).await;
            keys.iter().find_map(|key| jose::verify_any(key, text).ok())
        }
    })
}

/// The keys of a client that may have signed a token with this header. `worth_asking`: everything else about the token
/// looks right, so that its client's address may be asked for a key that is not known yet.
/// What an address does not give is no key.
async fn fitting(ctx: &Context, client: &Client, header: &Header, worth_asking: bool) -> Vec<PublicKey> {
    if let Some(document) = &client.metadata.jwks {
        let registered = KeySet::parse(document).unwrap_or_default();
        return registered.fitting(header).collect();
    }
    let Some(uri) = &client.metadata.jwks_uri else { return Vec::new() };
    let keys = &ctx.client_keys.0;
    let find = || keys.get(&client.client_id).filter(|held| held.uri == *uri);
    // good ones, or none that may be asked for
    let settled = |now: Ts| {
        let held = find()?;
        let found = held.fitting(header, now);
        let soon = now.seconds_since(held.asked_at) < ASKED_EVERY_SECONDS && now >= held.asked_at;
        let known = !found.is_empty() || header.alg.is_empty();
        (soon || (known && held.good_until > now)).then_some(found)
    };
    if let Some(found) = settled(ctx.now()) {
        return found;
    }
    if !worth_asking {
        return find().map(|held| held.fitting(header, ctx.now())).unwrap_or_default();
    }
    let _one_at_a_time = ctx.limits.turn(ctx.keyring.failure_key(&[b"client keys", client.client_id.as_bytes()])).await;
    let now = ctx.now();
    // somebody who waited here before has asked
    if let Some(found) = settled(now) {
        return found;
    }
    let held = Arc::new(ask(ctx, client, uri, find().as_deref(), now).await);
    keys.insert(client.client_id.clone(), Arc::clone(&held));
    held.fitting(header, now)
}

/// The key that is used to encrypt for a client: a registered one, or one that was read from its address by now.
#[must_use]
pub fn encrypting(ctx: &Context, client: &Client, algorithm: KeyAlgorithm) -> Option<Value> {
    if let Some(document) = &client.metadata.jwks {
        return KeySet::parse(document).ok()?.encrypting(algorithm).cloned();
    }
    let held = ctx.client_keys.0.get(&client.client_id)?;
    held.is_usable(ctx.now()).then(|| held.keys.encrypting(algorithm).cloned())?
}

/// Reads the keys of a client that wants something encrypted, if they are at an address and not at hand.
pub async fn make_ready(ctx: &Context, client: &Client) {
    let metadata = &client.metadata;
    let wanted = [metadata.id_token_encryption(), metadata.userinfo_encryption()].into_iter().flatten().next();
    if wanted.is_some() {
        // for no signature: any look at the address will do
        let _none = fitting(ctx, client, &Header::default(), true).await;
    }
}

/// What the address gives; what it gave before, when it gives none.
async fn ask(ctx: &Context, client: &Client, uri: &str, before: Option<&Held>, now: Ts) -> Held {
    let read = async {
        let url = Url::parse(uri).map_err(|error| error.to_string())?;
        let errand = Errand { purpose: Purpose::Keys, is_vouched_for: client.metadata.is_vouched_for() };
        let got = ctx.fetch.get(errand, &url, "application/json, application/jwk-set+json", MOST_BYTES).await;
        let got = got.map_err(|error| error.to_string())?;
        if got.status != 200 {
            return Err(format!("it answers {}", got.status));
        }
        let document = serde_json::from_slice(&got.body).map_err(|_| "it answers with no JSON".to_owned())?;
        Ok((KeySet::parse(&document).map_err(|error| error.to_string())?, got.max_age))
    };
    let asked = Held { uri: uri.to_owned(), keys: KeySet::default(), read_at: None, good_until: now, asked_at: now };
    match read.await {
        Ok((keys, max_age)) => {
            let seconds = max_age.map_or(HELD_SECONDS, i64::from).clamp(HELD_AT_LEAST_SECONDS, HELD_AT_MOST_SECONDS);
            Held { keys, read_at: Some(now), good_until: now.plus_seconds(seconds), ..asked }
        }
        Err(why) => {
            tracing::warn!(client.id = client.client_id, why, "a client's keys were not read");
            match before {
                Some(held) => Held { keys: held.keys.clone(), read_at: held.read_at, ..asked },
                None => asked,
            }
        }
    }
}
