//! How long a siege lasts, and that there is one at a time.

use std::sync::OnceLock;

use tokio::sync::{Mutex, MutexGuard};

pub(crate) use crate::support::effort;

/// Waits until no other siege is on, and holds off the next for as long as the value lives.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().await
}
