//! Whole copies of a database: made while it is in use, and looked at before one is taken for ours.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    thread,
    time::Instant,
};

use diesel::{
    Connection, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::{DefaultLoadingMode, SimpleConnection},
    sql_query,
    sql_types::{Binary, Text},
};
use diesel_migrations::MigrationHarness;

use super::{
    PATIENCE, PATIENCE_OF_COMMANDS, Result,
    checkpoints::{catch_up, never_closed},
    connect, known, migrate_all, unreadable,
};
use crate::store::{Error, Unfit, condition::is_damage, pending};

/// The first bytes of every `SQLite` file.
const MAGIC: [u8; 16] = *b"SQLite format 3\0";
const QUICK_CHECK: &str = "SELECT quick_check AS word FROM pragma_quick_check LIMIT 1";
/// Bytes that are read, written and on the disk before others are let alone …
const PIECE: usize = 1 << 18;
/// … for so many times as long as that took.
const REST: u32 = 3;
/// What is added to a thread's niceness where everybody else comes first.
const LOW: i32 = 10;

/// Into a file that only its owner may read; an empty one may be there already. It holds all that was committed when
/// this began.
pub(super) fn copy(conn: &mut SqliteConnection, to: &Path) -> Result<()> {
    let file = private(to)?;
    conn.batch_execute(&format!("VACUUM INTO '{}'", name(to)?.replace('\'', "''")))?;
    file.sync_all().map_err(unwritten)
}

/// The same, a piece at a time, so that those who are served meanwhile have disk and processor nearly to themselves.
pub(super) fn copy_calmly(from: &Path, to: &Path) -> Result<()> {
    let conn = &mut connect(from, PATIENCE)?;
    if words(conn, "SELECT name AS word FROM pragma_module_list WHERE name = 'sqlite_dbpage'")?.is_empty() {
        // a SQLite that was built in another way than ours
        return copy(conn, to);
    }
    let (mut file, mut piece) = (private(to)?, Vec::with_capacity(PIECE));
    let mut woke = Instant::now();
    // one statement sees one state, however long it is read
    for page in sql_query("SELECT data FROM sqlite_dbpage ORDER BY pgno").load_iter::<Page, DefaultLoadingMode>(conn)? {
        piece.extend(page?.data);
        if piece.len() >= PIECE {
            // what is not on the disk yet would be waited for by whoever commits next
            file.write_all(&piece).and_then(|()| file.sync_data()).map_err(unwritten)?;
            piece.clear();
            thread::sleep(woke.elapsed() * REST);
            woke = Instant::now();
        }
    }
    // what was written to the log meanwhile goes into the file now and here, not in somebody's commit
    let own = never_closed(from)?;
    catch_up(conn, &own)?;
    file.write_all(&piece).and_then(|()| file.sync_all()).map_err(unwritten)?;
    check(to)
}

/// A page that was damaged was copied as it is.
fn check(copy: &Path) -> Result<()> {
    let mut conn = SqliteConnection::establish(name(copy)?).map_err(unreadable)?;
    // nobody waits for this, and nobody for what it holds
    let _as_it_is_then = rustix::process::nice(LOW);
    // it has no log beside it
    conn.batch_execute("PRAGMA journal_mode = DELETE")?;
    match words(&mut conn, QUICK_CHECK)?.into_iter().find(|word| word != "ok") {
        Some(found) => Err(Error::Damaged(found)),
        None => Ok(()),
    }
}

fn private(path: &Path) -> Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map_err(unwritten)
}

fn name(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| unwritten("its path is not UTF-8"))
}

fn unwritten(error: impl std::fmt::Display) -> Error {
    Error::Unwritten(error.to_string())
}

#[derive(QueryableByName)]
struct Page {
    #[diesel(sql_type = Binary)]
    data: Vec<u8>,
}

/// The first thing that is wrong with the file; `None`: every page of it hangs together.
pub(in crate::store) fn find_damage(path: &Path) -> Result<Option<String>> {
    match words(&mut connect(path, PATIENCE_OF_COMMANDS)?, QUICK_CHECK) {
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
    if pending(&known()?, &applied)? > 0 {
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
    Ok(sql_query(query).load::<Row>(conn)?.into_iter().map(|row| row.word).collect())
}
