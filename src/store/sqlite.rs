//! `SQLite`: one writer thread that commits in groups, readers beside it.
//!
//! Queued operations share one transaction, each in a savepoint of its own; answers go out after the commit. Where
//! another process has the lock, changes wait for a few seconds, all of them together, and then fail; looking waits for
//! nobody, because it happens on the threads that answer requests.

mod checkpoints;
pub(super) mod copies;
mod writer;

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, OnceLock, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use crossbeam_channel::{Sender, bounded};
use diesel::{
    Connection, QueryResult, SqliteConnection,
    connection::{InstrumentationEvent, SimpleConnection, get_default_instrumentation},
    dsl::Limit,
    migration::MigrationSource,
    query_dsl::{
        LoadQuery,
        methods::{ExecuteDsl, LimitDsl},
    },
    sqlite::Sqlite as Backend,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::{Error, Migrate, Result, SchemaState, condition::Condition, hold, pending};
use checkpoints::{Checkpoints, WRITERS_PAGES};
use writer::{Job, Writer};

#[expect(clippy::duplicate_mod, reason = "compiled once per database")]
#[path = "queries/mod.rs"]
pub(super) mod queries;

pub(super) type Conn = SqliteConnection;

/// Rows of one table that are removed in one go: of all tables together they are half a hundred pages, as of a step of the
/// sweep, and all others wait meanwhile.
const LEFTOVERS_AT_ONCE: usize = 4;
/// The same in one transaction that somebody waits for, who is spared the next.
const LEFTOVERS_AT_MOST: usize = 128;

/// How a query is run, in the shape that `PostgreSQL`'s has: here it runs where it stands, and nothing ever waits.
/// Diesel finds the prepared statement by the query's type, and reads each row where `SQLite` has it.
pub(super) trait RunQueryDsl: diesel::RunQueryDsl<Conn> {
    async fn execute(self, conn: &mut Conn) -> QueryResult<usize>
    where
        Self: ExecuteDsl<Conn>,
    {
        diesel::RunQueryDsl::execute(self, conn)
    }

    async fn load<'query, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, Conn, U>,
    {
        diesel::RunQueryDsl::load(self, conn)
    }

    async fn get_results<'query, U>(self, conn: &mut Conn) -> QueryResult<Vec<U>>
    where
        Self: LoadQuery<'query, Conn, U>,
    {
        diesel::RunQueryDsl::get_results(self, conn)
    }

    async fn get_result<'query, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LoadQuery<'query, Conn, U>,
    {
        diesel::RunQueryDsl::get_result(self, conn)
    }

    async fn first<'query, U>(self, conn: &mut Conn) -> QueryResult<U>
    where
        Self: LimitDsl,
        Limit<Self>: LoadQuery<'query, Conn, U>,
    {
        diesel::RunQueryDsl::first(self, conn)
    }
}

impl<Q: diesel::RunQueryDsl<Conn>> RunQueryDsl for Q {}

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// Operations that wait at most; more are answered "full".
const QUEUE: usize = 4096;
/// How long another process's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// The same for a command: it only has to give way to others, and nobody's browser waits for it.
const PATIENCE_OF_COMMANDS: Duration = Duration::from_secs(20);

/// An open file: its writer, and its readers, one a thread.
#[derive(Clone)]
pub(super) struct Sqlite(Arc<Open>);

struct Open {
    path: PathBuf,
    serial: u64,
    /// How long looking waits for a lock.
    readers_wait: Duration,
    condition: Arc<Condition>,
    /// `None` once it is closed; the writer ends when the queue is empty.
    jobs: Mutex<Option<Sender<Box<dyn Job>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// `None` once it is closed.
    readers: Mutex<Option<Vec<Weak<Reader>>>>,
}

impl Open {
    /// Finishes what is queued and closes every connection of this process. Who closes the last one of all writes the
    /// log (`-wal`) into the file and removes it.
    fn close(&self) {
        drop(hold(&self.jobs).take());
        let threads = std::mem::take(&mut *hold(&self.threads));
        if threads.into_iter().any(|thread| thread.join().is_err()) {
            tracing::error!("a thread that writes ended badly");
        }
        let readers = hold(&self.readers).take();
        for reader in readers.iter().flatten().filter_map(Weak::upgrade) {
            drop(hold(&reader).take());
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.close();
    }
}

/// A thread's own connection. It goes with its thread, or when the file is closed.
type Reader = Mutex<Option<Conn>>;

fn closed() -> Error {
    Error::Unavailable("it was closed".into())
}

impl Sqlite {
    pub(super) fn open(path: &Path, migrate: Migrate) -> Result<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        if migrate == Migrate::No && !path.exists() {
            return Err(Error::NotMigrated);
        }
        // a command's first look may meet the last one's clearing up
        let (patience, readers_wait) = match migrate {
            Migrate::Yes => (PATIENCE, Duration::ZERO),
            Migrate::No => (PATIENCE_OF_COMMANDS, PATIENCE_OF_COMMANDS),
        };
        let mut conn = connect(path, patience)?;
        bring_up_to_date(&mut conn, path, migrate)?;
        conn.batch_execute("PRAGMA busy_timeout = 0").map_err(Error::from)?;
        let (jobs, queue) = bounded(QUEUE);
        let condition = Arc::new(Condition::default());
        let mut threads = Vec::new();
        let mut written = None;
        // a command writes little, and ends
        if migrate == Migrate::Yes {
            conn.batch_execute(&format!("PRAGMA wal_autocheckpoint = {WRITERS_PAGES}")).map_err(Error::from)?;
            let (told, hears) = bounded(1);
            written = Some(told);
            let checkpoints = Checkpoints {
                conn: connect(path, Duration::ZERO)?,
                path: path.to_owned(),
                file: None,
                written: hears,
                condition: Arc::clone(&condition),
            };
            threads.push(spawn("sqlite-log", move || checkpoints.work())?);
        }
        let writer = Writer::new(conn, queue, patience, Arc::clone(&condition), written);
        threads.push(spawn("sqlite-writer", move || writer.work())?);
        Ok(Self(Arc::new(Open {
            path: path.to_owned(),
            serial: SERIAL.fetch_add(1, Ordering::Relaxed),
            readers_wait,
            condition,
            jobs: Mutex::new(Some(jobs)),
            threads: Mutex::new(threads),
            readers: Mutex::new(Some(Vec::new())),
        })))
    }

    pub(super) fn close(&self) {
        self.0.close();
    }

    /// How the file fares.
    pub(super) fn condition(&self) -> &Condition {
        &self.0.condition
    }

    /// Queues the operation and answers once it is durable.
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (job, answered) = writer::job(move |conn: &mut Conn| at_once(operation(conn)));
        hold(&self.0.jobs).as_ref().ok_or_else(closed)?.try_send(job).map_err(|_| Error::Full)?;
        answered.await.map_err(|_| Error::Unavailable("the writer has ended".into()))?
    }

    /// An indexed look-up, on this thread's own connection.
    #[expect(clippy::unused_async, reason = "the same shape as PostgreSQL's")]
    pub(super) async fn read<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.read_here(operation)
    }

    /// What may take longer, away from the threads that answer requests.
    pub(super) async fn list<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (own, (told, outcome)) = (self.clone(), oneshot::channel());
        // one kind of task for all operations, as on PostgreSQL: one for each is a hundredth of the program
        let read: Box<dyn FnOnce() + Send> = Box::new(move || drop(told.send(own.read_here(operation))));
        tokio::task::spawn_blocking(read).await.map_err(|error| Error::Unavailable(error.to_string()))?;
        outcome.await.unwrap_or_else(|_| Err(closed()))
    }

    fn read_here<T, F>(&self, operation: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T>,
    {
        thread_local! { static READERS: RefCell<HashMap<u64, Arc<Reader>>> = RefCell::new(HashMap::new()); }
        READERS.with_borrow_mut(|readers| {
            let reader = match readers.entry(self.0.serial) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => place.insert(self.new_reader()?),
            };
            let looked = hold(reader).as_mut().ok_or_else(closed).map(|conn| at_once(operation(conn)))?;
            looked.map_err(|error| {
                self.0.condition.met(&error);
                // the next look gets a connection that nothing has happened to
                readers.remove(&self.0.serial);
                error.into()
            })
        })
    }

    fn new_reader(&self) -> Result<Arc<Reader>> {
        let reader = Arc::new(Mutex::new(Some(connect(&self.0.path, self.0.readers_wait)?)));
        let mut readers = hold(&self.0.readers);
        let all = readers.as_mut().ok_or_else(closed)?;
        all.retain(|known| known.strong_count() > 0);
        all.push(Arc::downgrade(&reader));
        Ok(reader)
    }

    /// On a thread of its own, which takes a low rank in the end.
    pub(super) async fn backup(&self, to: &Path) -> Result<()> {
        let (from, to) = (self.0.path.clone(), to.to_owned());
        let (answer, answered) = oneshot::channel();
        let copy = move || copies::copy_calmly(&from, &to);
        drop(spawn("sqlite-backup", move || drop(answer.send(copy())))?);
        answered.await.map_err(|_| Error::Unavailable("the copy was not finished".into()))?
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    let spawned = thread::Builder::new().name(name.to_owned()).spawn(work);
    spawned.map_err(|error| Error::Unavailable(error.to_string()))
}

