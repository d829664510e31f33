//! `SQLite`: one writer thread that commits in groups, readers beside it.
//!
//! Queued operations share one transaction, each in a savepoint of its own; answers go out after the commit.

use std::{
    cell::RefCell,
    collections::{HashMap, hash_map::Entry},
    fs::{self, OpenOptions},
    os::unix::fs::OpenOptionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
};

use crossbeam_channel::{Receiver, Sender, bounded};
use diesel::{
    Connection, QueryResult, SqliteConnection, connection::SimpleConnection, migration::MigrationSource,
    sqlite::Sqlite as Backend,
};
use diesel_async::{
    SimpleAsyncConnection,
    sync_connection_wrapper::{SpawnBlocking, SyncConnectionWrapper},
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::{FutureExt, future::BoxFuture};
use tokio::sync::oneshot;

use super::{Error, Migrate, Result, SchemaState};

#[expect(clippy::duplicate_mod, reason = "compiled once per database")]
#[path = "queries/mod.rs"]
pub(super) mod queries;

/// Runs where it stands: the thread is our own.
pub(super) struct Inline;

impl SpawnBlocking for Inline {
    fn spawn_blocking<'a, R: Send + 'static>(
        &mut self,
        task: impl FnOnce() -> R + Send + 'static,
    ) -> BoxFuture<'a, std::result::Result<R, Box<dyn std::error::Error + Send + Sync>>> {
        Box::pin(std::future::ready(Ok(task())))
    }

    fn get_runtime() -> Self {
        Self
    }
}

pub(super) type Conn = SyncConnectionWrapper<SqliteConnection, Inline>;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/sqlite");
/// Operations that wait at most; more are answered "full".
const QUEUE: usize = 4096;
/// Operations that share one commit at most.
const GROUP: usize = 256;

/// The writer's queue, and where the file is.
#[derive(Clone)]
pub(super) struct Sqlite {
    jobs: Sender<Box<dyn Job>>,
    path: Arc<PathBuf>,
    serial: u64,
}

impl Sqlite {
    pub(super) fn open(path: &Path, migrate: Migrate) -> Result<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        if migrate == Migrate::No && !path.exists() {
            return Err(Error::NotMigrated);
        }
        let mut conn = connect(path)?;
        bring_up_to_date(&mut conn, path, migrate)?;
        let (jobs, queue) = bounded(QUEUE);
        let conn = Conn::new(conn);
        thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || write_groups(conn, &queue))
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self { jobs, path: Arc::new(path.to_owned()), serial: SERIAL.fetch_add(1, Ordering::Relaxed) })
    }

    /// Queues the operation and answers once it is durable.
    pub(super) async fn write<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = move |conn: &mut Conn| at_once(operation(conn));
        let job = Pending { work: Some(work), out: None, answer };
        self.jobs.try_send(Box::new(job)).map_err(|_| Error::Full)?;
        answered.await.map_err(|_| Error::Unavailable("the writer has ended".into()))?
    }

    pub(super) async fn write_one<T, F>(&self, operation: F) -> Result<T>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
    {
        self.write(operation).await
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
        let own = self.clone();
        let read = tokio::task::spawn_blocking(move || own.read_here(operation));
        read.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }

    fn read_here<T, F>(&self, operation: F) -> Result<T>
    where
        F: AsyncFnOnce(&mut Conn) -> QueryResult<T>,
    {
        thread_local! { static READERS: RefCell<HashMap<u64, Conn>> = RefCell::new(HashMap::new()); }
        READERS.with_borrow_mut(|readers| {
            let conn = match readers.entry(self.serial) {
                Entry::Occupied(found) => found.into_mut(),
                Entry::Vacant(place) => place.insert(Conn::new(connect(&self.path)?)),
            };
            Ok(at_once(operation(conn))?)
        })
    }

    pub(super) async fn backup(&self, to: &Path) -> Result<()> {
        let (from, to) = (Arc::clone(&self.path), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&mut connect(&from)?, &to));
        copied.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

pub(super) fn schema_state(path: &Path) -> Result<SchemaState> {
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(unreadable)?.len();
    if !path.exists() {
        return Ok(SchemaState { known, applied: 0 });
    }
    let applied = connect(path)?.applied_migrations().map_err(unreadable)?.len();
    Ok(SchemaState { known, applied })
}

