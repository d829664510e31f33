//! From configuration to a working context: data directory, `secret_key`, database, first keys.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};

use super::{
    Context, Error, accept, audit, authorize, catalog, client_keys, client_secret, encryption_keys, hashing, keys,
    limits,
};
use crate::{
    clock::{Clock, Ts},
    config::{Config, Database},
    jose::Algorithm,
    outbound::Fetcher,
    secret::{Id, Keyring, Purpose, WeakKey, random},
    store::{self, Location, Migrate, ReplicaState, Store, models::Instance},
};

/// Why the program cannot begin; each is one clear message, and nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The data directory.
    #[error("{what} {path}: {error}")]
    File {
        /// What was tried.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// What the system said.
        error: std::io::Error,
    },
    /// Another server has it.
    #[error("another countersign serves from {0} already; stop it, or give this one its own --data-dir")]
    Taken(PathBuf),
    /// Too short.
    #[error(transparent)]
    WeakKey(#[from] WeakKey),
    /// Not the one this database was made with.
    #[error(
        "secret_key is not the one this database was made with, so nothing in it can be opened; \
         give the right one (to change it, list the new one first and the old one second)"
    )]
    WrongKey,
    /// The file with the key is gone while the database is there.
    #[error("the database is there but {0} is not: put the secret_key back that this database was made with")]
    KeyLost(PathBuf),
    /// What is to answer instead of the database is no standby of it.
    #[error("database_replica_url cannot be used: {0}")]
    Replica(String),
    /// The certificates that others are asked with.
    #[error("{0}")]
    Fetch(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Anything else.
    #[error("{0}")]
    Other(#[from] Error),
}

/// The name of the key's file in the data directory.
pub const SECRET_KEY: &str = "secret_key";

/// Opens everything. With [`Migrate::Yes`] it makes what is not there yet.
///
/// # Errors
/// [`StartError`].
pub async fn open(config: Config, clock: Arc<dyn Clock>, migrate: Migrate) -> Result<Arc<Context>, StartError> {
    let fetch = Fetcher::new(&config.fetch);
    if migrate == Migrate::Yes {
        fetch.check_ca_file().map_err(StartError::Fetch)?;
    }
    let keyring = keyring(&config, migrate)?;
    if let Database::Sqlite(path) = &config.database
        && migrate == Migrate::Yes
    {
        private_file(path)?;
    }
    if migrate == Migrate::Yes {
        check_replica(&config).await?;
    }
    let mut store = Store::open(location(&config), migrate).await?;
    store.set_patience(config.limits.wait.0);
    let now = clock.now();
    let pairwise_key = settle_instance(&store, &keyring, &keys::offered(&config.tokens), now, migrate).await?;
    if let (Migrate::Yes, Some(replica)) = (migrate, &config.database_replica) {
        store = store.with_replica(&replica.url, replica.lag)?;
    }
    let catalog = catalog::Catalog::load(&store, &keyring, now).await?;
    let password = &config.password;
    let cost = crate::credential::password::Cost {
        memory: password.memory,
        iterations: password.iterations,
        parallelism: password.parallelism,
    };
    let hashing = hashing::Hashing::new(cost, config.limits.wait.0)?;
    let limits = limits::Limits::new(config.limits.per_address);
    let ctx = Arc::new(Context {
        config,
        store,
        clock,
        keyring,
        pairwise_key,
        catalog,
        fetch,
        client_keys: client_keys::ClientKeys::default(),
        request_objects: authorize::request_uri::RequestObjects::default(),
        hashing,
        limits,
        auditor: audit::Auditor::default(),
        verified: accept::Verified::default(),
    });
    if migrate == Migrate::Yes {
        settle_keys(&ctx).await?;
    }
    Ok(ctx)
}

/// What the configuration has offered only since the first start gets its key now: what is listed is there.
async fn settle_keys(ctx: &Context) -> Result<(), Error> {
    let held = ctx.catalog.snapshot(ctx).await?;
    for algorithm in keys::offered(&ctx.config.tokens) {
        if !held.keys.signs(algorithm, ctx.now()) {
            keys::ensure(ctx, algorithm).await?;
            ctx.catalog.refresh(ctx).await?;
        }
    }
    encryption_keys::ensure(ctx).await
}

/// One that is away is waited for while serving; one that is none, nobody would notice then.
async fn check_replica(config: &Config) -> Result<(), StartError> {
    match (&config.database, &config.database_replica) {
        (Database::Postgres(url), Some(replica)) => match Store::replica_state(url, &replica.url).await? {
            ReplicaState::Unfit(why) => Err(StartError::Replica(why)),
            ReplicaState::Following { .. } | ReplicaState::Away(_) => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Where the configured database is.
#[must_use]
pub fn location(config: &Config) -> Location<'_> {
    match &config.database {
        Database::Sqlite(path) => Location::Sqlite(path),
        Database::Postgres(url) => Location::Postgres(url),
    }
}

/// One server a data directory: the lock lasts as long as the value.
///
/// # Errors
/// [`StartError::Taken`] when another server has it.
pub fn lock(config: &Config) -> Result<Option<File>, StartError> {
    if let Database::Postgres(_) = config.database {
        return Ok(None);
    }
    private_folder(&config.data_dir)?;
    let path = config.data_dir.join("serve.lock");
    let file = open_private(&path).map_err(|error| StartError::File { what: "cannot write", path, error })?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(fs::TryLockError::WouldBlock) => Err(StartError::Taken(config.data_dir.clone())),
        Err(fs::TryLockError::Error(error)) => {
            Err(StartError::File { what: "cannot lock", path: config.data_dir.clone(), error })
        }
    }
}

/// Makes the folder, for its owner alone under any umask.
///
/// # Errors
/// [`StartError::File`].
pub fn private_folder(path: &Path) -> Result<(), StartError> {
    let bad = |error| StartError::File { what: "cannot make the folder", path: path.to_owned(), error };
    if !path.is_dir() {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(bad)?;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700)).map_err(bad)?;
        // its name is kept by the folder above; one that we may not read has to see to that itself
        let _best_effort = File::open(path.join("..")).and_then(|above| above.sync_all());
    }
    Ok(())
}

