//! How much room the tables and their indexes take.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_query,
    sql_types::{BigInt, Text},
};

use super::{room_for, shown};
use crate::load::{cluster, subject::Subject};

#[derive(QueryableByName)]
struct Piece {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = BigInt)]
    bytes: i64,
}

/// Each table and index of the largest tables, as rows of a table in Markdown.
pub(super) async fn lines(subject: &Subject, grants: u64) -> Result<Vec<String>> {
    let mut pieces = if let Some(url) = &subject.database_url {
        postgres(url).await?
    } else {
        let path = subject.folder.path().join("data/countersign.db");
        sqlite(path.to_str().context("a folder without a name")?)?
    };
    pieces.sort_by_key(|piece| -piece.1);
    let all = pieces.iter().map(|piece| piece.1).sum::<i64>();
    let largest = pieces.iter().take(12).map(|(name, bytes)| (name.as_str(), *bytes));
    let lines = [("everything", all)].into_iter().chain(largest);
    Ok(lines
        .map(|(name, bytes)| format!("| {grants} | `{name}` | {} |\n", shown(u64::try_from(bytes).unwrap_or_default())))
        .collect())
}

fn sqlite(path: &str) -> Result<Vec<(String, i64)>> {
    let mut connection = SqliteConnection::establish(path)?;
    let pieces: Vec<Piece> =
        sql_query("SELECT name, SUM(pgsize) AS bytes FROM dbstat GROUP BY name").load(&mut connection)?;
    Ok(pieces.into_iter().map(|piece| (piece.name, piece.bytes)).collect())
}

async fn postgres(url: &str) -> Result<Vec<(String, i64)>> {
    let client = cluster::connect(&url.parse()?).await?;
    let sql = "SELECT relname::text, pg_relation_size(oid) FROM pg_class \
               WHERE relkind IN ('r', 'i') AND relnamespace = 'public'::regnamespace";
    Ok(client.query(sql, &[]).await?.iter().map(|row| (row.get(0), row.get(1))).collect())
}

/// Is there room for so many more grants, and for a copy?
pub(super) fn check_room(subject: &Subject, grants: u64) -> Result<()> {
    let asked = Command::new("df").args(["--output=avail", "-B1"]).arg(subject.folder.path()).output()?;
    let printed = String::from_utf8(asked.stdout)?;
    let free: u64 = printed.lines().nth(1).context("df printed nothing")?.trim().parse()?;
    let needed = room_for(grants);
    ensure!(free > needed, "{grants} more grants need {}, and {} are free", shown(needed), shown(free));
    Ok(())
}
