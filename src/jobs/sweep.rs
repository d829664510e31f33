//! Sweeping: what has ended goes, a few rows at a time with pauses between, so that nobody waits for it.

use std::time::{Duration, Instant};

use tokio::{sync::Mutex, time::sleep};

use super::horizon::Horizon;
use crate::{
    clock::Ts,
    config::duration::seconds,
    flow::{Context, Result},
    secret::Id,
    store::{self, Ending, Swept},
};

/// How many times as long as each step took everybody else is let alone after it: a quarter of the time is the sweep's at
/// most, and less where others are written all the time, since it waits in line with them.
const REST: u32 = 3;
/// How long a step waits for a copy that is being made. Not for ever: somebody may read on and on.
const GIVES_WAY: Duration = Duration::from_secs(10);
/// Apps that go at once, each with all that is its own.
const CLIENTS: i64 = 1;
/// For how long one instance sweeps alone, in seconds; as long as it goes on, it stays the one.
const TURN_SECONDS: i64 = 90;
/// How often it says that it goes on, and erases what has to be erased in time, in seconds.
const LOOK_UP_SECONDS: i64 = 20;
/// How long it erases at a time, so that however much there is to erase everything else is swept as well: half of the
/// time, and the turn is not over meanwhile.
const ERASES: Duration = Duration::from_secs(20);

/// The server's own sweep, which does not believe every clock. Of several instances one sweeps.
pub struct Sweeper {
    own: Id,
    horizon: Mutex<Option<Horizon>>,
}

impl Sweeper {
    /// One of those that sweep in turns.
    #[must_use]
    pub fn new(ctx: &Context) -> Self {
        Self { own: Id::new(ctx.now()), horizon: Mutex::default() }
    }

    /// Removes what has ended, and says how many rows went; `None`: another instance is at it. Whoever stops it half way
    /// loses nothing: the next run goes on.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away; the next run goes on.
    pub async fn run(&self, ctx: &Context) -> Result<Option<usize>> {
        let (mut held, now, at) = (self.horizon.lock().await, ctx.now(), Instant::now());
        let mut horizon = if let Some(horizon) = held.take() {
            horizon
        } else {
            let latest = ctx.store.find_latest().await?.map(Id::made_at);
            Horizon::new(now, at, latest, ctx.store.find_horizon().await?)
        };
        let until = horizon.until(now, at);
        *held = Some(horizon);
        Round { ctx, until, lease: Some(self.own), looked_up: None, gone: 0 }.run().await
    }
}

/// Removes everything that has ended by now, whoever else does; says how many rows went.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away; the next run goes on.
pub async fn run_once(ctx: &Context) -> Result<usize> {
    let round = Round { ctx, until: ctx.now(), lease: None, looked_up: None, gone: 0 };
    Ok(round.run().await?.unwrap_or_default())
}

/// Tables with rows that [`run_once`] would remove now, and how many; what hangs on such a row is not counted.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away.
pub async fn count(ctx: &Context) -> Result<Vec<(String, i64)>> {
    let now = ctx.now();
    let mut counts = ctx.store.count_ended(now).await?;
    let (unused, idle) = idle_since(ctx, now);
    let clients = ctx.store.list_idle_clients(unused, idle, now, i64::MAX).await?.len();
    counts.push(("clients".to_owned(), i64::try_from(clients).unwrap_or(i64::MAX)));
    Ok(counts)
}

/// An app that registered itself goes by `until` if it was registered before the first and never used, or was used last
/// before the second.
fn idle_since(ctx: &Context, until: Ts) -> (Ts, Ts) {
    let clients = &ctx.config.clients;
    let since = |ttl| until.plus_seconds(-seconds(ttl));
    (since(clients.unused_ttl), since(clients.idle_ttl))
}

/// One time through everything that ends.
struct Round<'a> {
    ctx: &'a Context,
    /// What ended before this may go.
    until: Ts,
    /// Whose turn it has to be.
    lease: Option<Id>,
    looked_up: Option<Ts>,
    /// Rows so far.
    gone: usize,
}

impl Round<'_> {
    async fn run(mut self) -> Result<Option<usize>> {
        if !self.goes_on().await? {
            return Ok(None);
        }
        if let Some(own) = self.lease {
            // for whoever begins to sweep next
            self.ctx.store.keep_horizon(own, self.until).await?;
        }
        self.ctx.store.erase_gone_keys(self.until).await?;
        for ending in Ending::ALL {
            let mut from = None;
            loop {
                from = self.step(ending, from, self.until).await?;
                if !self.goes_on().await? {
                    return Ok(Some(self.gone));
                }
                if from.is_none() {
                    break;
                }
            }
        }
        while self.goes_on().await? && self.step_clients().await? > 0 {}
        while self.goes_on().await? && self.step_deleted().await? > 0 {}
        Ok(Some(self.gone))
    }

    /// While a copy is being made next to nothing goes: all that is written then comes upon everybody at its end.
    async fn gives_way(&self) {
        let began = Instant::now();
        while self.ctx.store.is_behind() && began.elapsed() < GIVES_WAY {
            sleep(GIVES_WAY / 10).await;
        }
    }

    /// Every now and then: is it still the one? And whatever else takes its time, salts are erased in theirs.
    async fn goes_on(&mut self) -> Result<bool> {
        self.gives_way().await;
        let now = self.ctx.now();
        if self.looked_up.is_some_and(|before| (0..LOOK_UP_SECONDS).contains(&now.seconds_since(before))) {
            return Ok(true);
        }
        if let Some(own) = self.lease {
            let until = now.plus_seconds(TURN_SECONDS);
            if !self.ctx.store.take_lease("sweep".to_owned(), own, now, until).await? {
                return Ok(false);
            }
        }
        let began = Instant::now();
        let mut from = self.step(Ending::WINDOWS, None, now).await?;
        while from.is_some() && began.elapsed() < ERASES {
            from = self.step(Ending::WINDOWS, from, now).await?;
        }
        self.looked_up = Some(self.ctx.now());
        Ok(true)
    }

    /// A few rows, and the rest after them. From where it is to go on; `None`: nothing is left.
    async fn step(&mut self, ending: Ending, from: Option<Ts>, until: Ts) -> Result<Option<Ts>> {
        let asked = Instant::now();
        let Swept { rows, left_from } = self.ctx.store.sweep(ending, from, until).await?;
        self.gone += rows;
        if left_from.is_some() {
            sleep(asked.elapsed() * REST).await;
        }
        Ok(left_from)
    }

    /// Apps that registered themselves and that nobody uses.
    async fn step_clients(&mut self) -> Result<usize> {
        let (unused, idle) = idle_since(self.ctx, self.until);
        self.paced(self.ctx.store.sweep_clients(unused, idle, self.until, CLIENTS)).await
    }

    /// What deleted apps left behind.
    async fn step_deleted(&mut self) -> Result<usize> {
        self.paced(self.ctx.store.sweep_deleted()).await
    }

    /// A step that says how many rows went, and the rest after it, unless there were none.
    async fn paced(&mut self, step: impl Future<Output = store::Result<usize>>) -> Result<usize> {
        let asked = Instant::now();
        let gone = step.await?;
        self.gone += gone;
        if gone > 0 {
            sleep(asked.elapsed() * REST).await;
        }
        Ok(gone)
    }
}
