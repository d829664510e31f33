//! The one look inside: is the database sound, and is what belongs together there together?

use std::path::Path;

use crate::support::Database;

/// Everything a code gave came with the code's end, and nothing without it.
const HALVES: &str = "SELECT 'a spent code without its chain' AS fault FROM grants g \
     WHERE g.code_used_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM refresh_chains r WHERE r.grant_id = g.id) \
     UNION ALL SELECT 'a chain of an unspent code' FROM refresh_chains r JOIN grants g ON g.id = r.grant_id \
     WHERE g.code_used_at IS NULL \
     UNION ALL SELECT 'a client without a secret' FROM clients c WHERE c.metadata NOT LIKE '%\"none\"%' \
     AND NOT EXISTS (SELECT 1 FROM client_secrets s WHERE s.client_id = c.client_id) \
     UNION ALL SELECT 'a change that moved no counter' FROM changes WHERE epoch < (SELECT count(*) FROM clients)";

/// While nobody has it open. Of `SQLite` a copy is looked at: the next server is to find what the kill left.
pub(super) async fn is_sound(database: &Database) {
    is_whole(database);
    match sqlite(database) {
        Some(path) => assert_eq!(faults_in_copy(path, HALVES), [""; 0]),
        None => assert_eq!(rows(database, HALVES).await, [""; 0]),
    }
}

/// Every page of a `SQLite` file, every index and every reference is as it should be. `PostgreSQL` sees to that itself.
pub(super) fn is_whole(database: &Database) {
    if let Some(path) = sqlite(database) {
        assert_eq!(faults_in_copy(path, INTEGRITY), [""; 0]);
    }
}

/// Every index agrees with its table, where the server comes with the means to tell.
pub(super) async fn indexes_are_sound(database: &Database) {
    if sqlite(database).is_some() {
        return; // part of every look
    }
    let there = rows(database, "SELECT name::text FROM pg_available_extensions WHERE name = 'amcheck'").await;
    if there.is_empty() {
        println!("this PostgreSQL comes without amcheck: its indexes were not looked at");
        return;
    }
    crate::support::sql(database, "CREATE EXTENSION IF NOT EXISTS amcheck").await;
    let checked = "SELECT c.relname::text || bt_index_parent_check(c.oid, true)::text FROM pg_class c \
                   JOIN pg_am a ON a.oid = c.relam JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE a.amname = 'btree' AND n.nspname = 'public' AND c.relkind = 'i'";
    assert!(!rows(database, checked).await.is_empty());
}

const INTEGRITY: &str = "SELECT integrity_check AS fault FROM pragma_integrity_check WHERE integrity_check <> 'ok' \
     UNION ALL SELECT 'a row of ' || \"table\" || ' refers to nothing' FROM pragma_foreign_key_check";

fn sqlite(database: &Database) -> Option<&Path> {
    database.url.strip_prefix("sqlite:").map(Path::new)
}

fn faults_in_copy(path: &Path, query: &str) -> Vec<String> {
    use diesel::{Connection, QueryableByName, RunQueryDsl, SqliteConnection, sql_types::Text};
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = Text)]
        fault: String,
    }
    let copies = tempfile::tempdir().unwrap();
    for end in ["", "-wal"] {
        let mut from = path.as_os_str().to_owned();
        from.push(end);
        if Path::new(&from).exists() {
            std::fs::copy(&from, copies.path().join(format!("copy.db{end}"))).unwrap();
        }
    }
    let mut conn = SqliteConnection::establish(copies.path().join("copy.db").to_str().unwrap()).unwrap();
    let found: Vec<Found> = diesel::sql_query(query).load(&mut conn).unwrap();
    found.into_iter().map(|found| found.fault).collect()
}

async fn rows(database: &Database, query: &str) -> Vec<String> {
    let (client, connection) = tokio_postgres::connect(&database.url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.query(query, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
