//! Operations over many kept connections: what they cost the server, and how long they took.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use futures_util::future::LocalBoxFuture;
use hdrhistogram::Histogram;
use tokio::{task::JoinSet, time::timeout};

use super::{client::Connection, subject::Watched};

/// After that an answer counts as lost.
pub(crate) const ONE_WITHIN: Duration = Duration::from_secs(20);

/// What is done again and again: one or more requests over one connection, each answer looked at.
#[derive(Clone)]
pub(crate) struct Operation(Rc<dyn Act>);

trait Act {
    fn act<'a>(&'a self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<()>>;
}

impl<F: AsyncFn(&mut Connection) -> Result<()>> Act for F {
    fn act<'a>(&'a self, connection: &'a mut Connection) -> LocalBoxFuture<'a, Result<()>> {
        Box::pin(self(connection))
    }
}

impl Operation {
    /// From its steps.
    pub(crate) fn new(steps: impl AsyncFn(&mut Connection) -> Result<()> + 'static) -> Self {
        Self(Rc::new(steps))
    }

    /// Does it once.
    pub(crate) async fn once(&self, connection: &mut Connection) -> Result<()> {
        self.0.act(connection).await
    }
}

/// How much, in which manner.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    /// Kept connections.
    pub(crate) connections: usize,
    /// Over all of them, at most.
    pub(crate) operations: usize,
    /// When each begins.
    pub(crate) pace: Pace,
    /// Set when it is enough.
    pub(crate) enough: Rc<Cell<bool>>,
}

/// When operations begin.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Pace {
    /// One after the other on each connection, which is busy all the time: what the server can do.
    Busy,
    /// So many a second by the clock, whether or not earlier ones have been answered: how long people wait. One whose
    /// connections are all busy when its time comes waits from then on, and that counts (no coordinated omission).
    Steady(f64),
}

impl Load {
    /// Every connection busy all the time.
    pub(crate) fn busy(connections: usize, operations: usize) -> Self {
        Self { connections, operations, pace: Pace::Busy, enough: Rc::default() }
    }

    /// So many a second for so long.
    pub(crate) fn steady(connections: usize, per_second: f64, time: Duration) -> Self {
        let operations = share_of(1, per_second * time.as_secs_f64()).max(1);
        Self { connections, operations, pace: Pace::Steady(per_second), enough: Rc::default() }
    }
}

/// What some operations cost.
#[derive(Clone)]
pub(crate) struct Measured {
    /// Server CPU for each, in microseconds.
    pub(crate) micros: f64,
    /// The database's for each, where it is another process.
    pub(crate) database_micros: Option<f64>,
    /// Bytes for each that went to the disk, the server's and its database's.
    pub(crate) written: f64,
    /// Of them in a second.
    pub(crate) per_second: f64,
    /// How long they took, in microseconds.
    pub(crate) latencies: Histogram<u32>,
}

impl Measured {
    /// Server and database together.
    pub(crate) fn all_micros(&self) -> f64 {
        self.micros + self.database_micros.unwrap_or_default()
    }

    /// The latency that this share of all operations does not exceed, in milliseconds.
    pub(crate) fn millis(&self, share: f64) -> f64 {
        millis(self.latencies.value_at_quantile(share))
    }

    /// The longest, in milliseconds.
    pub(crate) fn most_millis(&self) -> f64 {
        millis(self.latencies.max())
    }
}

/// Does the operation over kept connections.
pub(crate) async fn run(at: Watched<'_>, load: &Load, operation: &Operation) -> Result<Measured> {
    let (connections, operations) = (load.connections.min(load.operations), load.operations);
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections {
        opened.push(Connection::open(at.server.address).await?);
    }
    let latencies = Rc::new(RefCell::new(Histogram::<u32>::new(3)?));
    let taken = Rc::new(Cell::new(0));
    let (began, before) = (Instant::now(), at.usage()?);
    let mut workers = JoinSet::new();
    for mut connection in opened {
        let (operation, latencies, taken) = (operation.clone(), Rc::clone(&latencies), Rc::clone(&taken));
        let (pace, enough) = (load.pace, Rc::clone(&load.enough));
        workers.spawn_local(async move {
            while taken.get() < operations && !enough.get() {
                let number = taken.replace(taken.get() + 1);
                let due = match pace {
                    Pace::Busy => Instant::now(),
                    Pace::Steady(per_second) => due(began + Duration::from_secs_f64(count(number) / per_second)).await,
                };
                timeout(ONE_WITHIN, operation.once(&mut connection)).await.context("an answer took too long")??;
                let took = u64::try_from(due.elapsed().as_micros())?;
                latencies.borrow_mut().record(took)?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker?.with_context(|| at.server.last_words())?;
    }
    let (elapsed, spent) = (began.elapsed(), at.usage()?.since(before));
    let latencies = latencies.borrow().clone();
    let done = number(latencies.len());
    Ok(Measured {
        micros: spent.server.as_secs_f64() * 1e6 / done,
        database_micros: spent.database.map(|cpu| cpu.as_secs_f64() * 1e6 / done),
        written: number(spent.written) / done,
        per_second: done / elapsed.as_secs_f64(),
        latencies,
    })
}

/// Waits for an operation's time and gives the instant from which its latency counts: that time, unless the wait for it
/// ended late by itself, since timers have whole milliseconds and that is no server's fault.
async fn due(at: Instant) -> Instant {
    if at <= Instant::now() {
        return at;
    }
    tokio::time::sleep_until(at.into()).await;
    Instant::now()
}

/// A count as a number to calculate with.
pub(crate) fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// The same for larger ones.
#[expect(clippy::cast_precision_loss, reason = "a measured number, of which few digits matter")]
pub(crate) const fn number(of: u64) -> f64 {
    of as f64
}

/// A share of a count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and the count")]
pub(crate) fn share_of(count_of: usize, share: f64) -> usize {
    (count(count_of) * share).round() as usize
}

fn millis(micros: u64) -> f64 {
    number(micros) / 1e3
}
