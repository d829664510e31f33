//! The thread that brings the log (`-wal`) into the file, so that nobody's commit has to wait while it does.

use std::{
    fs::File,
    mem::ManuallyDrop,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use crossbeam_channel::{Receiver, RecvTimeoutError};
use diesel::{QueryableByName, RunQueryDsl, connection::SimpleConnection, sql_query, sql_types::Integer};

use super::{Condition, Conn, Result, unreadable};

/// Pages that wait in the log before it is worth two syncs. Not many, since everybody's commit shares the disk and the
/// processors with them: five hundred at once were most of what anybody waited for beside a sweep.
const PAGES: i32 = 100;
const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";
/// How often it is looked at while somebody writes.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// The same while something is held up and nobody writes.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// Pages in the log at which the writer finishes what is left, so that it begins at its start again: with many writers
/// something has always been added since the look.
pub(super) const WRITERS_PAGES: u32 = 4000;

/// So many wait only where somebody reads for long: a copy is being made.
const HELD_UP_PAGES: i32 = 8000;

/// How often what is brought into the file is put on the disk, where it is much.
const SYNC_EVERY: Duration = Duration::from_millis(5);

/// Whoever writes says so through the channel.
pub(super) struct Checkpoints {
    pub(super) conn: Conn,
    pub(super) path: PathBuf,
    /// The file itself, once it was needed.
    pub(super) file: Option<ManuallyDrop<File>>,
    pub(super) written: Receiver<()>,
    pub(super) condition: Arc<Condition>,
}

impl Checkpoints {
    /// Until nobody is left who writes.
    pub(super) fn work(mut self) {
        while self.is_to_look() {
            if let Err(error) = self.look() {
                tracing::debug!(%error, "the log was left to the writer");
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// After each change; while much is held up also by itself, because it shows nowhere else that it is not any more.
    /// `false`: nobody is left.
    fn is_to_look(&self) -> bool {
        if self.condition.is_behind() {
            return self.written.recv_timeout(LOOK_AGAIN) != Err(RecvTimeoutError::Disconnected);
        }
        self.written.recv().is_ok()
    }

    fn look(&mut self) -> Result<()> {
        #[derive(QueryableByName)]
        struct Log {
            #[diesel(sql_type = Integer)]
            log: i32,
            #[diesel(sql_type = Integer)]
            checkpointed: i32,
        }
        let Log { log, checkpointed } = sql_query("PRAGMA wal_checkpoint(NOOP)").get_result(&mut self.conn)?;
        let waiting = log.saturating_sub(checkpointed);
        self.condition.set_behind(waiting >= HELD_UP_PAGES);
        if waiting >= HELD_UP_PAGES {
            let file = match self.file.take() {
                Some(file) => file,
                None => never_closed(&self.path)?,
            };
            catch_up(&mut self.conn, self.file.insert(file))?;
        } else if waiting >= PAGES {
            self.conn.batch_execute(CHECKPOINT)?;
        }
        Ok(())
    }
}

/// Brings what is in the log into the file, and on to the disk as it comes: a gigabyte at once, which is what a checkpoint
/// leaves to its one sync at the end, is seconds in which nobody else's commit gets there.
pub(super) fn catch_up(conn: &mut Conn, file: &File) -> Result<()> {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let sync = || {
            while !is_done.load(Ordering::Relaxed) {
                // should it fail, so does the checkpoint's own, which is the one that counts
                _ = file.sync_data();
                thread::sleep(SYNC_EVERY);
            }
        };
        // where there is no thread to be had it is as slow as it was
        _ = thread::Builder::new().name("sqlite-sync".to_owned()).spawn_scoped(scope, sync);
        let caught_up = conn.batch_execute(CHECKPOINT);
        is_done.store(true, Ordering::Relaxed);
        Ok(caught_up?)
    })
}

/// Opens a database's file beside its connections. With any of its descriptors a process gives up all the locks that it
/// has on a file, those of `SQLite` too.
pub(super) fn never_closed(path: &Path) -> Result<ManuallyDrop<File>> {
    File::open(path).map(ManuallyDrop::new).map_err(unreadable)
}