pub(super) fn schema_state(path: &Path) -> Result<SchemaState> {
    let known = known()?.len();
    if !path.exists() {
        return Ok(SchemaState { known, applied: 0 });
    }
    let applied = connect(path, PATIENCE_OF_COMMANDS)?.applied_migrations().map_err(unreadable)?.len();
    Ok(SchemaState { known, applied })
}

fn connect(path: &Path, patience: Duration) -> Result<SqliteConnection> {
    let path = path.to_str().ok_or_else(|| Error::Unreadable("the path is not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(path).map_err(unreadable)?;
    conn.batch_execute(&format!(
        "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
        patience.as_millis()
    ))?;
    Ok(conn)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Unreadable(error.to_string())
}

pub(super) fn known() -> Result<Vec<String>> {
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(unreadable)?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// Migrates if it may; a copy of a file that holds something is kept first.
fn bring_up_to_date(conn: &mut SqliteConnection, path: &Path, migrate: Migrate) -> Result<()> {
    let applied = conn.applied_migrations().map_err(unreadable)?;
    if pending(&known()?, &applied)? == 0 {
        return Ok(());
    }
    if migrate == Migrate::No {
        return Err(Error::NotMigrated);
    }
    let _turn = take_turn(path)?;
    // somebody may have done it meanwhile
    let applied = conn.applied_migrations().map_err(unreadable)?;
    if pending(&known()?, &applied)? == 0 {
        return Ok(());
    }
    if !applied.is_empty() {
        let kept = path.with_extension(format!("before-{}.db", known()?.last().map_or("migration", String::as_str)));
        // whole or not at all; and of this moment, for a try that failed may be weeks ago
        let partial = kept.with_extension("partial");
        let _left_by_a_kill = fs::remove_file(&partial);
        copies::copy(conn, &partial).inspect_err(|_| _ = fs::remove_file(&partial))?;
        fs::rename(&partial, &kept).map_err(unreadable)?;
    }
    migrate_all(conn)
}

/// One process at a time migrates what is in a folder, for the copy that is kept first has one name. Whoever is killed
/// loses its turn by itself; where the file system knows no locks, nobody waits.
fn take_turn(path: &Path) -> Result<fs::File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let folder = fs::File::open(folder).map_err(unreadable)?;
    let _where_there_are_locks = folder.lock();
    Ok(folder)
}

/// One transaction for all of them: a kill in the middle leaves none. Where there is no room `SQLite` ends it by itself, and
/// Diesel's error is that there is none to be ended: what went wrong is what went wrong first.
fn migrate_all(conn: &mut SqliteConnection) -> Result<()> {
    let cause = Arc::new(OnceLock::new());
    let first = Arc::clone(&cause);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::FinishQuery { error: Some(error), .. } = event {
            first.get_or_init(|| error.to_string());
        }
    });
    let migrated = conn.immediate_transaction(|conn| conn.run_pending_migrations(MIGRATIONS).map(drop));
    conn.set_instrumentation(get_default_instrumentation());
    migrated.map_err(|error| unreadable(cause.get().cloned().unwrap_or_else(|| error.to_string())))
}

/// Nothing here waits, so neither does anything built on it.
fn at_once<T>(operation: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    operation.now_or_never().unwrap_or(Err(diesel::result::Error::BrokenTransactionManager))
}

#[cfg(test)]
mod tests;
