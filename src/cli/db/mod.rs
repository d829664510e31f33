//! `countersign db …`: the database.

mod copies;

use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{failure::Failure, output::Block, session::Session};
use crate::{
    clock::SystemClock,
    config::{Config, Database},
    flow::start,
    jobs::sweep,
    store::{Migrate, ReplicaState, SchemaState, Store},
};

/// The database: migrate, look, back up, restore, prune
#[derive(Debug, Subcommand)]
pub(super) enum Db {
    Migrate(MigrateDb),
    /// Say which database it is and how its schema stands
    #[command(after_long_help = "Examples:\n  countersign db status\n  countersign db status --json")]
    Status,
    Backup(copies::Backup),
    Restore(copies::Restore),
    Fence(copies::Fence),
    Prune(Prune),
}

/// Bring the schema up to date, as `serve` does by itself
///
/// Makes the database, `secret_key` and first keys where they are missing. A copy of an existing SQLite file is kept.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign db migrate\n  countersign db migrate --dry-run")]
pub(super) struct MigrateDb {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// Remove what has ended, as the server does by itself
///
/// Also apps that registered themselves and that nobody uses: clients.unused_ttl, clients.idle_ttl.
#[derive(Debug, Args)]
#[command(after_long_help = "Examples:\n  countersign db prune --dry-run\n  countersign db prune")]
pub(super) struct Prune {
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn run(session: &Session, command: Db) -> Result<(), Failure> {
    match command {
        Db::Migrate(MigrateDb { dry_run }) => migrate(session, dry_run).await,
        Db::Status => status(session).await,
        Db::Backup(command) => copies::back_up(session, command).await,
        Db::Restore(command) => copies::restore(session, command).await,
        Db::Fence(command) => copies::fence(session, command).await,
        Db::Prune(Prune { dry_run }) => prune(session, dry_run).await,
    }
}

async fn migrate(session: &Session, dry_run: bool) -> Result<(), Failure> {
    let config = session.load_as_served()?.config;
    let before = Store::schema_state(start::location(&config)).await?;
    let due = before.known.saturating_sub(before.applied);
    let json = json!({"known": before.known, "applied_before": before.applied, "due": due, "dry_run": dry_run});
    if dry_run {
        let text = match due {
            0 => format!("Nothing to do: schema {}.", schema(&before)),
            due => format!("{due} of {} migrations would be applied to {}.", before.known, config.database),
        };
        return session.out.result(&json, &text);
    }
    let database = config.database.to_string();
    let ctx = Box::pin(start::open(config, Arc::new(SystemClock), Migrate::Yes)).await?;
    session.opened(&ctx);
    let text = match due {
        0 => format!("Nothing to do: schema {}.", schema(&before)),
        due => format!("{due} of {} migrations applied to {database}.", before.known),
    };
    session.out.result(&json, &text)
}

async fn status(session: &Session) -> Result<(), Failure> {
    let config = session.load_as_served()?.config;
    let state = Store::schema_state(start::location(&config)).await?;
    let bytes = match &config.database {
        Database::Sqlite(path) => std::fs::metadata(path).map(|file| file.len()).ok(),
        Database::Postgres(_) => None,
    };
    let damage = Store::find_damage(start::location(&config))?;
    let kind = kind(&config);
    let replica = match (&config.database, &config.database_replica) {
        (Database::Postgres(url), Some(replica)) => {
            Some((replica.to_string(), Store::replica_state(url, &replica.url).await?))
        }
        _ => None,
    };
    let json = json!({
        "database": config.database.to_string(),
        "replica": replica.as_ref().map(|(url, state)| json!({"database": url, "state": replica_words(state)})),
        "damage": damage,
        "kind": kind,
        "known": state.known,
        "applied": state.applied,
        "up_to_date": state.known == state.applied,
        "bytes": bytes,
    });
    let block = Block::default()
        .line("database", config.database.to_string())
        .line("kind", kind)
        .line("schema", schema(&state))
        .line("size", bytes.map(|bytes| format!("{} KiB", bytes.div_ceil(1024))).unwrap_or_default())
        .line("damage", damage.unwrap_or_default())
        .line("replica", replica.map(|(url, state)| format!("{url}, {}", replica_words(&state))).unwrap_or_default());
    session.out.result(&json, &block.to_text())
}

fn schema(state: &SchemaState) -> String {
    let numbers = format!("{} of {}", state.applied, state.known);
    match state.applied {
        0 => format!("{numbers}, not set up yet: countersign serve or countersign db migrate does that"),
        applied if applied < state.known => format!("{numbers}, to be migrated: countersign db migrate"),
        applied if applied > state.known => format!("{numbers}, from a newer release"),
        _ => format!("{numbers}, up to date"),
    }
}

fn replica_words(state: &ReplicaState) -> String {
    match state {
        ReplicaState::Following { behind: 0 } => "has everything".to_owned(),
        ReplicaState::Following { behind } => format!("{behind} bytes behind"),
        ReplicaState::Unfit(why) => format!("cannot be used: {why}"),
        ReplicaState::Away(why) => format!("is away: {why}"),
    }
}

async fn prune(session: &Session, dry_run: bool) -> Result<(), Failure> {
    let ctx = session.open().await?;
    if dry_run {
        let counts = sweep::count(&ctx).await?;
        let block = counts
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .fold(Block::default(), |block, (table, rows)| block.line(table, rows.to_string()));
        let all: i64 = counts.iter().map(|(_, rows)| rows).sum();
        let text = format!("{all} rows have ended and would be removed.\n{}", block.to_text());
        let tables: serde_json::Map<String, Value> =
            counts.into_iter().map(|(table, rows)| (table, rows.into())).collect();
        return session.out.result(&json!({"ended": all, "tables": tables, "dry_run": true}), &text);
    }
    let removed = sweep::run_once(&ctx).await?;
    session.out.result(&json!({"removed": removed, "dry_run": false}), &format!("{removed} rows removed."))
}

/// `SQLite` or `PostgreSQL`.
pub(super) const fn kind(config: &Config) -> &'static str {
    match config.database {
        Database::Sqlite(_) => "SQLite",
        Database::Postgres(_) => "PostgreSQL",
    }
}
