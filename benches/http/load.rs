//! Operations over many kept connections, and what they cost the server.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use tokio::{task::JoinSet, time::timeout};

use super::{client::Connection, process::Server};

const ONE_WITHIN: Duration = Duration::from_secs(20);

/// How much at a time, and in all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Kept connections.
    pub(crate) connections: usize,
    /// Over all of them.
    pub(crate) operations: usize,
    /// A pause before each; none if zero.
    pub(crate) pace: Duration,
}

/// What some operations cost.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    /// Server CPU for each, in microseconds.
    pub(crate) micros: f64,
    /// Of them in a second.
    pub(crate) per_second: f64,
    /// How long each took as the client saw it, ascending.
    latencies: Vec<Duration>,
}

impl Measured {
    /// The latency that this share of all operations does not exceed.
    pub(crate) fn percentile(&self, share: f64) -> Duration {
        let (latencies, last) = (&self.latencies, self.latencies.len().saturating_sub(1));
        latencies.get(share_of(last, share)).copied().unwrap_or_default()
    }
}

/// Does the operation over kept connections, each of them busy until all is done.
pub(crate) async fn run<O>(server: &Server, load: Load, operation: &Rc<O>) -> Result<Measured>
where
    O: AsyncFn(&mut Connection) -> Result<()> + 'static,
{
    let Load { connections, operations, pace } = load;
    let left = Rc::new(Cell::new(operations));
    let latencies = Rc::new(RefCell::new(Vec::with_capacity(operations)));
    let mut opened = Vec::with_capacity(connections);
    for _ in 0..connections.min(operations) {
        opened.push(Connection::open(server.address).await?);
    }
    let (began, cpu_before) = (Instant::now(), server.cpu()?);
    let mut workers = JoinSet::new();
    for mut connection in opened {
        let (operation, left, latencies) = (Rc::clone(operation), Rc::clone(&left), Rc::clone(&latencies));
        workers.spawn_local(async move {
            while left.get() > 0 {
                left.set(left.get() - 1);
                if !pace.is_zero() {
                    tokio::time::sleep(pace).await;
                }
                let began = Instant::now();
                timeout(ONE_WITHIN, operation(&mut connection)).await.context("an answer took too long")??;
                latencies.borrow_mut().push(began.elapsed());
            }
            anyhow::Ok(())
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker?.with_context(|| server.last_words())?;
    }
    let (elapsed, cpu) = (began.elapsed(), server.cpu()?.saturating_sub(cpu_before));
    let mut latencies = latencies.take();
    latencies.sort_unstable();
    let done = count(latencies.len());
    Ok(Measured { micros: cpu.as_secs_f64() * 1e6 / done, per_second: done / elapsed.as_secs_f64(), latencies })
}

/// A count as a number to calculate with.
pub(crate) fn count(of: usize) -> f64 {
    f64::from(u32::try_from(of).unwrap_or(u32::MAX))
}

/// A share of a count.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between zero and the count")]
pub(crate) fn share_of(count_of: usize, share: f64) -> usize {
    (count(count_of) * share).round() as usize
}
