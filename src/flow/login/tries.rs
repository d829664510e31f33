//! Tries of one account, counted in the database over all instances (PROTOCOL R-g1, R-g2).

use crate::{
    clock::Ts,
    flow::{Context, Result},
    protocol::throttle::Failures,
    store::models::LoginFailures,
};

/// A try, and what failed before it.
pub struct Try {
    key: [u8; 32],
    before: Option<LoginFailures>,
    failures: Failures,
    free: i64,
    now: Ts,
}

impl Try {
    /// Under this key, of which so many are free.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away.
    pub async fn find(ctx: &Context, key: [u8; 32], free: i64, now: Ts) -> Result<Self> {
        let before = ctx.store.find_failures(key.to_vec()).await?;
        let failures = before.as_ref().map(|row| Failures { count: row.count, last_at: row.last_at });
        Ok(Self { key, before, failures: failures.unwrap_or_default(), free, now })
    }

    /// Is it too early for another?
    #[must_use]
    pub fn has_to_wait(&self) -> bool {
        self.failures.wait_seconds(self.free, self.now) > 0
    }

    /// Does it count as failed before it is looked at? Past the free tries: otherwise as many would be looked at at once
    /// as there are instances.
    #[must_use]
    pub const fn counts_beforehand(&self) -> bool {
        self.before.is_some() && !self.failures.has_free_tries(self.free, self.now)
    }

    /// It is going to be looked at. `false`: not now, for another was first.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away.
    pub async fn begin(&mut self, ctx: &Context) -> Result<bool> {
        while let Some(seen) = self.before.clone().filter(|_| self.counts_beforehand()) {
            if ctx.store.claim_try(seen, self.now).await? {
                return Ok(true);
            }
            // by a right one nothing has failed, or all is forgiven
            *self = Self::find(ctx, self.key, self.free, self.now).await?;
            if self.has_to_wait() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// It was no failure.
    ///
    /// # Errors
    /// [`crate::flow::Error`] when the database is away.
    pub async fn take_back(&self, ctx: &Context) -> Result<()> {
        match &self.before {
            Some(seen) if self.counts_beforehand() => Ok(ctx.store.return_try(seen.clone(), self.now).await?),
            _ => Ok(()),
        }
    }

    /// The counter, if there is one: to be deleted with what a success writes.
    #[must_use]
    pub fn into_counter(self) -> Option<Vec<u8>> {
        self.before.map(|row| row.id)
    }
}
