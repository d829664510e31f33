//! Copies of a `SQLite` database: made while it is in use, put back into an empty place. Each appears under its name
//! whole or not at all, and never in the place of anything.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use super::{
    Context, Origin,
    epoch::{self, Chains},
    start::{self, StartError},
};
use crate::{
    clock::{Clock, Ts},
    config::{Config, Database},
    secret::{Id, Keyring},
    store::{self, Location, Migrate, Store, Unfit},
};

/// Why there is no copy, or none was put back. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `PostgreSQL` is not one file.
    #[error("PostgreSQL has its own tools for that")]
    NotOneFile,
    /// The name of the copy is taken.
    #[error("{} exists already", .0.display())]
    Exists(PathBuf),
    /// The copy's folder is not there.
    #[error("there is no folder {}", .0.display())]
    NoFolder(PathBuf),
    /// There is nothing to put back.
    #[error("there is no file {}", .0.display())]
    NoFile(PathBuf),
    /// It goes into an empty place only.
    #[error("there is a database already: {}", .0.display())]
    Occupied(PathBuf),
    /// Part of a database that was, or is, in use.
    #[error("{} holds changes that are not in the file beside it yet", .0.display())]
    LogBeside(PathBuf),
    /// Without its key nothing in the copy can be opened.
    #[error("there is no secret_key, neither configured nor in {}", .0.display())]
    NoKey(PathBuf),
    /// Another installation's, or an older key.
    #[error("{} was made with another secret_key than the one given, so nothing in it could be opened", .0.display())]
    OtherKey(PathBuf),
    /// None of ours.
    #[error("{} is no database of countersign: {why}", file.display())]
    Foreign {
        /// What was given.
        file: PathBuf,
        /// What is missing in it.
        why: String,
    },
    /// Not as it was written.
    #[error("{} is damaged: {why}", file.display())]
    Damaged {
        /// What was given.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A file, the folder's lock, the key.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The database.
    #[error(transparent)]
    Store(#[from] store::Error),
}

type Result<T> = std::result::Result<T, BackupError>;

/// Writes a copy of everything that is durable now, for its owner alone from its first byte, and says how long it is in
/// bytes. `secret_key` is not in it.
///
/// # Errors
/// [`BackupError`].
pub async fn back_up(ctx: &Context, to: &Path) -> Result<u64> {
    if let Database::Postgres(_) = ctx.config.database {
        return Err(BackupError::NotOneFile);
    }
    if to.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(to.to_owned()));
    }
    if !folder_of(to).is_dir() {
        return Err(BackupError::NoFolder(folder_of(to).to_owned()));
    }
    let beside = Beside::new(to, &format!("{}.partial", std::process::id()));
    ctx.store.backup(&beside.0).await?;
    let bytes = fs::metadata(&beside.0).map_err(|error| unwritten(&beside.0, error))?.len();
    beside.settle(to)?;
    Ok(bytes)
}

