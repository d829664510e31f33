//! Keys that others encrypt with for us: published → retired → gone. Of each family one is published at any time, and who
//! held it while it was may encrypt with it for another while. They neither sign nor verify anything.

use serde_json::Value;

use super::{Context, Error, Result, keys};
use crate::{
    clock::Ts,
    config::duration::seconds,
    jose::jwe::{self, DecryptionKey, KeyAlgorithm, KeyFamily, Label},
    secret::{Keyring, Purpose},
    store::models::EncryptionKeyRow,
};

/// How long a key opens what was encrypted with it after another one took its place, in seconds: apps hold a JWKS for a day
/// or more, and some until they are restarted.
pub const OPENS_FOR_SECONDS: i64 = 30 * 24 * 3600;
/// Keys that are tried for a token that names none.
const TRIED: usize = 2;

/// All keys that open something, as the cache holds them; the newest first.
pub struct EncryptionKeys(Vec<Key>);

struct Key {
    family: KeyFamily,
    kid: String,
    public: Value,
    /// PKCS#8. It is parsed when something comes that it may open, which is rare, and not each time the cache is made anew.
    private: Vec<u8>,
    retired_at: Option<Ts>,
    gone_at: Option<Ts>,
}

impl EncryptionKeys {
    /// From the rows.
    ///
    /// # Errors
    /// [`Error`] when a key does not open.
    pub fn load(rows: Vec<EncryptionKeyRow>, keyring: &Keyring) -> Result<Self> {
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows.into_iter().rev() {
            // the private half of one that is over is erased
            let Some(sealed) = &row.sealed else { continue };
            let private = keyring.open(Purpose::EncryptionKey, row.kid.as_bytes(), sealed).map_err(|_| {
                Error::internal(format!("encryption key {} does not open with this secret_key", row.kid))
            })?;
            keys.push(Key {
                family: family_of(&row)?,
                public: serde_json::from_str(&row.public).map_err(Error::internal)?,
                kid: row.kid,
                private,
                retired_at: row.retired_at,
                gone_at: row.gone_at,
            });
        }
        Ok(Self(keys))
    }

    /// The key of each family that others are to encrypt with now, as JWKs.
    pub fn published(&self, now: Ts) -> impl Iterator<Item = &Value> {
        KeyFamily::ALL.iter().filter_map(move |family| self.present(*family, now)).map(|key| &key.public)
    }

    /// The algorithms they may do it by.
    pub fn algorithms(&self, now: Ts) -> impl Iterator<Item = KeyAlgorithm> {
        KeyAlgorithm::ALL.iter().copied().filter(move |algorithm| self.has(algorithm.family(), now))
    }

    /// Is there a key of this family to encrypt with?
    #[must_use]
    pub fn has(&self, family: KeyFamily, now: Ts) -> bool {
        self.present(family, now).is_some()
    }

    /// What is in a token that was encrypted with one of these keys, and says so. Why it does not open is nobody's business.
    #[must_use]
    pub fn open(&self, token: &str, label: &Label, now: Ts) -> Option<String> {
        let fits = |key: &&Key| {
            key.family == label.algorithm.family()
                && key.gone_at.is_none_or(|gone| gone > now)
                && label.kid.as_ref().is_none_or(|kid| *kid == key.kid)
        };
        let plain = self.0.iter().filter(fits).take(TRIED).find_map(|key| {
            let private = DecryptionKey::from_pkcs8(key.family, &key.private).ok()?;
            jwe::decrypt(&private, label.algorithm, label.content, token).ok()
        })?;
        String::from_utf8(plain).ok()
    }

    /// The next instant after `now` at which what is published or opens changes.
    #[must_use]
    pub fn changes_at(&self, now: Ts) -> Option<Ts> {
        self.0.iter().flat_map(|key| [key.retired_at, key.gone_at]).flatten().filter(|at| *at > now).min()
    }

