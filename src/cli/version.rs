//! `countersign version`.

use clap::Args;
use serde_json::json;

use super::{failure::Failure, session::Session};

/// Which release this is.
pub(super) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Say which release this is
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign version\n  countersign version --json")]
pub(super) struct Version {}

pub(super) fn run(session: &Session) -> Result<(), Failure> {
    session.out.result(&json!({"name": "countersign", "version": VERSION}), &format!("countersign {VERSION}"))
}
