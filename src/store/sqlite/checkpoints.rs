//! The thread that brings the log (`-wal`) into the file, so that nobody's commit has to wait while it does.

use std::{thread, time::Duration};

use crossbeam_channel::Receiver;
use diesel::{QueryResult, QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Integer};

use super::Conn;

/// Pages that wait in the log before it is worth two syncs. Not many, since everybody's commit shares the disk and the
/// processors with them: five hundred at once were most of what anybody waited for beside a sweep.
const PAGES: i32 = 100;
/// How often it is looked at while somebody writes.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Pages in the log at which the writer finishes what is left, so that it begins at its start again: with many writers
/// something has always been added since the look.
pub(super) const WRITERS_PAGES: u32 = 4000;

/// Whoever writes says so through the channel.
pub(super) struct Checkpoints {
    pub(super) conn: Conn,
    pub(super) written: Receiver<()>,
}

impl Checkpoints {
    /// Until nobody is left who writes.
    pub(super) fn work(mut self) {
        while self.written.recv().is_ok() {
            if let Err(error) = self.look() {
                tracing::debug!(%error, "the log was left to the writer");
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn look(&mut self) -> QueryResult<()> {
        #[derive(QueryableByName)]
        struct Log {
            #[diesel(sql_type = Integer)]
            log: i32,
            #[diesel(sql_type = Integer)]
            checkpointed: i32,
        }
        let Log { log, checkpointed } = sql_query("PRAGMA wal_checkpoint(NOOP)").get_result(&mut self.conn)?;
        if log.saturating_sub(checkpointed) >= PAGES {
            self.conn.batch_execute("PRAGMA wal_checkpoint(PASSIVE)")?;
        }
        Ok(())
    }
}
