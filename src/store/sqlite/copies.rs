//! Whole copies of a database: made while it is in use, and looked at before one is taken for ours.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use diesel::{QueryableByName, RunQueryDsl, SqliteConnection, connection::SimpleConnection, sql_types::Text};
use diesel_migrations::MigrationHarness;

use super::{PATIENCE_OF_COMMANDS, Result, connect, migrate_all, pending, unreadable};
use crate::store::{Error, Unfit, condition::is_damage};

/// The first bytes of every `SQLite` file.
const MAGIC: [u8; 16] = *b"SQLite format 3\0";

/// Into a file that only its owner may read; an empty one may be there already. It holds all that was committed when
/// this began.
pub(super) fn copy(conn: &mut SqliteConnection, to: &Path) -> Result<()> {
    let file = OpenOptions::new().append(true).create(true).mode(0o600).open(to).map_err(unreadable)?;
    let name = to.to_str().ok_or_else(|| Error::Unreadable("the path is not UTF-8".into()))?;
    conn.batch_execute(&format!("VACUUM INTO '{}'", name.replace('\'', "''")))?;
    file.sync_all().map_err(|error| Error::Unavailable(error.to_string()))
}

/// The first thing that is wrong with the file; `None`: every page of it hangs together.
pub(in crate::store) fn find_damage(path: &Path) -> Result<Option<String>> {
    let check = "SELECT quick_check AS word FROM pragma_quick_check LIMIT 1";
    match words(&mut connect(path, PATIENCE_OF_COMMANDS)?, check) {
        Ok(found) => Ok(found.into_iter().find(|word| word != "ok")),
        Err(error) if is_damage(&error) => Ok(Some(error.to_string())),
        Err(error) => Err(error.into()),
    }
}

/// Is the file a sound database of ours? Then it is brought up to date where it lies.
pub(in crate::store) fn adopt(path: &Path) -> std::result::Result<(), Unfit> {
    let mut first = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAGIC.len() as u64).read_to_end(&mut first));
    if read.is_err() || first != MAGIC {
        return Err(Unfit::Foreign("it is no SQLite database".into()));
    }
    let damaged = |error: &dyn std::fmt::Display| Unfit::Damaged(error.to_string());
    let mut conn = connect(path, PATIENCE_OF_COMMANDS).map_err(|error| damaged(&error))?;
    let check = "SELECT integrity_check AS word FROM pragma_integrity_check";
    match words(&mut conn, check).map_err(|error| damaged(&error))?.first().map(String::as_str) {
        Some("ok") => {}
        Some(found) => return Err(damaged(&found)),
        None => return Err(damaged(&"it could not be checked")),
    }
    let ours = "SELECT name AS word FROM sqlite_master WHERE name IN ('instance', '__diesel_schema_migrations')";
    if words(&mut conn, ours).map_err(|error| damaged(&error))?.len() < 2 {
        return Err(Unfit::Foreign("it has none of our tables".into()));
    }
    if let Some(table) = words(&mut conn, "SELECT \"table\" AS word FROM pragma_foreign_key_check")
        .map_err(|error| damaged(&error))?
        .first()
    {
        return Err(damaged(&format!("rows of {table} refer to what is not there")));
    }
    let applied = conn.applied_migrations().map_err(unreadable)?;
    if pending(&applied)? > 0 {
        migrate_all(&mut conn)?;
    }
    Ok(())
}

fn words(conn: &mut SqliteConnection, query: &str) -> diesel::QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        word: String,
    }
    Ok(diesel::sql_query(query).load::<Row>(conn)?.into_iter().map(|row| row.word).collect())
}
