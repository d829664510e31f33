//! `PostgreSQL`: a pool of connections, in pure Rust, with rustls.

mod clock;
mod lease;
mod pipeline;
mod pools;
mod replica;
mod target;

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use diesel::{QueryResult, migration::MigrationSource, pg::Pg, result::DatabaseErrorKind};
use diesel_async::{
    AsyncConnection, AsyncMigrationHarness, AsyncPgConnection, SimpleAsyncConnection, TransactionManager,
};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use futures_util::future::BoxFuture;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};

use super::{
    Error, Migrate, Result, SchemaState,
    condition::{Condition, is_the_databases},
    hold, pending,
};

#[expect(clippy::duplicate_mod, reason = "compiled once per database")]
#[path = "queries/mod.rs"]
pub(super) mod queries;

pub(super) use diesel_async::RunQueryDsl;
pub(super) use lease::Lease as Conn;
use pools::Pools;
pub(super) use replica::{Replica, state as replica_state};
use target::Target;

/// A function of `queries` with what it asks for, run each time that it is tried.
pub(super) type Operation<T> = Box<dyn for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, QueryResult<T>> + Send>;

/// Of a closure.
pub(super) fn operation<T>(
    run: impl for<'c> Fn(&'c mut Conn) -> BoxFuture<'c, QueryResult<T>> + Send + 'static,
) -> Operation<T> {
    Box::new(run)
}

/// The same without its answer, which is kept; of several tries that of the last.
fn keeping<T: Send + 'static>(run: Operation<T>, answer: &Arc<Mutex<Option<T>>>) -> Operation<()> {
    let answer = Arc::clone(answer);
    operation(move |conn| {
        let (running, answer) = (run(conn), Arc::clone(&answer));
        Box::pin(async move {
            *hold(&answer) = Some(running.await?);
            Ok(())
        })
    })
}

/// Diesel's own, which knows that a migration inside of another transaction is part of it.
type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/postgres");
/// How long a connection is waited for.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);
/// How long an operation may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(4);
/// How long the database lets a statement take: less, so that it says so itself, as long as it can.
const STATEMENT_WITHIN: Duration = Duration::from_secs(3);
/// What has had no answer for so long does not wait for a row: the database would have ended it, and said so.
const ENDED_WITHIN: Duration = Duration::from_millis(3500);
/// Rows of one table that are removed in one go. Nobody waits for it, and each time those that went before are looked at
/// once more.
const LEFTOVERS_AT_ONCE: usize = 16;
/// The same in one transaction that somebody waits for, who is spared the next.
const LEFTOVERS_AT_MOST: usize = 256;
/// How often what was certainly not applied is tried.
const TRIES: u32 = 3;
/// How often another instance's migration is asked after.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Instances that start together migrate one after another: the lock's number.
const MIGRATION_LOCK: i64 = 0x0063_6f75_6e74_6572;

/// Connections, and what is known of the database.
#[derive(Clone)]
pub(super) struct Postgres {
    pools: Arc<Pools>,
    pub(super) condition: Arc<Condition>,
}

/// How an operation is done.
#[derive(Clone, Copy)]
pub(super) enum Way {
    /// In one transaction. It is tried again when it was certainly not applied and there was nothing wrong with it: its
    /// connection turned out dead, or it was the victim of a deadlock.
    Transaction,
    /// One statement that changes something, which is not repeated: whether it was applied is not known.
    Change,
    /// The same while others are refused, and however long others have waited: does a change come to its end again?
    Trial,
    /// A look-up by an index, on the connection that all share who look something up.
    Shared,
    /// A look that takes longer, on a connection of its own.
    InLine,
    /// A look at what the server itself has to know: on one of its own as well, and never too late.
    Patient,
}

impl Postgres {
    pub(super) async fn open(url: &str, migrate: Migrate) -> Result<Self> {
        let target = Target::parse(url)?;
        bring_up_to_date(&target, migrate).await?;
        Self::over(url, target)
    }

    /// Connects when somebody asks.
    fn over(url: &str, target: Target) -> Result<Self> {
        Ok(Self { pools: Arc::new(Pools::new(url, target)?), condition: Arc::default() })
    }

    /// Nobody gets a connection any more.
    pub(super) fn close(&self) {
        self.pools.close();
    }

    /// Nobody shall wait much longer than this for a connection or for their turn, for long.
    pub(super) fn set_patience(&self, limit: Duration) {
        self.pools.set_patience(limit);
    }

