//! Grants that end all at once, and the server that is to sweep them.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use diesel::{Connection, RunQueryDsl, SqliteConnection, sql_query};

use super::super::cluster;

/// How often it is looked whether any is left.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// The most that are to be swept take it minutes.
const SWEPT_WITHIN: Duration = Duration::from_mins(20);
/// The one that starts sweeps at once, and does not leave that to the one that was there.
const NOBODY_SWEEPS: &str = "UPDATE leases SET until = 0 WHERE job = 'sweep'";

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
    let any =
        format!("SELECT count(*) AS found FROM (SELECT 1 FROM grants WHERE ends_at < {made_before} LIMIT 1) AS few");
    let began = Instant::now();
    while count(path, url, &any).await? > 0 {
        ensure!(began.elapsed() < SWEPT_WITHIN, "the server does not sweep what has ended");
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Waits until nothing is left of any deleted app, or for so long.
pub(super) async fn are_removed(path: &Path, url: Option<&str>, most: Duration) -> Result<()> {
    let (began, any) = (Instant::now(), "SELECT count(*) AS found FROM deleted_clients");
    while began.elapsed() < most && count(path, url, any).await? > 0 {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// The grants of an app.
pub(super) async fn of_app(path: &Path, url: Option<&str>, client_id: &str) -> Result<i64> {
    count(path, url, &format!("SELECT count(*) AS found FROM grants WHERE client_id = '{client_id}'")).await
}

async fn count(path: &Path, url: Option<&str>, statement: &str) -> Result<i64> {
    #[derive(diesel::QueryableByName)]
    struct Counted {
        #[diesel(sql_type = diesel::sql_types::BigInt)]
        found: i64,
    }
    if let Some(url) = url {
        return Ok(cluster::connect(&url.parse()?).await?.query_one(statement, &[]).await?.try_get(0)?);
    }
    Ok(sql_query(statement).get_result::<Counted>(&mut open(path)?)?.found)
}

fn open(path: &Path) -> Result<SqliteConnection> {
    Ok(SqliteConnection::establish(path.to_str().context("a folder without a name")?)?)
}

fn ending(made_before: i64) -> String {
    format!("UPDATE grants SET ends_at = created_at WHERE created_at < {made_before}")
}
