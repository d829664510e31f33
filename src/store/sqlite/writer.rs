//! The thread that writes: many operations share one commit.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use crossbeam_channel::{Receiver, Sender};
use diesel::{
    QueryResult, RunQueryDsl,
    query_builder::{AstPass, QueryFragment, QueryId},
    sqlite::Sqlite,
};
use tokio::sync::oneshot;

use super::Conn;
use crate::store::{
    Error, Result,
    condition::{Condition, is_locked},
};

/// An operation that waits to be written.
pub(super) trait Job: Send {
    fn is_wanted(&self) -> bool;
    fn queued(&self) -> Instant;
    fn refuse(&mut self);
    fn run(&mut self, conn: &mut Conn, condition: &Condition) -> bool;
    fn finish(self: Box<Self>, committed: bool);
}

/// A [`Job`] and who waits for it.
struct Pending<F, T> {
    queued: Instant,
    work: Option<F>,
    out: Option<Result<T>>,
    answer: oneshot::Sender<Result<T>>,
}

/// A job, and where what became of it is told.
pub(super) fn job<F, T>(work: F) -> (Box<dyn Job>, oneshot::Receiver<Result<T>>)
where
    T: Send + 'static,
    F: FnOnce(&mut Conn) -> QueryResult<T> + Send + 'static,
{
    let (answer, answered) = oneshot::channel();
    (Box::new(Pending { queued: Instant::now(), work: Some(work), out: None, answer }), answered)
}

impl<F, T: Send> Job for Pending<F, T>
where
    F: FnOnce(&mut Conn) -> QueryResult<T> + Send,
{
    fn is_wanted(&self) -> bool {
        !self.answer.is_closed()
    }

    fn queued(&self) -> Instant {
        self.queued
    }

    fn refuse(&mut self) {
        self.out = Some(Err(Error::Full));
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
pub(super) struct Writer {
    conn: Conn,
    queue: Receiver<Box<dyn Job>>,
    patience: Duration,
    condition: Arc<Condition>,
    /// Whoever is to know of each commit.
    written: Option<Sender<()>>,
    /// From when to when the last commit took.
    last_commit: (Instant, Instant),
}

impl Writer {
    pub(super) fn new(
        conn: Conn,
        queue: Receiver<Box<dyn Job>>,
        patience: Duration,
        condition: Arc<Condition>,
        written: Option<Sender<()>>,
    ) -> Self {
        let now = Instant::now();
        Self { conn, queue, patience, condition, written, last_commit: (now, now) }
    }

    /// Until the queue is closed and empty.
    pub(super) fn work(mut self) {
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
                    let _nothing_open = self.say("ROLLBACK");
                    false
                }
            };
            for job in group {
                job.finish(committed);
            }
            if let Some(written) = &self.written {
                let _it_knows_already = written.try_send(());
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
            let now = Instant::now();
            if self.condition.patience.is_late(stood_in_line(job.queued(), now, self.last_commit), now) {
                job.refuse();
            } else if job.is_wanted() {
                self.say("SAVEPOINT job")?;
                if !job.run(&mut self.conn, &self.condition) {
                    self.say("ROLLBACK TO job")?;
                }
                self.say("RELEASE job")?;
            }
            next += 1;
            if next == group.len() && next < GROUP {
                group.extend(self.queue.try_recv());
            }
        }
        let began = Instant::now();
        let committed = self.say("COMMIT");
        self.last_commit = (began, Instant::now());
        committed
    }

    /// Takes the lock that one process has at a time.
    fn begin(&mut self) -> QueryResult<()> {
        let asked = Instant::now();
        loop {
            match self.say("BEGIN IMMEDIATE") {
                Err(error) if is_locked(&error) && asked.elapsed() < self.patience => thread::sleep(ASK_EVERY),
                outcome => return outcome,
            }
        }
    }

    fn say(&mut self, words: &'static str) -> QueryResult<()> {
        Words(words).execute(&mut self.conn).map(drop)
    }
}

/// For how long. Who came during the last commit waited for the disk, as they would have alone: on a slow one that is no
/// sign of overload, and no reason to refuse them.
pub(super) fn stood_in_line(queued: Instant, now: Instant, (began, done): (Instant, Instant)) -> Duration {
    let waited = now.saturating_duration_since(queued);
    waited.saturating_sub(done.saturating_duration_since(began.max(queued)))
}

/// One of a few, each prepared once: found again by its text.
struct Words(&'static str);

impl QueryId for Words {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Sqlite> for Words {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(self.0);
        Ok(())
    }
}

impl RunQueryDsl<Conn> for Words {}

/// Operations that share one commit at most.
const GROUP: usize = 256;
/// How often a lock is asked for. `SQLite` by itself would sleep past the gaps that a busy writer leaves.
const ASK_EVERY: Duration = Duration::from_millis(1);
/// After so long without one, a writer leaves a gap …
const WORKS_FOR: Duration = Duration::from_millis(50);
/// … of this length, for the writers of other processes.
const BREATH: Duration = Duration::from_millis(3);