/// Makes an empty file if there is none, and lets only its owner read it.
///
/// # Errors
/// [`StartError::File`].
pub fn private_file(path: &Path) -> Result<(), StartError> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        private_folder(folder)?;
    }
    let bad = |error| StartError::File { what: "cannot write", path: path.to_owned(), error };
    open_private(path).map(drop).map_err(bad)
}

fn open_private(path: &Path) -> std::io::Result<File> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
    if file.metadata()?.permissions().mode() & 0o777 != 0o600 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

/// The configured keys, or the one in the data directory, which is made on first start.
fn keyring(config: &Config, migrate: Migrate) -> Result<Keyring, StartError> {
    if let Some(found) = find_keyring(config)? {
        return Ok(found);
    }
    let path = config.data_dir.join(SECRET_KEY);
    let used = matches!(&config.database, Database::Sqlite(file) if fs::metadata(file).is_ok_and(|m| m.len() > 0));
    match (migrate, used) {
        (Migrate::No, false) => Err(store::Error::NotMigrated.into()),
        (_, true) => Err(StartError::KeyLost(path)),
        (Migrate::Yes, false) => make_secret_key(&config.data_dir, &path),
    }
}

/// The configured keys, or the one in the data directory; `None` where there is neither.
///
/// # Errors
/// [`StartError`] for a key that is too short or cannot be read.
pub fn find_keyring(config: &Config) -> Result<Option<Keyring>, StartError> {
    if !config.secret_key.is_empty() {
        return Ok(Some(Keyring::new(config.secret_key.iter().map(crate::config::SecretText::expose))?));
    }
    let path = config.data_dir.join(SECRET_KEY);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(Keyring::new(text.lines().filter(|line| !line.trim().is_empty()))?)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StartError::File { what: "cannot read", path, error }),
    }
}

/// Written beside and renamed into place whole: a kill in the middle leaves no half a key, and no second copy of one.
/// Starters take turns at the file beside; those who waited find the key in place and leave it.
fn make_secret_key(folder: &Path, path: &Path) -> Result<Keyring, StartError> {
    private_folder(folder)?;
    let bad = |error| StartError::File { what: "cannot write", path: path.to_owned(), error };
    let beside = folder.join("secret_key.new");
    let mut file = open_private(&beside).map_err(bad)?;
    file.lock().map_err(bad)?;
    if path.try_exists().map_err(bad)? {
        let _not_needed = fs::remove_file(&beside);
    } else {
        // what a kill left in it goes
        let text = format!("{}\n", B64.encode(random::<32>()));
        let written = file.set_len(0).and_then(|()| file.write_all(text.as_bytes())).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&beside, path)) {
            // half a key goes; the file stays for those who wait for its lock
            let _no_room_needed = file.set_len(0);
            return Err(bad(error));
        }
    }
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(bad)?;
    let text = fs::read_to_string(path).map_err(bad)?;
    Ok(Keyring::new(text.lines())?)
}