    /// Runs an operation to its end although its caller may go, within bounds.
    pub(super) async fn drive<T: Send + 'static>(&self, way: Way, operation: Operation<T>) -> Result<T> {
        let (answer, (told, outcome)) = (Arc::default(), oneshot::channel());
        self.run(way, keeping(operation, &answer), told);
        let unanswered = || Error::Unavailable("the database did not answer in time".into());
        outcome.await.unwrap_or_else(|_| Err(unanswered()))?;
        let answer = hold(&answer).take();
        answer.ok_or_else(unanswered)
    }

    /// One for all operations: what each kind of answer has of its own from here on is half a megabyte of the program.
    fn run(&self, way: Way, operation: Operation<()>, told: oneshot::Sender<Result<()>>) {
        let (own, began) = (self.clone(), Instant::now());
        tokio::spawn(async move {
            match timeout(ANSWER_WITHIN, own.attempt(way, operation, began)).await {
                // the caller may have gone
                Ok(outcome) => drop(told.send(outcome)),
                // a database that lives would have said so before. Connections that nobody has used since may be as
                // dead: the next ones are new
                Err(_) => {
                    if let Ok(here) = own.pools.here() {
                        let _removed = here.pool.retain(|_, metrics| metrics.last_used() < began.elapsed());
                    }
                }
            }
        });
    }

    /// Whoever was `asked` then has waited since: the thread that runs it has a line of its own for such tasks.
    async fn attempt(&self, way: Way, operation: Operation<()>, asked: Instant) -> Result<()> {
        match way {
            Way::Transaction => self.transact(operation, asked).await,
            Way::Change => self.change(self.lease_to_write(asked).await?, operation).await,
            Way::Trial => self.change(self.pools.here()?.lease().await?, operation).await,
            Way::Shared => {
                let here = self.pools.here()?;
                let _turn = here.pipeline.turn().await?;
                if here.patience_of_lookups.is_late(asked.elapsed(), Instant::now()) {
                    return Err(Error::Full);
                }
                self.look(operation, way, asked).await
            }
            Way::InLine | Way::Patient => self.look(operation, way, asked).await,
        }
    }

    async fn transact(&self, operation: Operation<()>, mut asked: Instant) -> Result<()> {
        let mut tries = 1;
        loop {
            let mut conn = self.lease_to_write(asked).await?;
            conn.begin(&self.condition);
            let began = Instant::now();
            let outcome = operation(&mut conn).await;
            conn.heard();
            match outcome {
                Ok(()) => {
                    // what became of it is not known when the answer to this is lost: then nothing is tried again
                    self.wrote(conn.finish("COMMIT").await)?;
                    conn.end();
                    return Ok(());
                }
                Err(error) if !is_the_databases(&error) => {
                    conn.finish("ROLLBACK").await?;
                    conn.end();
                    return Err(error.into());
                }
                Err(error) if is_out_of_time(&error, began) => return Err(error.into()),
                Err(error) if tries >= TRIES => return self.wrote(Err(error)),
                Err(error) => tracing::debug!(%error, tries, "a change is tried again"),
            }
            (tries, asked) = (tries + 1, Instant::now());
        }
    }

    /// One statement on this connection.
    async fn change(&self, mut conn: Conn, operation: Operation<()>) -> Result<()> {
        conn.watch(&self.condition);
        let began = Instant::now();
        let outcome = operation(&mut conn).await;
        conn.heard();
        match outcome {
            Err(error) if is_out_of_time(&error, began) => Err(error.into()),
            outcome => {
                self.wrote(outcome)?;
                conn.end();
                Ok(())
            }
        }
    }

    /// Looks, once more if the connection turned out dead.
    async fn look(&self, operation: Operation<()>, way: Way, mut asked: Instant) -> Result<()> {
        let mut tries = 1;
        loop {
            let mut conn = match way {
                Way::Shared => self.pools.here()?.share().await?,
                Way::Patient => self.pools.here()?.lease().await?,
                _ => self.lease(asked).await?,
            };
            let began = Instant::now();
            match operation(&mut conn).await {
                Err(error) if is_the_databases(&error) && tries < TRIES && !is_out_of_time(&error, began) => {
                    (tries, asked) = (tries + 1, Instant::now());
                }
                outcome => {
                    if !outcome.as_ref().is_err_and(is_the_databases) {
                        conn.end();
                    }
                    return Ok(outcome?);
                }
            }
        }
    }

    /// Remembers whether changes can be written.
    fn wrote(&self, outcome: QueryResult<()>) -> Result<()> {
        outcome.inspect_err(|error| self.condition.did_not_write(error)).map_err(Error::from)
    }

    /// A connection that is not known to be closed.
    async fn lease(&self, asked: Instant) -> Result<Conn> {
        let here = self.pools.here()?;
        let conn = here.lease().await?;
        if here.patience.is_late(asked.elapsed(), Instant::now()) {
            // nothing was said on it: the next one may have it
            conn.end();
            return Err(Error::Full);
        }
        Ok(conn)
    }

    /// The same for a change, unless changes come to no end: whoever began another one would take one more of the
    /// connections that the database has, and have nothing of it.
    async fn lease_to_write(&self, asked: Instant) -> Result<Conn> {
        let stuck = || Error::Unavailable("changes come to no end; now and then one is tried".into());
        if self.condition.is_stuck() {
            return Err(stuck());
        }
        let conn = self.lease(asked).await?;
        // it may have been waited for behind those that came to none
        if self.condition.is_stuck() {
            conn.end();
            return Err(stuck());
        }
        Ok(conn)
    }
}

