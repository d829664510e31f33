//! Has the logos of clients fetched that are to be shown and are not there yet. Nobody who looks at a page waits for one.

use std::sync::Arc;

use tokio::sync::Mutex;

use crate::flow::{Context, Result, client_logo};

/// Fetches in this process, one batch at a time; of several instances each logo is one's.
#[derive(Default)]
pub(super) struct Gallery(Arc<Mutex<()>>);

impl Gallery {
    /// Begins with what is due, unless it is still at something. It does not wait for it: a stop of the server does not
    /// either, and what was begun is tried again later.
    pub(super) async fn run(&self, ctx: &Arc<Context>) -> Result<()> {
        let Ok(turn) = Arc::clone(&self.0).try_lock_owned() else { return Ok(()) };
        let due = client_logo::due(ctx).await?;
        if due.is_empty() {
            return Ok(());
        }
        let ctx = Arc::clone(ctx);
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = client_logo::fetch_all(&ctx, due).await {
                tracing::warn!(%error, "logos are left for later");
            }
        });
        Ok(())
    }
}
