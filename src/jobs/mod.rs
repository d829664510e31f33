//! What happens by itself while serving: caches are kept true, what has ended is removed, keys get successors.

mod backchannel_logout;
mod client_logo;
mod horizon;
pub mod sweep;

use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};

use futures_util::{FutureExt, future::BoxFuture};
use tokio::{sync::watch, task::JoinHandle, time::sleep};

use crate::flow::{Context, catalog::POLL_EVERY, keys};

/// How often one is tried after a change that could not be written.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// How often this machine's clock is held against the database's.
const COMPARE_CLOCKS_EVERY: Duration = Duration::from_secs(5);
/// How often keys that are due are looked for.
const ROTATE_EVERY: Duration = Duration::from_hours(1);
/// How often ended rows are removed, and the salts of refresh chains whose window is over.
const SWEEP_EVERY: Duration = Duration::from_secs(30);
/// How often lost log lines are told.
const TELL_LOSSES_EVERY: Duration = Duration::from_secs(30);
/// How often the outbox of back-channel logout is looked into.
const SEND_EVERY: Duration = Duration::from_secs(1);
/// How often logos that are to be fetched are looked for.
const FETCH_LOGOS_EVERY: Duration = Duration::from_secs(1);

/// Jobs that are running.
pub struct Jobs {
    stop: watch::Sender<bool>,
    running: Vec<JoinHandle<()>>,
}

/// Begins all of them. Call it on the main runtime.
#[must_use]
pub fn start(ctx: &Arc<Context>) -> Jobs {
    let (stop, told) = watch::channel(false);
    let (sweeper, stopped) = (Arc::new(sweep::Sweeper::new(ctx)), told.clone());
    let courier = Arc::new(backchannel_logout::Courier::default());
    let gallery = Arc::new(client_logo::Gallery::default());
    let mut running = vec![
        every(POLL_EVERY, &told, ctx, |ctx| async move {
            if let Err(error) = ctx.catalog.refresh(&ctx).await {
                tracing::debug!(%error, "the change counter was not read");
            }
        }),
        // beside it: who waits here in vain is not to keep the caches from being true
        every(WRITE_EVERY, &told, ctx, |ctx| async move {
            if let Err(error) = ctx.store.try_writing_again().await {
                tracing::debug!(%error, "still nothing can be written");
            }
        }),
        every(COMPARE_CLOCKS_EVERY, &told, ctx, |ctx| async move {
            if let Err(error) = ctx.store.compare_clocks().await {
                tracing::debug!(%error, "the database's clock was not read");
            }
        }),
        every(SWEEP_EVERY, &told, ctx, move |ctx| {
            let (sweeper, mut stopped) = (Arc::clone(&sweeper), stopped.clone());
            async move {
                tokio::select! {
                    // it may have minutes to go, and the next one goes on
                    _ = stopped.wait_for(|stopped| *stopped) => {}
                    swept = sweeper.run(&ctx) => if let Err(error) = swept {
                        tracing::warn!(%error, "sweeping did not finish");
                    }
                }
            }
        }),
        every(SEND_EVERY, &told, ctx, move |ctx| {
            let courier = Arc::clone(&courier);
            async move {
                if let Err(error) = courier.run(&ctx).await {
                    tracing::debug!(%error, "the outbox was not read");
                }
            }
        }),
        every(FETCH_LOGOS_EVERY, &told, ctx, move |ctx| {
            let gallery = Arc::clone(&gallery);
            async move {
                if let Err(error) = gallery.run(&ctx).await {
                    tracing::debug!(%error, "logos were not looked for");
                }
            }
        }),
        every(TELL_LOSSES_EVERY, &told, ctx, |_| async { crate::observe::log::tell_losses() }),
        every(ROTATE_EVERY, &told, ctx, |ctx| async move {
            if let Err(error) = keys::rotate_due(&ctx).await {
                tracing::error!(%error, "keys were not rotated");
            }
        }),
    ];
    if let Some(pause) = ctx.store.replica_pause() {
        running.push(every(pause, &told, ctx, |ctx| async move { ctx.store.look_after_replica().await }));
    }
    let warming = Arc::clone(ctx);
    tokio::spawn(async move {
        if let Err(error) = warming.hashing.warm_up().await {
            tracing::debug!(%error, "the hash for nobody will be made when it is needed");
        }
    });
    Jobs { stop, running }
}

/// What is done again and again.
type Job = Box<dyn Fn(Arc<Context>) -> BoxFuture<'static, ()> + Send>;

impl Jobs {
    /// Lets each finish what it is at.
    pub async fn stop(self) {
        let _nobody_listens = self.stop.send(true);
        for job in self.running {
            let _ended = job.await;
        }
    }
}

fn every<Fut>(
    pause: Duration,
    told: &watch::Receiver<bool>,
    ctx: &Arc<Context>,
    job: impl Fn(Arc<Context>) -> Fut + Send + 'static,
) -> JoinHandle<()>
where
    Fut: Future<Output = ()> + Send + 'static,
{
    repeat(pause, told.clone(), Arc::clone(ctx), Box::new(move |ctx| Box::pin(job(ctx))))
}

/// One kind of task for all of them: each of its own would be that much more program.
fn repeat(pause: Duration, mut told: watch::Receiver<bool>, ctx: Arc<Context>, job: Job) -> JoinHandle<()> {
    tokio::spawn(async move {
        loop {
            // the next run may go well; the panic itself is in the log
            if AssertUnwindSafe(job(Arc::clone(&ctx))).catch_unwind().await.is_err() {
                tracing::error!("a job panicked; it goes on with its next run");
            }
            tokio::select! {
                () = sleep(pause) => {}
                _ = told.changed() => return,
            }
        }
    })
}
