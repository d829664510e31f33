//! Signing keys: published → signing → retired → gone (DESIGN §5). What is published is kept as ready bytes, with the keys
//! that others encrypt with.

use std::sync::Arc;

use super::{
    Context, Error, Result,
    encryption_keys::{self, EncryptionKeys},
};
use crate::{
    clock::Ts,
    config::{Tokens, duration::seconds},
    jose::{Algorithm, PublicKey, SigningKey},
    secret::{Id, Keyring, Purpose, base62, random},
    store::models::{EncryptionKeyRow, SigningKeyRow},
};

/// A successor is published this long before it signs, so that nobody meets a key they have not seen, in seconds.
pub const PUBLISHED_BEFORE_SECONDS: i64 = 24 * 3600;
/// No token lives longer, whatever is configured and registered, in seconds.
const LONGEST_SECONDS: i64 = 365 * 24 * 3600;
/// Tokens that live no longer are dead within the day that a key stays anyway, in seconds.
const BRIEF_SECONDS: i64 = 3600;

/// All keys, as the cache holds them.
pub struct Keys {
    signing: Vec<Key>,
    /// Those that others encrypt with.
    pub encryption: EncryptionKeys,
    /// The JWKS (RFC 7517 §5).
    pub jwks: Arc<[u8]>,
}

struct Key {
    signing: Option<Arc<SigningKey>>,
    public: PublicKey,
    signs_from: Ts,
    retired_at: Option<Ts>,
    gone_at: Option<Ts>,
    compromised: bool,
}

impl Keys {
    /// From the rows; parses each private key once.
    ///
    /// # Errors
    /// [`Error`] when a key does not open or is none.
    pub fn load(
        rows: Vec<SigningKeyRow>,
        encryption: Vec<EncryptionKeyRow>,
        keyring: &Keyring,
        now: Ts,
    ) -> Result<Self> {
        let mut signing = Vec::with_capacity(rows.len());
        for row in rows {
            signing.push(open(row, keyring)?);
        }
        let encryption = EncryptionKeys::load(encryption, keyring)?;
        let published = signing.iter().filter(|key| key.is_published(now)).map(|key| key.public.as_json());
        // those that sign first: not every reader looks at `use`
        let published = published.chain(encryption.published(now));
        let jwks = serde_json::json!({"keys": published.collect::<Vec<_>>()});
        let jwks = serde_json::to_vec(&jwks).map_err(Error::internal)?.into();
        Ok(Self { signing, encryption, jwks })
    }

    /// The key that signs now with this algorithm: of those that may, the latest. When the clock was set back to before
    /// all of them, the earliest: it is published, and nobody is better served by none.
    ///
    /// # Errors
    /// [`Error`] when there is none.
    pub fn signer(&self, algorithm: Algorithm, now: Ts) -> Result<Arc<SigningKey>> {
        let own = || {
            self.signing.iter().filter(move |key| key.public.algorithm() == algorithm).filter_map(move |key| {
                let signing = key.signing.as_ref().filter(|_| key.may_sign(now))?;
                Some((key.signs_from, signing))
            })
        };
        own()
            .filter(|(from, _)| *from <= now)
            .max_by_key(|(from, _)| *from)
            .or_else(|| own().min_by_key(|(from, _)| *from))
            .map(|(_, key)| Arc::clone(key))
            .ok_or_else(|| Error::internal(format!("there is no {} key to sign with", algorithm.name())))
    }

    /// The algorithms that a key signs with now.
    pub fn algorithms(&self, now: Ts) -> impl Iterator<Item = Algorithm> {
        Algorithm::ALL.iter().copied().filter(move |algorithm| self.signs(*algorithm, now))
    }

    /// Is there a key to sign with?
    #[must_use]
    pub fn signs(&self, algorithm: Algorithm, now: Ts) -> bool {
        self.signing.iter().any(|key| key.public.algorithm() == algorithm && key.signing.is_some() && key.may_sign(now))
    }

    /// The published key of this name.
    #[must_use]
    pub fn find(&self, kid: &str, now: Ts) -> Option<&PublicKey> {
        self.signing.iter().find(|key| key.public.kid() == kid && key.is_published(now)).map(|key| &key.public)
    }

    /// The key of this name, published or not any more: who signed long ago can still be told, unless the key was
    /// compromised.
    #[must_use]
    pub fn find_ever(&self, kid: &str) -> Option<&PublicKey> {
        self.signing.iter().find(|key| key.public.kid() == kid && !key.compromised).map(|key| &key.public)
    }

    /// The next instant after `now` at which what is published or signs changes.
    #[must_use]
    pub fn changes_at(&self, now: Ts) -> Option<Ts> {
        let times = self.signing.iter().flat_map(|key| [Some(key.signs_from), key.retired_at, key.gone_at]);
        times.flatten().filter(|at| *at > now).chain(self.encryption.changes_at(now)).min()
    }
}