/// The first start writes the installation and its first keys; every other checks that the key is the right one.
/// Gives what pairwise subjects are made with.
async fn settle_instance(
    store: &Store,
    keyring: &Keyring,
    offered: &[Algorithm],
    now: Ts,
    migrate: Migrate,
) -> Result<[u8; 32], StartError> {
    if store.find_instance().await?.is_none() {
        if migrate == Migrate::No {
            return Err(store::Error::NotMigrated.into());
        }
        // RSA keys take their time: two of them no longer than one, where there are two processors
        let drawn = tokio::task::spawn_blocking(encryption_keys::draw);
        let mut first = Vec::new();
        for algorithm in offered {
            first.push(keys::make(*algorithm, keyring, now, now)?);
        }
        let drawn = drawn.await.map_err(Error::internal)??;
        let encryption = drawn.into_iter().map(|key| key.into_row(keyring, now)).collect();
        let instance = Instance {
            one: 1,
            created_at: now,
            key_check: keyring.check().to_vec(),
            admin_made_at: None,
            tokens_invalid_before: Ts::ZERO,
            grants_invalid_before: Ts::ZERO,
            pairwise_key: Some(seal_pairwise(keyring, &keyring.first_pairwise_key())),
        };
        store.create_instance(instance, first, encryption).await?;
    }
    let instance = store.find_instance().await?.ok_or(store::Error::NotMigrated)?;
    let kept: [u8; 32] = instance.key_check.try_into().map_err(|_| StartError::WrongKey)?;
    if !keyring.recognises(&kept) {
        return Err(StartError::WrongKey);
    }
    let pairwise_key = match instance.pairwise_key {
        Some(sealed) => open_pairwise(keyring, &sealed)?,
        // an installation of an older release: two that start together find the same one
        None if migrate == Migrate::Yes => {
            store.keep_pairwise_key(seal_pairwise(keyring, &keyring.first_pairwise_key())).await?;
            let instance = store.find_instance().await?.ok_or(store::Error::NotMigrated)?;
            open_pairwise(keyring, &instance.pairwise_key.unwrap_or_default())?
        }
        None => keyring.first_pairwise_key(),
    };
    if keyring.has_former() && migrate == Migrate::Yes {
        reseal(store, keyring, &kept, &pairwise_key).await?;
    }
    Ok(pairwise_key)
}

/// Secrets that are sealed anew at once: on `PostgreSQL` an operation has a few seconds, and each is a round trip.
const TOGETHER: i64 = 100;

/// The first of two configured keys takes over: afterwards the second is needed only for what is in flight. A start that
/// ends in the middle leaves some secrets under either key; both are needed until one came to its end. Where the first had
/// taken over already, other instances and commands may have gone on to seal under the second, so everything is looked at.
async fn reseal(store: &Store, keyring: &Keyring, kept: &[u8; 32], pairwise_key: &[u8; 32]) -> Result<(), StartError> {
    let anew = |purpose: Purpose, kid: String, old: &[u8]| {
        let sealed = keyring.reseal(purpose, kid.as_bytes(), old).map_err(|_| StartError::WrongKey)?;
        Ok::<_, StartError>(sealed.map(|sealed| (kid, sealed)))
    };
    let mut signing = Vec::new();
    for row in store.list_keys().await? {
        if let Some(old) = row.sealed {
            signing.extend(anew(Purpose::SigningKey, row.kid, &old)?);
        }
    }
    let mut encryption = Vec::new();
    for row in store.list_encryption_keys().await? {
        if let Some(old) = row.sealed {
            encryption.extend(anew(Purpose::EncryptionKey, row.kid, &old)?);
        }
    }
    let mut after = Id::from_bytes([0; 16]);
    loop {
        let some = store.list_sealed_secrets(after, TOGETHER).await?;
        let Some((last, ..)) = some.last() else { break };
        after = *last;
        let mut secrets = Vec::new();
        for (row, client_id, old) in &some {
            let sealed = client_secret::reseal(keyring, *row, client_id, old).map_err(|_| StartError::WrongKey)?;
            secrets.extend(sealed.map(|sealed| (*row, sealed)));
        }
        if !secrets.is_empty() {
            store.reseal_secrets(secrets).await?;
        }
    }
    if *kept == keyring.check() && signing.is_empty() && encryption.is_empty() {
        return Ok(());
    }
    let pairwise_key = seal_pairwise(keyring, pairwise_key);
    Ok(store.reseal(keyring.check().to_vec(), signing, encryption, pairwise_key).await?)
}

fn seal_pairwise(keyring: &Keyring, key: &[u8; 32]) -> Vec<u8> {
    keyring.seal(Purpose::Pairwise, b"instance", key)
}

fn open_pairwise(keyring: &Keyring, sealed: &[u8]) -> Result<[u8; 32], StartError> {
    let plain = keyring.open(Purpose::Pairwise, b"instance", sealed).map_err(|_| StartError::WrongKey)?;
    plain.try_into().map_err(|_| StartError::WrongKey)
}
