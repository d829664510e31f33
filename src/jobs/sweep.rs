//! Sweeping: what has ended goes, a few rows at a time, so that nobody waits for it.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::horizon::Horizon;
use crate::{
    clock::Ts,
    flow::{Context, Result, issue::seconds},
    protocol::throttle::MEMORY_SECONDS,
    secret::Id,
};

const ROWS: i64 = 500;
const BREATH: Duration = Duration::from_millis(20);
/// How long the audit log is kept, and what is known of keys that are gone, in seconds: 400 days.
const AUDIT_SECONDS: i64 = 400 * 24 * 3600;
/// For how long one instance sweeps alone, in seconds; as long as it goes on, it stays the one.
const TURN_SECONDS: i64 = 90;

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

    /// Removes what has ended, and says how many rows went; `None`: another instance is at it.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away; the next run goes on.
    pub async fn run(&self, ctx: &Context) -> Result<Option<usize>> {
        let (mut held, now, at) = (self.horizon.lock().await, ctx.now(), Instant::now());
        let mut horizon = match held.take() {
            Some(horizon) => horizon,
            None => Horizon::new(now, at, ctx.store.find_latest().await?.map(Id::made_at)),
        };
        let until = horizon.until(now, at);
        *held = Some(horizon);
        if !self.has_turn(ctx).await? {
            return Ok(None);
        }
        let mut gone = erase_salts(ctx).await?;
        loop {
            let some = run_some(ctx, until).await?;
            gone += some;
            if some == 0 || !self.has_turn(ctx).await? {
                return Ok(Some(gone));
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    async fn has_turn(&self, ctx: &Context) -> Result<bool> {
        let now = ctx.now();
        Ok(ctx.store.take_lease("sweep".to_owned(), self.own, now, now.plus_seconds(TURN_SECONDS)).await?)
    }
}

/// Removes everything that has ended by now, whoever else does; says how many rows went.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away; the next run goes on.
pub async fn run_once(ctx: &Context) -> Result<usize> {
    let (mut gone, until) = (erase_salts(ctx).await?, ctx.now());
    loop {
        let some = run_some(ctx, until).await?;
        if some == 0 {
            return Ok(gone);
        }
        gone += some;
        tokio::time::sleep(BREATH).await;
    }
}

/// A window that the clock says is over answers no retry any more.
async fn erase_salts(ctx: &Context) -> Result<usize> {
    Ok(ctx.store.erase_salts(ctx.now()).await?)
}

/// A few rows of each table.
async fn run_some(ctx: &Context, until: Ts) -> Result<usize> {
    let ended = ctx.store.sweep_ended(until, ROWS).await?;
    let (failures, audit) = (until.plus_seconds(-MEMORY_SECONDS), until.plus_seconds(-AUDIT_SECONDS));
    let old = ctx.store.sweep_old(failures, audit, ROWS).await?;
    Ok(ended + old + sweep_clients(ctx, until).await?)
}

/// Apps that registered themselves and that nobody uses.
async fn sweep_clients(ctx: &Context, until: Ts) -> Result<usize> {
    let clients = &ctx.config.clients;
    let since = |ttl| until.plus_seconds(-seconds(ttl));
    Ok(ctx.store.sweep_clients(since(clients.unused_ttl), since(clients.idle_ttl), until, ROWS).await?)
}