fn connect(path: &Path) -> Result<SqliteConnection> {
    let path = path.to_str().ok_or_else(|| Error::Unreadable("the path is not UTF-8".into()))?;
    let mut conn = SqliteConnection::establish(path).map_err(unreadable)?;
    conn.batch_execute(
        "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
         PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;",
    )
    .map_err(unreadable)?;
    Ok(conn)
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    Error::Unreadable(error.to_string())
}

/// Migrates if it may; a copy of a file that holds something is kept first.
fn bring_up_to_date(conn: &mut SqliteConnection, path: &Path, migrate: Migrate) -> Result<()> {
    let known: Vec<String> = MigrationSource::<Backend>::migrations(&MIGRATIONS)
        .map_err(unreadable)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect();
    let applied = conn.applied_migrations().map_err(unreadable)?;
    if let Some(newer) = applied.iter().map(ToString::to_string).find(|version| !known.contains(version)) {
        return Err(Error::Newer(newer));
    }
    if applied.len() == known.len() {
        return Ok(());
    }
    if migrate == Migrate::No {
        return Err(Error::NotMigrated);
    }
    if !applied.is_empty() {
        let kept = path.with_extension(format!("before-{}.db", known.last().map_or("migration", String::as_str)));
        if !kept.exists() {
            // whole or not at all: a kill in the middle leaves the name free
            let partial = kept.with_extension("partial");
            let _left_by_a_kill = fs::remove_file(&partial);
            copy(conn, &partial)?;
            fs::rename(&partial, &kept).map_err(unreadable)?;
        }
    }
    // one transaction for all of them: a kill in the middle leaves none
    conn.immediate_transaction(|conn| conn.run_pending_migrations(MIGRATIONS).map(drop)).map_err(unreadable)
}

/// Into a file that only its owner may read; an empty one may be there already.
fn copy(conn: &mut SqliteConnection, to: &Path) -> Result<()> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(to).map_err(unreadable)?;
    let to = to.to_str().ok_or_else(|| Error::Unreadable("the path is not UTF-8".into()))?;
    conn.batch_execute(&format!("VACUUM INTO '{}'", to.replace('\'', "''"))).map_err(unreadable)
}

/// The inline wrapper never waits, so neither does anything built on it.
fn at_once<T>(operation: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    operation.now_or_never().unwrap_or(Err(diesel::result::Error::BrokenTransactionManager))
}

trait Job: Send {
    fn is_wanted(&self) -> bool;
    fn run(&mut self, conn: &mut Conn) -> bool;
    fn finish(self: Box<Self>, committed: bool);
}

struct Pending<F, T> {
    work: Option<F>,
    out: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

impl<F, T: Send> Job for Pending<F, T>
where
    F: FnOnce(&mut Conn) -> QueryResult<T> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn run(&mut self, conn: &mut Conn) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.out = Some(match catch_unwind(AssertUnwindSafe(|| work(conn))) {
            Ok(out) => out.map_err(Error::from),
            Err(_) => Err(Error::Unavailable("a store operation panicked".into())),
        });
        matches!(self.out, Some(Ok(_)))
    }

    fn finish(self: Box<Self>, committed: bool) {
        let out = match self.out {
            Some(out) if committed || out.is_err() => out,
            _ => Err(Error::Unavailable("the change could not be written".into())),
        };
        let _caller_gone = self.answer.send(out);
    }
}

fn write_groups(mut conn: Conn, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        let committed = match write_group(&mut conn, queue, &mut group) {
            Ok(()) => true,
            Err(error) => {
                tracing::error!(%error, operations = group.len(), "a group of writes failed");
                let _nothing_open = sql(&mut conn, "ROLLBACK");
                false
            }
        };
        for job in group {
            job.finish(committed);
        }
    }
}

/// One `COMMIT` for all; an error that is not a job's own fails the whole group.
fn write_group(conn: &mut Conn, queue: &Receiver<Box<dyn Job>>, group: &mut Vec<Box<dyn Job>>) -> QueryResult<()> {
    sql(conn, "BEGIN IMMEDIATE")?;
    let mut next = 0;
    while let Some(job) = group.get_mut(next) {
        if job.is_wanted() {
            sql(conn, "SAVEPOINT job")?;
            let ok = job.run(conn);
            sql(conn, if ok { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
        }
        next += 1;
        if next == group.len() && next < GROUP {
            group.extend(queue.try_recv());
        }
    }
    sql(conn, "COMMIT")
}

fn sql(conn: &mut Conn, text: &str) -> QueryResult<()> {
    at_once(conn.batch_execute(text))
}