/// Did the database end it because its time was over? Then it would again, after as long; and whether anything can be
/// written it does not say, since a row that somebody holds is enough. Its words are in the language of who runs it, so
/// this is known by the time alone.
fn is_out_of_time(error: &diesel::result::Error, began: Instant) -> bool {
    let ended = matches!(error, diesel::result::Error::DatabaseError(DatabaseErrorKind::Unknown, _));
    ended && began.elapsed() >= STATEMENT_WITHIN
}

pub(super) async fn schema_state(url: &str) -> Result<SchemaState> {
    let conn = Target::parse(url)?.reach().await.map_err(away)?;
    let known = known()?.len();
    let (applied, _) = in_harness(conn, |harness| harness.applied_migrations().map_err(away)).await?;
    Ok(SchemaState { known, applied: applied.len() })
}

pub(super) fn known() -> Result<Vec<String>> {
    let known = MigrationSource::<Pg>::migrations(&MIGRATIONS).map_err(away)?;
    Ok(known.iter().map(|migration| migration.name().version().to_string()).collect())
}

/// All in one transaction, whose end lets the next instance in: nothing of it is left to a session, which a pooler in
/// between gives to somebody else.
async fn bring_up_to_date(target: &Target, migrate: Migrate) -> Result<()> {
    let mut conn = target.reach().await.map_err(away)?;
    take_turn(&mut conn).await?;
    conn.batch_execute("SET LOCAL statement_timeout = 0").await?;
    let ((), mut conn) = in_harness(conn, move |harness| {
        let applied = harness.applied_migrations().map_err(away)?;
        if pending(&known()?, &applied)? == 0 {
            return Ok(());
        }
        if migrate == Migrate::No {
            return Err(Error::NotMigrated);
        }
        harness.run_pending_migrations(MIGRATIONS).map(drop).map_err(away)
    })
    .await?;
    Ok(Transactions::commit_transaction(&mut conn).await?)
}

/// Begins the transaction. Of several instances that start at once one migrates, and the others wait for as long as that
/// takes; but a database that does not answer is not waited for.
async fn take_turn(conn: &mut AsyncPgConnection) -> Result<()> {
    let mut told = false;
    loop {
        Transactions::begin_transaction(conn).await?;
        if timeout(ANSWER_WITHIN, try_lock(conn)).await.map_err(away)?? {
            return Ok(());
        }
        Transactions::rollback_transaction(conn).await?;
        if !told {
            tracing::info!("another instance looks after the database's schema; waiting for it");
            told = true;
        }
        sleep(ASK_EVERY).await;
    }
}

async fn try_lock(conn: &mut AsyncPgConnection) -> QueryResult<bool> {
    #[derive(diesel::QueryableByName)]
    struct Tried {
        #[diesel(sql_type = diesel::sql_types::Bool)]
        locked: bool,
    }
    let asked = diesel::sql_query(format!("SELECT pg_try_advisory_xact_lock({MIGRATION_LOCK}) AS locked"));
    RunQueryDsl::get_result::<Tried>(asked, conn).await.map(|tried| tried.locked)
}

/// Diesel's migrations are synchronous: they get a thread on which waiting is allowed. The connection comes back from
/// what went well.
async fn in_harness<T: Send + 'static>(
    conn: AsyncPgConnection,
    work: impl FnOnce(&mut AsyncMigrationHarness<AsyncPgConnection>) -> Result<T> + Send + 'static,
) -> Result<(T, AsyncPgConnection)> {
    let done = tokio::task::spawn_blocking(move || {
        let mut harness = AsyncMigrationHarness::new(conn);
        work(&mut harness).map(|done| (done, harness.into_inner()))
    });
    done.await.map_err(away)?
}

fn away(error: impl std::fmt::Display) -> Error {
    Error::Unavailable(error.to_string())
}
