//! Sweeping: what has ended goes, a few rows at a time, so that nobody waits for it.

use std::time::Duration;

use crate::{
    flow::{Context, Result},
    protocol::throttle::MEMORY_SECONDS,
};

const ROWS: i64 = 500;
const BREATH: Duration = Duration::from_millis(20);
/// How long the audit log is kept, in seconds: 400 days.
const AUDIT_SECONDS: i64 = 400 * 24 * 3600;

/// Removes everything that has ended by now; says how many rows went.
///
/// # Errors
/// [`crate::flow::Error`] when the database is away; the next run goes on.
pub async fn run_once(ctx: &Context) -> Result<usize> {
    let now = ctx.now();
    let mut gone = ctx.store.erase_salts(now).await?;
    loop {
        let ended = ctx.store.sweep_ended(now, ROWS).await?;
        let (failures, audit) = (now.plus_seconds(-MEMORY_SECONDS), now.plus_seconds(-AUDIT_SECONDS));
        let old = ctx.store.sweep_old(failures, audit, ROWS).await?;
        gone += ended + old;
        if ended + old == 0 {
            return Ok(gone);
        }
        tokio::time::sleep(BREATH).await;
    }
}
