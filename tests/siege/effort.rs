//! How long a siege lasts, and that there is one at a time.

use std::sync::OnceLock;

use tokio::sync::{Mutex, MutexGuard};

/// So many times what the gate does: `COUNTERSIGN_TEST_EFFORT`, 1 unless set.
pub(crate) fn effort() -> usize {
    let told = std::env::var("COUNTERSIGN_TEST_EFFORT").ok();
    told.map_or(1, |text| text.parse().unwrap_or_else(|_| panic!("COUNTERSIGN_TEST_EFFORT={text} is no number")))
}

/// Waits until no other siege is on, and holds off the next for as long as the value lives.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static TURN: OnceLock<Mutex<()>> = OnceLock::new();
    TURN.get_or_init(Mutex::default).lock().await
}
