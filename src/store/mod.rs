//! The database: one enum, one line an operation. Every query is written once in `queries/` and compiled for both.
//!
//! An operation owns its transaction; what it acknowledges is durable. Nothing slow happens inside one.

mod columns;
mod condition;
mod ending;
mod held;
mod kept;
mod late;
mod leftover;
pub mod models;
mod on_consent;
mod operations;
mod outcome;
mod pace;
mod postgres;
mod schema;
mod sqlite;

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use diesel::migration::MigrationVersion;
use futures_util::future::BoxFuture;

pub use ending::Ending;
pub use late::ReplicaState;
pub use outcome::{
    Answered, Basis, Before, ClientFacts, ConnectedApp, Created, DeviceBegun, EndedSession, Given, PersonUpdated,
    Polled, Progress, Redeemed, Registered, Rotated, Rotation, SeenSince, Swept, TokenState, Updated,
};
pub use pace::Pace;

/// Our side failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// More waits than can be served soon.
    #[error("more wait for the database than can be served soon")]
    Full,
    /// The database is away, locked, slow or out of room.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The schema is from a newer release.
    #[error(
        "the database was migrated by a newer release (it has {0}, which this one does not know); \
         start that release, or restore the copy made before its migration"
    )]
    Newer(String),
    /// A command-line process found a schema that `serve` has not migrated yet.
    #[error("the database is not set up for this release; run `countersign serve` or `countersign db migrate` first")]
    NotMigrated,
    /// The file is none of ours.
    #[error("the database cannot be read: {0}")]
    Unreadable(String),
    /// The file is ours, and something has written over it.
    #[error("the database is damaged: {0}")]
    Damaged(String),
    /// The file that a copy goes into, which is no fault of the database: no room, or no right.
    #[error("the copy cannot be written: {0}")]
    Unwritten(String),
}

/// Why a file cannot be taken for a copy of our database.
#[derive(Debug, thiserror::Error)]
pub enum Unfit {
    /// It is none of ours.
    #[error("{0}")]
    Foreign(String),
    /// It is not as it was written.
    #[error("{0}")]
    Damaged(String),
    /// It cannot be opened or brought up to date.
    #[error(transparent)]
    Store(#[from] Error),
}

/// What the store answers.
pub type Result<T> = std::result::Result<T, Error>;

impl From<diesel::result::Error> for Error {
    fn from(error: diesel::result::Error) -> Self {
        let words = error.to_string();
        match &error {
            error if condition::is_no_database(error) => Self::Unreadable(words),
            error if condition::is_damage(error) => Self::Damaged(words),
            _ => Self::Unavailable(words),
        }
    }
}

/// Where the database is.
#[derive(Debug, Clone, Copy)]
pub enum Location<'a> {
    /// A `SQLite` file.
    Sqlite(&'a Path),
    /// A `PostgreSQL` URL.
    Postgres(&'a str),
}

/// Whether opening may change the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Migrate {
    /// Bring it up to date; a copy of an existing `SQLite` file is kept first.
    Yes,
    /// Refuse a schema that is not up to date.
    No,
}

/// How the schema stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// Migrations this release knows.
    pub known: usize,
    /// Those the database has.
    pub applied: usize,
}

/// How far this machine's clock may be from the database's.
const CLOCKS_APART: Duration = Duration::from_secs(2);

/// The database.
#[derive(Clone)]
pub struct Store {
    database: Database,
    /// Who answers what is of the kind `late`: the database; in a standby's view that standby.
    nearest: Database,
    /// A standby, where there is one.
    late: Option<Arc<late::Late>>,
    pace: Option<Arc<dyn Pace>>,
}

/// Either of them.
#[derive(Clone)]
enum Database {
    /// One file, one writer, many readers.
    Sqlite(sqlite::Sqlite),
    /// A pool of connections.
    Postgres(postgres::Postgres),
}

/// Does what one transaction can do a part of, in as many as it takes; others come between. `false`: there was nothing.
///
/// # Errors
/// [`Error`] when the database is full or away; what was done until then is done.
pub async fn wholly<'a>(step: impl Fn() -> BoxFuture<'a, Result<Progress>>) -> Result<bool> {
    let mut began = false;
    loop {
        match step().await? {
            Progress::Nothing => return Ok(began),
            Progress::Part => began = true,
            Progress::Whole => return Ok(true),
        }
    }
}

impl Store {
    /// Opens the database. Call it on the main runtime: `PostgreSQL`'s connections live there.
    ///
    /// # Errors
    /// [`Error`] when it is away, unreadable, from a newer release or, with [`Migrate::No`], not up to date.
    pub async fn open(location: Location<'_>, migrate: Migrate) -> Result<Self> {
        let database = match location {
            Location::Sqlite(path) => Database::Sqlite(sqlite::Sqlite::open(path, migrate)?),
            Location::Postgres(url) => Database::Postgres(postgres::Postgres::open(url, migrate).await?),
        };
        Ok(Self { nearest: database.clone(), database, late: None, pace: None })
    }

    /// The same database, of which each operation waits for its turn.
    #[must_use]
    pub fn paced(self, pace: Arc<dyn Pace>) -> Self {
        Self { pace: Some(pace), ..self }
    }

