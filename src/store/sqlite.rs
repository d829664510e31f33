//! `SQLite`: one writer thread that commits in groups, readers beside it.
//!
//! Queued operations share one transaction, each in a savepoint of its own; answers go out after the commit. Where
//! another process has the lock, changes wait for a few seconds, all of them together, and then fail; looking waits for
//! nobody, because it happens on the threads that answer requests.

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
    time::{Duration, Instant},
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

use super::{
    Error, Migrate, Result, SchemaState,
    condition::{Condition, is_damage, is_locked},
};

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
/// How long another process's lock is waited for.
const PATIENCE: Duration = Duration::from_secs(4);
/// The same for a command: it only has to give way to others, and nobody's browser waits for it.
const PATIENCE_OF_COMMANDS: Duration = Duration::from_secs(20);
/// How often a lock is asked for. `SQLite` by itself would sleep past the gaps that a busy writer leaves.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// After so long without one, a writer leaves a gap …
const WORKS_FOR: Duration = Duration::from_millis(50);
/// … of this length, for the writers of other processes.
const BREATH: Duration = Duration::from_millis(3);

/// The writer's queue, and where the file is.
#[derive(Clone)]
pub(super) struct Sqlite {
    jobs: Sender<Box<dyn Job>>,
    path: Arc<PathBuf>,
    serial: u64,
    /// How long looking waits for a lock.
    readers_wait: Duration,
    pub(super) condition: Arc<Condition>,
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
        let writer = Writer { conn: Conn::new(conn), queue, patience, condition: Arc::clone(&condition) };
        thread::Builder::new()
            .name("sqlite-writer".into())
            .spawn(move || writer.work())
            .map_err(|error| Error::Unavailable(error.to_string()))?;
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        Ok(Self { jobs, path: Arc::new(path.to_owned()), serial, readers_wait, condition })
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
                Entry::Vacant(place) => place.insert(Conn::new(connect(&self.path, self.readers_wait)?)),
            };
            at_once(operation(conn)).map_err(|error| {
                self.condition.met(&error);
                // the next look gets a connection that nothing has happened to
                readers.remove(&self.serial);
                error.into()
            })
        })
    }

    pub(super) async fn backup(&self, to: &Path) -> Result<()> {
        let (from, to) = (Arc::clone(&self.path), to.to_owned());
        let copied = tokio::task::spawn_blocking(move || copy(&mut connect(&from, PATIENCE)?, &to));
        copied.await.map_err(|error| Error::Unavailable(error.to_string()))?
    }
}

pub(super) fn schema_state(path: &Path) -> Result<SchemaState> {
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS).map_err(unreadable)?.len();
    if !path.exists() {
        return Ok(SchemaState { known, applied: 0 });
    }
    let applied = connect(path, PATIENCE_OF_COMMANDS)?.applied_migrations().map_err(unreadable)?.len();
    Ok(SchemaState { known, applied })
}

/// The first thing that is wrong with the file; `None`: every page of it hangs together.
pub(super) fn find_damage(path: &Path) -> Result<Option<String>> {
    #[derive(diesel::QueryableByName)]
    struct Found {
        #[diesel(sql_type = diesel::sql_types::Text)]
        quick_check: String,
    }
    let checked = diesel::RunQueryDsl::get_result::<Found>(
        diesel::sql_query("PRAGMA quick_check(1)"),
        &mut connect(path, PATIENCE_OF_COMMANDS)?,
    );
    match checked {
        Ok(found) => Ok(Some(found.quick_check).filter(|words| words != "ok")),
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
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
            copy(conn, &partial).inspect_err(|_| _ = fs::remove_file(&partial))?;
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
    Ok(conn.batch_execute(&format!("VACUUM INTO '{}'", to.replace('\'', "''")))?)
}

/// The inline wrapper never waits, so neither does anything built on it.
fn at_once<T>(operation: impl Future<Output = QueryResult<T>>) -> QueryResult<T> {
    operation.now_or_never().unwrap_or(Err(diesel::result::Error::BrokenTransactionManager))
}

trait Job: Send {
    fn is_wanted(&self) -> bool;
    fn run(&mut self, conn: &mut Conn, condition: &Condition) -> bool;
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

    fn run(&mut self, conn: &mut Conn, condition: &Condition) -> bool {
        let Some(work) = self.work.take() else { return false };
        self.out = Some(match catch_unwind(AssertUnwindSafe(|| work(conn))) {
            Ok(out) => out.inspect_err(|error| condition.did_not_write(error)).map_err(Error::from),
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

/// The one who writes, on a thread of its own.
struct Writer {
    conn: Conn,
    queue: Receiver<Box<dyn Job>>,
    patience: Duration,
    condition: Arc<Condition>,
}

impl Writer {
    fn work(mut self) {
        let mut busy_since = Instant::now();
        loop {
            let first = match self.queue.try_recv() {
                Ok(first) => first,
                Err(_) => match self.queue.recv() {
                    Ok(first) => {
                        busy_since = Instant::now();
                        first
                    }
                    Err(_) => return,
                },
            };
            if busy_since.elapsed() > WORKS_FOR {
                thread::sleep(BREATH);
                busy_since = Instant::now();
            }
            let mut group = vec![first];
            let committed = match self.write(&mut group) {
                Ok(()) => true,
                Err(error) => {
                    tracing::error!(%error, operations = group.len(), "a group of writes failed");
                    self.condition.did_not_write(&error);
                    let _nothing_open = sql(&mut self.conn, "ROLLBACK");
                    false
                }
            };
            for job in group {
                job.finish(committed);
            }
        }
    }

    /// One `COMMIT` for all; an error that is not a job's own fails the whole group.
    fn write(&mut self, group: &mut Vec<Box<dyn Job>>) -> QueryResult<()> {
        self.begin().inspect_err(|error| {
            // who queued meanwhile is not to wait as long again, one after another
            if is_locked(error) {
                group.extend(self.queue.try_iter());
            }
        })?;
        let mut next = 0;
        while let Some(job) = group.get_mut(next) {
            if job.is_wanted() {
                sql(&mut self.conn, "SAVEPOINT job")?;
                let ok = job.run(&mut self.conn, &self.condition);
                sql(&mut self.conn, if ok { "RELEASE job" } else { "ROLLBACK TO job; RELEASE job" })?;
            }
            next += 1;
            if next == group.len() && next < GROUP {
                group.extend(self.queue.try_recv());
            }
        }
        sql(&mut self.conn, "COMMIT")
    }

    /// Takes the lock that one process has at a time.
    fn begin(&mut self) -> QueryResult<()> {
        let asked = Instant::now();
        loop {
            match sql(&mut self.conn, "BEGIN IMMEDIATE") {
                Err(error) if is_locked(&error) && asked.elapsed() < self.patience => thread::sleep(ASK_EVERY),
                outcome => return outcome,
            }
        }
    }
}

fn sql(conn: &mut Conn, text: &str) -> QueryResult<()> {
    at_once(conn.batch_execute(text))
}
