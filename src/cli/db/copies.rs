//! `countersign db backup`, `db restore`, `db fence`: when the past is kept, and when it comes back.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::{
    cli::{failure::Failure, input, session::Session},
    clock::SystemClock,
    flow::{
        backup::{self, BackupError},
        epoch::{self, Chains},
    },
};

/// Write a copy of the SQLite database, also while the server runs
///
/// It holds everything that was acknowledged before. `secret_key` is not in it: without that key nobody can open the
/// signing keys. Keep a copy of it elsewhere.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign db backup ./countersign-2026-11-21.db\n  \
                             countersign db backup /backup/countersign.db --json")]
pub(in crate::cli) struct Backup {
    /// A file that does not exist yet
    file: PathBuf,
}

/// Put a copy back where there is no SQLite database, checked and whole or not at all
///
/// `secret_key` must be the one it was made with. A new epoch begins: sessions, codes, access tokens and one-time links
/// of before are dead, and apps have to send people to sign in again. People, consents, clients, keys and scopes are as
/// they were in the copy.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign db restore /backup/countersign-2026-11-21.db\n  \
                             countersign db restore /backup/countersign.db --data-dir /srv/countersign")]
pub(in crate::cli) struct Restore {
    /// What `countersign db backup` has written
    file: PathBuf,
    #[command(flatten)]
    chains: KeepRefresh,
}

/// End what was issued before: after a restore of PostgreSQL, or when a standby that lagged behind took over
///
/// Sessions, codes, access tokens and one-time links of before are dead at every instance at once, and apps have to send
/// people to sign in again. `db restore` does the same by itself.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign db fence\n  countersign db fence --keep-refresh --yes")]
pub(in crate::cli) struct Fence {
    #[command(flatten)]
    chains: KeepRefresh,
}

#[derive(Debug, Clone, Copy, Args)]
struct KeepRefresh {
    /// Leave the refresh tokens of before alive: also those that were revoked or used up since
    ///
    /// Nobody has to sign in to an app again, except where its refresh token was used since. It goes into the audit log.
    #[arg(long)]
    keep_refresh: bool,
}

impl KeepRefresh {
    const fn chains(self) -> Chains {
        if self.keep_refresh { Chains::Keep } else { Chains::End }
    }

    const fn words(self) -> &'static str {
        if self.keep_refresh {
            "People have to sign in again; apps go on with the refresh tokens they had."
        } else {
            "People have to sign in again, and apps have to ask them to."
        }
    }
}

pub(super) async fn back_up(session: &Session, Backup { file }: Backup) -> Result<(), Failure> {
    let ctx = session.open().await?;
    let bytes = backup::back_up(&ctx, &file).await.map_err(|error| match error {
        BackupError::NotOneFile => Failure::from(error).hint("pg_dump --format=custom"),
        error => error.into(),
    })?;
    let shown = file.display().to_string();
    session.out.note("secret_key is not in the copy: keep it elsewhere, or nobody can open the signing keys in it");
    let text = format!("{} KiB written to {shown}.", bytes.div_ceil(1024));
    session.out.result(&json!({"file": shown, "bytes": bytes, "includes_secret_key": false}), &text)
}

pub(super) async fn restore(session: &Session, Restore { file, chains }: Restore) -> Result<(), Failure> {
    let config = session.load_as_served()?.config;
    let restored = Box::pin(backup::restore(&config, &SystemClock, &session.origin, &file, chains.chains())).await;
    let later = restored.map_err(|error| match error {
        BackupError::NotOneFile => Failure::from(error).hint(
            "with every server stopped, into an empty database: pg_restore --exit-on-error --single-transaction \
             --dbname=URL FILE; then countersign db fence, before a server starts",
        ),
        error => error.into(),
    })?;
    let (from, to) = (file.display().to_string(), config.database.to_string());
    session.out.note(
        "everything is as it was when the copy was made: lock, remove, rotate and retire again what was locked, \
         removed, rotated and retired since",
    );
    if let Some(later) = later {
        session.out.warn(&format!(
            "the copy has entries of {}, later than this machine's clock: what was issued in between has not ended; \
             set the clock, then run countersign db fence",
            later.to_rfc3339()
        ));
    }
    let json = json!({"file": from, "database": to, "kept_refresh": chains.keep_refresh});
    session.out.result(&json, &format!("{from} restored to {to}. {}", chains.words()))
}

pub(super) async fn fence(session: &Session, Fence { chains }: Fence) -> Result<(), Failure> {
    let ctx = session.open().await?;
    input::confirm(session, "End every session, code and access token, now?")?;
    let at = epoch::fence(&ctx, &session.origin, chains.chains()).await?.to_rfc3339();
    let json = json!({"ended_before": at, "kept_refresh": chains.keep_refresh});
    session.out.result(&json, &format!("What was issued before {at} has ended. {}", chains.words()))
}
