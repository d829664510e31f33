//! Grants that end all at once, and the server that is to sweep them.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result};
use diesel::{Connection, OptionalExtension, RunQueryDsl, SqliteConnection, sql_query};

use super::super::cluster;

/// How often it is looked whether any is left.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The one that starts sweeps at once, and does not leave that to the one that was there.
const NOBODY_SWEEPS: &str = "UPDATE leases SET until = 0";

/// Ends those that were made before, in a `SQLite` file that no server has open; how many they are.
pub(super) fn in_sqlite(path: &Path, made_before: i64) -> Result<usize> {
    let mut connection = open(path)?;
    sql_query(NOBODY_SWEEPS).execute(&mut connection)?;
    Ok(sql_query(ending(made_before)).execute(&mut connection)?)
}

/// The same in a `PostgreSQL` database.
pub(super) async fn in_postgres(url: &str, made_before: i64) -> Result<usize> {
    let client = cluster::connect(&url.parse()?).await?;
    client.batch_execute(NOBODY_SWEEPS).await?;
    let ended = client.execute(&ending(made_before), &[]).await?;
    client.batch_execute("VACUUM ANALYZE grants").await?;
    Ok(usize::try_from(ended)?)
}

/// Waits until the server has swept them all, from the file or from the database.
pub(super) async fn are_swept(path: &Path, url: Option<&str>, made_before: i64) -> Result<()> {
    let left = format!("SELECT 1 AS left_over FROM grants WHERE ends_at < {made_before} LIMIT 1");
    if let Some(url) = url {
        let client = cluster::connect(&url.parse()?).await?;
        while client.query_opt(&left, &[]).await?.is_some() {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        return Ok(());
    }
    let mut connection = open(path)?;
    while sql_query(&left).get_result::<LeftOver>(&mut connection).optional()?.is_some() {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

#[derive(diesel::QueryableByName)]
struct LeftOver {
    #[diesel(sql_type = diesel::sql_types::Integer)]
    #[expect(dead_code, reason = "that there is one is all that is asked")]
    left_over: i32,
}

fn open(path: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnection::establish(path.to_str().context("a folder without a name")?)?)
}

fn ending(made_before: i64) -> String {
    format!("UPDATE grants SET ends_at = created_at WHERE created_at < {made_before}")
}
