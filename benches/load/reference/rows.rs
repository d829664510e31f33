//! One durable row for each request, with group commit: a writer thread, one `COMMIT` for whatever waits.

use std::{path::Path, thread};

use anyhow::{Context, Result};
use crossbeam_channel::{Receiver, Sender, bounded};
use diesel::{
    Connection, QueryResult, RunQueryDsl, SqliteConnection, connection::SimpleConnection, prelude::Insertable,
};
use tokio::sync::oneshot;

diesel::table! {
    tokens (digest) {
        digest -> Binary,
        client_id -> Text,
        scope -> Text,
        issued_at -> BigInt,
        expires_at -> BigInt,
    }
}

const SETUP: &str = "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
    CREATE TABLE tokens (digest BLOB PRIMARY KEY NOT NULL, client_id TEXT NOT NULL, scope TEXT NOT NULL, \
    issued_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) STRICT;";
const QUEUE: usize = 4096;
const GROUP: usize = 256;

/// The writer's queue.
pub(super) struct Writer(Sender<Job>);

struct Job {
    row: Row,
    done: oneshot::Sender<()>,
}

#[derive(Insertable)]
#[diesel(table_name = tokens)]
struct Row {
    digest: Vec<u8>,
    client_id: String,
    scope: String,
    issued_at: i64,
    expires_at: i64,
}

impl Writer {
    /// Makes the file and starts the thread.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut connection = SqliteConnection::establish(path.to_str().context("a folder without a name")?)?;
        connection.batch_execute(SETUP)?;
        let (jobs, queue) = bounded(QUEUE);
        thread::Builder::new().name("rows".into()).spawn(move || write_groups(&mut connection, &queue))?;
        Ok(Self(jobs))
    }

    /// Returns once the row is on the disk.
    pub(super) async fn write(&self, digest: [u8; 32], client_id: &str, scope: &str) -> Result<()> {
        let (done, is_done) = oneshot::channel();
        let row = Row {
            digest: digest.to_vec(),
            client_id: client_id.to_owned(),
            scope: scope.to_owned(),
            issued_at: 1_795_251_600,
            expires_at: 1_795_252_500,
        };
        self.0.try_send(Job { row, done })?;
        Ok(is_done.await?)
    }
}

fn write_groups(connection: &mut SqliteConnection, queue: &Receiver<Job>) {
    while let Ok(first) = queue.recv() {
        let Ok(written) = write_group(connection, queue, first) else { return };
        for done in written {
            // whoever asked may have gone
            let _gone = done.send(());
        }
    }
}

fn write_group(
    connection: &mut SqliteConnection,
    queue: &Receiver<Job>,
    first: Job,
) -> QueryResult<Vec<oneshot::Sender<()>>> {
    let (mut next, mut written) = (Some(first), Vec::new());
    connection.batch_execute("BEGIN IMMEDIATE")?;
    while let Some(Job { row, done }) = next {
        diesel::insert_into(tokens::table).values(&row).execute(connection)?;
        written.push(done);
        next = if written.len() < GROUP { queue.try_recv().ok() } else { None };
    }
    connection.batch_execute("COMMIT")?;
    Ok(written)
}
