//! Sends what the outbox of back-channel logout holds. Each receiver has requests of its own under way, so that none waits
//! for a slow one.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::flow::{Context, Result, logout_notice};

/// Receivers that are told at once, or wait for others at the same place: more than requests are under way, so that many
/// who wait for one slow host keep nobody else from beginning.
const RECEIVERS: usize = 64;

/// Who is being told in this process.
#[derive(Default)]
pub(super) struct Courier(Mutex<HashSet<String>>);

impl Courier {
    /// Begins to tell those whom nobody is telling already. It does not wait for them.
    pub(super) async fn run(self: Arc<Self>, ctx: &Arc<Context>) -> Result<()> {
        let busy: Vec<String> = self.busy().iter().cloned().collect();
        let free = RECEIVERS.saturating_sub(busy.len());
        if free == 0 {
            return Ok(());
        }
        for receiver in logout_notice::receivers(ctx, busy, free).await? {
            self.busy().insert(receiver.clone());
            let telling = Telling { courier: Arc::clone(&self), receiver };
            let ctx = Arc::clone(ctx);
            tokio::spawn(async move {
                if let Err(error) = logout_notice::send_all(&ctx, &telling.receiver).await {
                    tracing::warn!(%error, "notices of a session's end are left for later");
                }
            });
        }
        Ok(())
    }

    fn busy(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The receiver is busy while this is there, whatever ends it.
struct Telling {
    courier: Arc<Courier>,
    receiver: String,
}

impl Drop for Telling {
    fn drop(&mut self) {
        self.courier.busy().remove(&self.receiver);
    }
}