/// Puts a copy in where there is no database: checked, brought up to date and in a new epoch (PROTOCOL R-a6) before it
/// gets its name. Says when the last thing in it happened where that is still to come by this clock: what was issued
/// between the two has not ended.
///
/// # Errors
/// [`BackupError`].
pub async fn restore(
    config: &Config,
    clock: &dyn Clock,
    origin: &Origin,
    from: &Path,
    chains: Chains,
) -> Result<Option<Ts>> {
    let Database::Sqlite(to) = &config.database else { return Err(BackupError::NotOneFile) };
    if !from.is_file() {
        return Err(BackupError::NoFile(from.to_owned()));
    }
    refuse_log(from)?;
    let no_key = || BackupError::NoKey(config.data_dir.join(start::SECRET_KEY));
    let keyring = start::find_keyring(config)?.ok_or_else(no_key)?;
    let _nobody_serves = start::lock(config)?;
    if is_used(to) {
        return Err(BackupError::Occupied(to.clone()));
    }
    refuse_log(to)?;

    let beside = Beside::new(to, "restoring");
    start::private_file(&beside.0)?;
    // into the file that is there: whoever copies a file by name copies its mode as well
    let copied =
        OpenOptions::new().append(true).open(&beside.0).and_then(|mut to| io::copy(&mut File::open(from)?, &mut to));
    copied.map_err(|error| unwritten(&beside.0, error))?;
    Store::adopt(&beside.0).map_err(|unfit| match unfit {
        Unfit::Foreign(why) => BackupError::Foreign { file: from.to_owned(), why },
        Unfit::Damaged(why) => BackupError::Damaged { file: from.to_owned(), why },
        Unfit::Store(error) => error.into(),
    })?;
    let store = Store::open(Location::Sqlite(&beside.0), Migrate::No).await?;
    let begun = begin_anew(&store, &keyring, clock, origin, from, chains).await;
    store.close();
    let later = begun?;

    // what an aborted first start left: an empty file, an index of nothing
    for empty in [to.clone(), with_suffix(to, "-wal"), with_suffix(to, "-shm")] {
        remove(&empty).map_err(|error| unwritten(&empty, error))?;
    }
    beside.settle(to)?;
    Ok(later)
}

/// If it is the installation whose key is at hand. Gives what [`restore`] gives.
async fn begin_anew(
    store: &Store,
    keyring: &Keyring,
    clock: &dyn Clock,
    origin: &Origin,
    from: &Path,
    chains: Chains,
) -> Result<Option<Ts>> {
    let never = || BackupError::Foreign { file: from.to_owned(), why: "it was never started".into() };
    let instance = store.find_instance().await?.ok_or_else(never)?;
    if !<[u8; 32]>::try_from(instance.key_check).is_ok_and(|check| keyring.recognises(&check)) {
        return Err(BackupError::OtherKey(from.to_owned()));
    }
    let (now, latest) = (clock.now(), store.find_latest().await?.map(Id::made_at));
    epoch::begin(store, origin, "epoch.restored", chains, now).await?;
    Ok(latest.filter(|latest| *latest > now))
}

/// A file that is not finished, under another name in the folder it is for. It goes unless it is settled.
struct Beside(PathBuf);

impl Beside {
    fn new(to: &Path, ending: &str) -> Self {
        let beside = Self(with_suffix(to, &format!(".{ending}")));
        beside.clear();
        beside
    }

    /// What a kill left, too.
    fn clear(&self) {
        for path in ["", "-wal", "-shm", "-journal"].map(|part| with_suffix(&self.0, part)) {
            let _mostly_not_there = fs::remove_file(path);
        }
    }

    /// Gives it its name, once it is on the disk; over nothing.
    fn settle(self, to: &Path) -> Result<()> {
        let failed = |error| unwritten(to, error);
        File::open(&self.0).and_then(|file| file.sync_all()).map_err(failed)?;
        match fs::hard_link(&self.0, to) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => return Err(BackupError::Exists(to.to_owned())),
            // a file system without links
            Err(_) if to.symlink_metadata().is_err() => fs::rename(&self.0, to).map_err(failed)?,
            Err(error) => return Err(failed(error)),
        }
        drop(self);
        File::open(folder_of(to)).and_then(|folder| folder.sync_all()).map_err(failed)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A log with something in it: it belongs to a database in use, or to one that was moved away without it. Read with
/// another file it would destroy that one.
fn refuse_log(database: &Path) -> Result<()> {
    match [with_suffix(database, "-wal"), with_suffix(database, "-journal")].into_iter().find(|log| is_used(log)) {
        Some(log) => Err(BackupError::LogBeside(log)),
        None => Ok(()),
    }
}

/// Anything but an empty file counts.
fn is_used(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|file| !file.is_file() || file.len() > 0)
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// `.` for a bare name.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn unwritten(path: &Path, error: impl std::fmt::Display) -> BackupError {
    store::Error::Unwritten(format!("{}: {error}", path.display())).into()
}
