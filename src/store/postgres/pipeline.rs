//! A connection that the look-ups of one thread share.
//!
//! Each is sent at once, behind those whose answers are still to come, and the database answers one after the other: many
//! of them are one waking of it and one of us. Only what is a look-up by an index may go this way, since whoever comes
//! next waits for it; and nothing that changes anything, since each commit would wait for the one before.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use diesel_async::{
    AsyncPgConnection,
    pooled_connection::deadpool::{Object, Pool},
};
use tokio::sync::{Mutex, Semaphore, SemaphorePermit};

use super::away;
use crate::store::Result;

/// Look-ups that are sent before the first of them is answered, at most: others wait for their turn.
const AT_ONCE: usize = 32;

/// The connection, as long as nothing is wrong with it, and who is on it.
pub(super) struct Pipeline {
    turns: Semaphore,
    held: Mutex<Option<Arc<Shared>>>,
}

/// A connection that no pool gives to anybody else.
pub(super) struct Shared {
    pub(super) conn: AsyncPgConnection,
    is_broken: AtomicBool,
}

impl Shared {
    /// Nobody is to begin anything on it any more. Who is on it already goes on, as long as that goes well.
    pub(super) fn give_up(&self) {
        self.is_broken.store(true, Ordering::Relaxed);
    }
}

impl Pipeline {
    pub(super) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), held: Mutex::default() }
    }

    /// Nobody gets a turn any more.
    pub(super) fn close(&self) {
        self.turns.close();
    }

    /// Waits until there are not too many on it.
    pub(super) async fn turn(&self) -> Result<SemaphorePermit<'_>> {
        self.turns.acquire().await.map_err(away)
    }

    /// The one that all share; another one from the pool where that is needed.
    pub(super) async fn connection(&self, pool: &Pool<AsyncPgConnection>) -> Result<Arc<Shared>> {
        let mut held = self.held.lock().await;
        if let Some(shared) = held.as_ref().filter(|shared| !shared.is_broken.load(Ordering::Relaxed)) {
            return Ok(Arc::clone(shared));
        }
        let conn = Object::take(pool.get().await.map_err(away)?);
        let new = Arc::new(Shared { conn, is_broken: AtomicBool::default() });
        *held = Some(Arc::clone(&new));
        Ok(new)
    }
}
