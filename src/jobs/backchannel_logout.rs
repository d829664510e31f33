//! Sends what the outbox of back-channel logout holds. Each receiver has requests of its own under way, so that none waits
//! for a slow one; and those that nobody vouches for, however many they are, leave room for the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::flow::{
    Context, Result,
    logout_notice::{self, Place, Receiver},
};

/// Receivers that are told at once, or wait for others at the same place: so many that somebody vouches for, and so many
/// others. More than requests are under way, so that many who wait for one slow host keep nobody else from beginning.
const RECEIVERS: usize = 64;
/// Looks at the outbox in one run: who waits behind many that there is no room for is found all the same, if not at once.
const LOOKS: usize = 4;

/// Who is being told in this process, and how far the outbox was looked through.
pub(super) struct Courier(Mutex<Round>);

struct Round {
    /// Does somebody vouch for it?
    busy: HashMap<String, bool>,
    from: Place,
}

impl Default for Courier {
    fn default() -> Self {
        Self(Mutex::new(Round { busy: HashMap::new(), from: Place::FRONT }))
    }
}

impl Round {
    fn has_room(&self, is_vouched_for: bool) -> bool {
        self.busy.values().filter(|other| **other == is_vouched_for).count() < RECEIVERS
    }
}

impl Courier {
    /// Begins to tell those whom nobody is telling already. It does not wait for them.
    pub(super) async fn run(self: Arc<Self>, ctx: &Arc<Context>) -> Result<()> {
        for _ in 0..LOOKS {
            let (busy, from) = {
                let round = self.round();
                if !round.has_room(true) && !round.has_room(false) {
                    return Ok(());
                }
                (round.busy.keys().cloned().collect(), round.from)
            };
            let (receivers, more) = logout_notice::receivers(ctx, busy, from).await?;
            self.round().from = more.unwrap_or(Place::FRONT);
            for receiver in receivers {
                self.begin(ctx, receiver);
            }
            if more.is_none() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Unless there is no room: then it is found again.
    fn begin(self: &Arc<Self>, ctx: &Arc<Context>, receiver: Receiver) {
        let Receiver { client_id, is_vouched_for } = receiver;
        let mut round = self.round();
        if !round.has_room(is_vouched_for) {
            return;
        }
        round.busy.insert(client_id.clone(), is_vouched_for);
        drop(round);
        let telling = Telling { courier: Arc::clone(self), receiver: client_id };
        let ctx = Arc::clone(ctx);
        tokio::spawn(async move {
            if let Err(error) = logout_notice::send_all(&ctx, &telling.receiver).await {
                tracing::warn!(%error, "notices of a session's end are left for later");
            }
        });
    }

    fn round(&self) -> MutexGuard<'_, Round> {
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
        self.courier.round().busy.remove(&self.receiver);
    }
}