    fn present(&self, family: KeyFamily, now: Ts) -> Option<&Key> {
        self.0.iter().find(|key| key.family == family && key.retired_at.is_none_or(|retired| retired > now))
    }
}

/// What a key's row says that it is.
///
/// # Errors
/// [`Error`] for what this release does not know.
pub fn family_of(row: &EncryptionKeyRow) -> Result<KeyFamily> {
    let unknown = || Error::internal(format!("encryption key {} is of the unknown family {}", row.kid, row.family));
    KeyFamily::parse(&row.family).ok_or_else(unknown)
}

/// The first key of each family. Making them takes a while, which another thread can spend.
///
/// # Errors
/// [`Error`] when the library cannot make one.
pub fn draw() -> Result<Vec<Drawn>> {
    KeyFamily::ALL.iter().map(|family| Drawn::of(*family)).collect()
}

/// A new key, not written down yet.
pub struct Drawn {
    family: KeyFamily,
    public: Value,
    private: Vec<u8>,
}

impl Drawn {
    fn of(family: KeyFamily) -> Result<Self> {
        let (public, private) = family.generate().map_err(Error::internal)?;
        Ok(Self { family, public, private })
    }

    /// Its row. There is no `alg` in its JWK: each algorithm of the family goes with it, and there are readers of a JWKS that
    /// give up all of it over one they do not know (UX Q13).
    #[must_use]
    pub fn into_row(mut self, keyring: &Keyring, now: Ts) -> EncryptionKeyRow {
        let kid = keys::new_name("enc-", now);
        if let Value::Object(members) = &mut self.public {
            members.insert("kid".into(), kid.clone().into());
            members.insert("use".into(), "enc".into());
        }
        EncryptionKeyRow {
            family: self.family.name().to_owned(),
            public: self.public.to_string(),
            sealed: Some(keyring.seal(Purpose::EncryptionKey, kid.as_bytes(), &self.private)),
            kid,
            created_at: now,
            retired_at: None,
            gone_at: None,
            compromised: false,
        }
    }
}

/// Makes what is not there yet, and the successor of what is due. Any instance may do it at any time; of several one does.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn rotate_due(ctx: &Context) -> Result<()> {
    let now = ctx.now();
    let since = now.plus_seconds(-seconds(ctx.config.tokens.key_rotation));
    let rows = ctx.store.list_encryption_keys().await?;
    for family in KeyFamily::ALL {
        // one that was made while the clock was ahead does not put off the next
        let fresh = |row: &EncryptionKeyRow| {
            row.family == family.name() && row.retired_at.is_none() && row.created_at > since && row.created_at <= now
        };
        if !rows.iter().any(fresh) {
            succeed(ctx, *family, Some(since)).await?;
        }
    }
    Ok(())
}

/// Makes the keys of an installation that an older release began.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn ensure(ctx: &Context) -> Result<()> {
    for family in KeyFamily::ALL {
        if !ctx.catalog.snapshot(ctx).await?.keys.encryption.has(*family, ctx.now()) {
            succeed(ctx, *family, Some(Ts::ZERO)).await?;
            ctx.catalog.refresh(ctx).await?;
        }
    }
    Ok(())
}

/// Publishes a new key, and lets the present one of its family open what it may for a while. Gives its name; `None`:
/// another instance has made one since `unless_since`.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn succeed(ctx: &Context, family: KeyFamily, unless_since: Option<Ts>) -> Result<Option<String>> {
    // an RSA key takes a while, and others want this thread meanwhile
    let drawn = tokio::task::spawn_blocking(move || Drawn::of(family)).await.map_err(Error::internal)??;
    let now = ctx.now();
    let new = drawn.into_row(&ctx.keyring, now);
    let kid = new.kid.clone();
    let made = ctx.store.succeed_encryption_key(new, unless_since, now.plus_seconds(OPENS_FOR_SECONDS)).await?;
    Ok(made.then_some(kid))
}