    /// Nobody shall wait much longer than this for the database, for long; until it is said everybody waits. Half of it
    /// is for `SQLite`'s writer: whoever waits for it waits for the disk as well, and in front of a thread.
    pub fn set_patience(&self, limit: Duration) {
        match &self.database {
            Database::Sqlite(_) => self.condition().patience.set_limit(limit / 2),
            Database::Postgres(store) => store.set_patience(limit),
        }
    }

    /// How many migrations there are and are applied, without changing anything.
    ///
    /// # Errors
    /// [`Error`] when the database cannot be read.
    pub async fn schema_state(location: Location<'_>) -> Result<SchemaState> {
        match location {
            Location::Sqlite(path) => sqlite::schema_state(path),
            Location::Postgres(url) => postgres::schema_state(url).await,
        }
    }

    /// The first thing that is found wrong with a `SQLite` file; `None` when nothing is, and on `PostgreSQL`, which sees
    /// to its own. It reads all of the file.
    ///
    /// # Errors
    /// [`Error`] when the database cannot be opened at all.
    pub fn find_damage(location: Location<'_>) -> Result<Option<String>> {
        match location {
            Location::Sqlite(path) if path.exists() => sqlite::copies::find_damage(path),
            Location::Sqlite(_) | Location::Postgres(_) => Ok(None),
        }
    }

    /// Were the last changes written, and was no damage met? Costs nothing.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.condition().is_good()
    }

    /// Is a copy being made of a `SQLite` file, or read from it for as long otherwise? Whatever is written then waits in its
    /// log, all of which has to be brought into the file afterwards: what has time is better written later.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.condition().is_behind()
    }

    /// Is this machine's clock the database's, as far as [`Self::compare_clocks`] has seen? Costs nothing.
    #[must_use]
    pub fn has_right_clock(&self) -> bool {
        !self.condition().is_skewed()
    }

    /// Looks whether the two clocks agree (PROTOCOL R-q4), and tells the log when that changes. A `SQLite` file has no
    /// clock.
    ///
    /// # Errors
    /// [`Error`] when the database is away: what was seen last counts then.
    pub async fn compare_clocks(&self) -> Result<()> {
        let Database::Postgres(postgres) = &self.database else { return Ok(()) };
        let apart = postgres.skew().await?;
        let is_skewed = apart > CLOCKS_APART;
        match (self.condition().set_skewed(is_skewed), is_skewed) {
            (false, true) => tracing::error!(
                seconds = apart.as_secs_f64(),
                "this machine's clock is not the database's: not ready until they agree"
            ),
            (true, false) => tracing::info!("this machine's clock and the database's agree again"),
            _ => {}
        }
        Ok(())
    }

    /// After a change that could not be written: tries one that changes nothing. So recovery is noticed also when
    /// nobody comes, because nobody is sent here while the server is not ready. Where it comes to no end, it keeps its row
    /// until the database gets on: those after it wait for that, which the database ends, and no other is left behind.
    ///
    /// # Errors
    /// [`Error`] when it still cannot be written.
    pub async fn try_writing_again(&self) -> Result<()> {
        if self.condition().is_unwritable() {
            // one that does not even answer is not asked to write
            self.find_epoch().await?;
            self.touch_epoch().await?;
            self.condition().wrote();
        }
        Ok(())
    }

    fn condition(&self) -> &condition::Condition {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.condition(),
            Database::Postgres(postgres) => &postgres.condition,
        }
    }

    /// How the schema stands now: another process may have migrated it, or put back an older copy.
    ///
    /// # Errors
    /// [`Error`] when the database is away.
    pub async fn current_schema(&self) -> Result<SchemaState> {
        let known = match &self.database {
            Database::Sqlite(_) => sqlite::known()?.len(),
            Database::Postgres(_) => postgres::known()?.len(),
        };
        let applied = self.count_migrations().await?;
        Ok(SchemaState { known, applied: usize::try_from(applied).unwrap_or_default() })
    }

    /// Finishes what is under way and closes every connection of this process: what is asked afterwards fails. A
    /// `SQLite` file that nobody else has open is one file then, without `-wal` and `-shm` beside it.
    pub fn close(&self) {
        if let Some(late) = &self.late {
            late.close();
        }
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.close(),
            Database::Postgres(postgres) => postgres.close(),
        }
    }

    /// Checks that a `SQLite` file is a sound database of ours, whoever has it, and migrates it where it lies.
    ///
    /// # Errors
    /// [`Unfit`]; the file is as it was then.
    pub fn adopt(path: &Path) -> std::result::Result<(), Unfit> {
        sqlite::copies::adopt(path)
    }

    /// Writes a complete copy of a `SQLite` database to a new file, while it is in use.
    ///
    /// # Errors
    /// [`Error::Unwritten`] when the file cannot be, [`Error::Unreadable`] on `PostgreSQL`, which has its own tools.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        match &self.database {
            Database::Sqlite(sqlite) => sqlite.backup(to).await,
            Database::Postgres(_) => Err(Error::Unreadable("PostgreSQL is backed up by pg_dump".into())),
        }
    }
}

/// How many of the migrations that this release knows are not among those that a database has.
fn pending(known: &[String], applied: &[MigrationVersion<'_>]) -> Result<usize> {
    if let Some(newer) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        return Err(Error::Newer(newer));
    }
    Ok(known.len().saturating_sub(applied.len()))
}

/// Nothing that is kept under a lock here is half changed when somebody panics.
fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
