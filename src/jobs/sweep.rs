//! Sweeping: what has ended goes, a few rows at a time, so that nobody waits for it.

use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::horizon::Horizon;
use crate::{
    clock::Ts,
    flow::{Context, Result, issue::seconds},
    protocol::throttle::MEMORY_SECONDS,
};

const ROWS: i64 = 500;
const BREATH: Duration = Duration::from_millis(20);
/// How long the audit log is kept, in seconds: 400 days.
const AUDIT_SECONDS: i64 = 400 * 24 * 3600;

/// The server's own sweep, which does not believe every clock.
#[derive(Default)]
pub(super) struct Sweeper(Mutex<Option<Horizon>>);

impl Sweeper {
    pub(super) async fn run(&self, ctx: &Context) -> Result<usize> {
        let (mut held, now, at) = (self.0.lock().await, ctx.now(), Instant::now());
        let mut horizon = match held.take() {
            Some(horizon) => horizon,
            None => Horizon::new(now, at, ctx.store.find_latest().await?.map(crate::secret::Id::made_at)),
        };
        let until = horizon.until(now, at);
        *held = Some(horizon);
        run_until(ctx, until).await
    }
}

/// Removes everything that has ended by now; says how many rows went.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away; the next run goes on.
pub async fn run_once(ctx: &Context) -> Result<usize> {
    run_until(ctx, ctx.now()).await
}

/// Apps that registered themselves and that nobody uses.
async fn sweep_clients(ctx: &Context, until: Ts) -> Result<usize> {
    let clients = &ctx.config.clients;
    let since = |ttl| until.plus_seconds(-seconds(ttl));
    Ok(ctx.store.sweep_clients(since(clients.unused_ttl), since(clients.idle_ttl), until, ROWS).await?)
}

async fn run_until(ctx: &Context, until: Ts) -> Result<usize> {
    // a window that the clock says is over answers no retry any more
    let mut gone = ctx.store.erase_salts(ctx.now()).await?;
    loop {
        let ended = ctx.store.sweep_ended(until, ROWS).await?;
        let (failures, audit) = (until.plus_seconds(-MEMORY_SECONDS), until.plus_seconds(-AUDIT_SECONDS));
        let old = ctx.store.sweep_old(failures, audit, ROWS).await?;
        let clients = sweep_clients(ctx, until).await?;
        gone += ended + old + clients;
        if ended + old + clients == 0 {
            return Ok(gone);
        }
        tokio::time::sleep(BREATH).await;
    }
}