impl Key {
    fn is_published(&self, now: Ts) -> bool {
        !self.compromised && self.gone_at.is_none_or(|gone| gone > now)
    }

    /// Once its time has come.
    fn may_sign(&self, now: Ts) -> bool {
        self.is_published(now) && self.retired_at.is_none_or(|retired| retired > now)
    }
}

fn open(row: SigningKeyRow, keyring: &Keyring) -> Result<Key> {
    let algorithm = Algorithm::parse(&row.algorithm)
        .ok_or_else(|| Error::internal(format!("key {} has the unknown algorithm {}", row.kid, row.algorithm)))?;
    let public = serde_json::from_str(&row.public).map_err(Error::internal)?;
    let public = PublicKey::from_json(public).map_err(Error::internal)?;
    let signing = match row.sealed {
        Some(sealed) => {
            let pkcs8 = keyring
                .open(Purpose::SigningKey, row.kid.as_bytes(), &sealed)
                .map_err(|_| Error::internal(format!("signing key {} does not open with this secret_key", row.kid)))?;
            Some(Arc::new(SigningKey::from_pkcs8(row.kid, algorithm, &pkcs8).map_err(Error::internal)?))
        }
        None => None,
    };
    Ok(Key {
        signing,
        public,
        signs_from: row.signs_from,
        retired_at: row.retired_at,
        gone_at: row.gone_at,
        compromised: row.compromised,
    })
}

/// The algorithms that have a key whoever is registered: [`Algorithm::BASE`] and what the configuration names.
#[must_use]
pub fn offered(tokens: &Tokens) -> Vec<Algorithm> {
    let named = |algorithm: &Algorithm| {
        Algorithm::BASE.contains(algorithm)
            || tokens.signing_algs.contains(algorithm)
            || [tokens.id_alg, tokens.access_alg].contains(algorithm)
    };
    Algorithm::ALL.iter().copied().filter(named).collect()
}

/// Makes a key that signs from `signs_from` on. Its name is the date and a few random characters.
///
/// # Errors
/// [`Error`] when the library cannot make one.
pub fn make(algorithm: Algorithm, keyring: &Keyring, now: Ts, signs_from: Ts) -> Result<SigningKeyRow> {
    let pkcs8 = SigningKey::generate_pkcs8(algorithm).map_err(Error::internal)?;
    row(algorithm, &pkcs8, keyring, now, signs_from)
}

fn row(algorithm: Algorithm, pkcs8: &[u8], keyring: &Keyring, now: Ts, signs_from: Ts) -> Result<SigningKeyRow> {
    let kid = new_name("", now);
    let key = SigningKey::from_pkcs8(kid.clone(), algorithm, pkcs8).map_err(Error::internal)?;
    Ok(SigningKeyRow {
        public: key.public().map_err(Error::internal)?.as_json().to_string(),
        sealed: Some(keyring.seal(Purpose::SigningKey, kid.as_bytes(), pkcs8)),
        algorithm: algorithm.name().to_owned(),
        kid,
        created_at: now,
        signs_from,
        retired_at: None,
        gone_at: None,
        compromised: false,
    })
}

/// The name of a new key: the date, what it is for where that is not signing, and a few random characters.
pub(super) fn new_name(purpose: &str, now: Ts) -> String {
    let date: String = now.to_rfc3339().chars().take(10).collect();
    let mut suffix = base62::encode(&random::<4>()).to_ascii_lowercase();
    suffix.truncate(4);
    format!("{date}-{purpose}{suffix}")
}

/// Makes the successor of every algorithm's key that is due. Any instance may do it at any time; of several one does. What
/// cannot be taken back, to erase the private halves of keys that are gone, is the sweep's, which does not believe every
/// clock.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn rotate_due(ctx: &Context) -> Result<()> {
    let now = ctx.now();
    // the next start may be with a shorter one
    remember(ctx, configured_seconds(ctx)).await?;
    let age = seconds(ctx.config.tokens.key_rotation).saturating_sub(PUBLISHED_BEFORE_SECONDS);
    let rows = ctx.store.list_keys().await?;
    let offered = offered(&ctx.config.tokens);
    for algorithm in Algorithm::ALL {
        let known = |row: &SigningKeyRow| row.algorithm == algorithm.name() && !row.compromised;
        if !offered.contains(algorithm) && !rows.iter().any(known) {
            continue;
        }
        // one that was made while the clock was ahead does not put off the next
        let own =
            rows.iter().filter(|row| row.algorithm == algorithm.name() && !row.compromised && row.created_at <= now);
        let newest = own.max_by_key(|row| row.created_at);
        if newest.is_none_or(|newest| now.seconds_since(newest.created_at) >= age) {
            let since = now.plus_seconds(-age);
            // the first key of an algorithm signs at once: nobody can hold an older JWKS that has another
            let is_first = !rows.iter().any(known);
            let lead = if is_first { 0 } else { PUBLISHED_BEFORE_SECONDS };
            succeed(ctx, *algorithm, now.plus_seconds(lead), Some(since)).await?;
        }
    }
    encryption_keys::rotate_due(ctx).await?;
    put_off(ctx, &rows, now).await
}

/// What signs until a time that is known, or did a day ago, was to go by what lived longest then. Where something lives
/// longer now, it stays for longer.
async fn put_off(ctx: &Context, rows: &[SigningKeyRow], now: Ts) -> Result<()> {
    let lately = now.plus_seconds(-PUBLISHED_BEFORE_SECONDS);
    let ends = rows.iter().filter(|row| !row.compromised);
    let ends = ends.filter_map(|row| Some((&row.kid, row.retired_at?, row.gone_at?)));
    let ends: Vec<_> = ends.filter(|(_, retired_at, _)| *retired_at > lately).collect();
    if ends.is_empty() {
        return Ok(());
    }
    let lives = Lives::load(ctx).await?;
    for (kid, retired_at, gone_at) in ends {
        let later = lives.gone_after(retired_at);
        if later > gone_at {
            ctx.store.keep_key_until(kid.clone(), later).await?;
        }
    }
    Ok(())
}

/// Tokens of this life were signed up to now, and perhaps are no more: the keys that signed them outlive them.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn remember(ctx: &Context, life_seconds: i64) -> Result<()> {
    if life_seconds > BRIEF_SECONDS {
        let now = ctx.now();
        ctx.store.keep_signed(Id::new(now), now.plus_seconds(life_seconds)).await?;
    }
    Ok(())
}

/// Makes an algorithm's first key, which signs at once: nobody can hold an older JWKS that has another.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn ensure(ctx: &Context, algorithm: Algorithm) -> Result<()> {
    let rows = ctx.store.list_keys().await?;
    if !rows.iter().any(|row| row.algorithm == algorithm.name() && !row.compromised) {
        // of several that find none, one makes it
        succeed(ctx, algorithm, ctx.now(), Some(Ts::ZERO)).await?;
    }
    Ok(())
}

/// Publishes a new key that signs from `signs_from`, and lets the present ones of its algorithm sign until then.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn succeed(
    ctx: &Context,
    algorithm: Algorithm,
    signs_from: Ts,
    unless_since: Option<Ts>,
) -> Result<Option<String>> {
    let now = ctx.now();
    let gone_at = gone_after(ctx, signs_from).await?;
    // an RSA key takes a while, and others want this thread meanwhile
    let pkcs8 = tokio::task::spawn_blocking(move || SigningKey::generate_pkcs8(algorithm)).await;
    let pkcs8 = pkcs8.map_err(Error::internal)?.map_err(Error::internal)?;
    let new = row(algorithm, &pkcs8, &ctx.keyring, now, signs_from)?;
    let kid = new.kid.clone();
    Ok(ctx.store.succeed_key(new, unless_since, gone_at).await?.then_some(kid))
}

/// Until when a key stays published that signs until `retired_at`: as long as any token may live, and a day.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn gone_after(ctx: &Context, retired_at: Ts) -> Result<Ts> {
    Ok(Lives::load(ctx).await?.gone_after(retired_at))
}

/// How long tokens live.
struct Lives {
    /// The longest life any token signed today may have.
    longest_seconds: i64,
    /// When the last of those is dead whose life was shortened since.
    remembered: Option<Ts>,
}

impl Lives {
    async fn load(ctx: &Context) -> Result<Self> {
        let mut longest_seconds = configured_seconds(ctx);
        for row in ctx.store.list_clients().await? {
            let own = super::catalog::parse_client(row, Vec::new())?.metadata.access_token_ttl;
            longest_seconds = longest_seconds.max(own.map_or(0, i64::from));
        }
        Ok(Self { longest_seconds, remembered: ctx.store.find_signed().await? })
    }

    fn gone_after(&self, retired_at: Ts) -> Ts {
        let dead = retired_at.plus_seconds(self.longest_seconds);
        // more than any token lives was written by a clock that was ahead
        let remembered = self.remembered.map(|at| at.min(retired_at.plus_seconds(LONGEST_SECONDS)));
        remembered.map_or(dead, |at| at.max(dead)).plus_seconds(PUBLISHED_BEFORE_SECONDS)
    }
}

/// The longest life that the configuration gives to any token.
fn configured_seconds(ctx: &Context) -> i64 {
    let tokens = &ctx.config.tokens;
    seconds(tokens.access_ttl.max(tokens.id_ttl))
}
