//! How the database fares, learnt from what became of the operations themselves: what `/health/ready` tells.

use std::sync::atomic::{AtomicBool, Ordering};

use diesel::result::{DatabaseErrorKind, Error};

use crate::patience::Patience;

/// Shared by everything that works on one database.
#[derive(Debug)]
pub(super) struct Condition {
    /// With those who wait for `SQLite`'s writer.
    pub(super) patience: Patience,
    unwritable: AtomicBool,
    stuck: AtomicBool,
    damaged: AtomicBool,
    behind: AtomicBool,
    skewed: AtomicBool,
}

impl Default for Condition {
    fn default() -> Self {
        Self {
            patience: Patience::new("the database"),
            unwritable: AtomicBool::default(),
            stuck: AtomicBool::default(),
            damaged: AtomicBool::default(),
            behind: AtomicBool::default(),
            skewed: AtomicBool::default(),
        }
    }
}

impl Condition {
    /// Neither has the last change failed, nor was damage ever met.
    pub(super) fn is_good(&self) -> bool {
        !self.is_unwritable() && !self.damaged.load(Ordering::Relaxed)
    }

    /// The last change failed, through no fault of its own.
    pub(super) fn is_unwritable(&self) -> bool {
        self.unwritable.load(Ordering::Relaxed)
    }

    /// Do changes come to no end? Then none is to be begun but the one that is tried: what such a one holds of the database
    /// stays held, and would be missing to those who look.
    pub(super) fn is_stuck(&self) -> bool {
        self.stuck.load(Ordering::Relaxed)
    }

    /// A change was written that was really one: some have nothing to do, and succeed on a full disk.
    pub(super) fn wrote(&self) {
        self.unwritable.store(false, Ordering::Relaxed);
        self.stuck.store(false, Ordering::Relaxed);
    }

    /// A change failed.
    pub(super) fn did_not_write(&self, error: &Error) {
        self.met(error);
        if is_the_databases(error) {
            self.unwritable.store(true, Ordering::Relaxed);
        }
    }

    /// Does much wait in `SQLite`'s log, because somebody who reads for long keeps it there?
    pub(super) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Relaxed)
    }

    /// Whether it does.
    pub(super) fn set_behind(&self, behind: bool) {
        self.behind.store(behind, Ordering::Relaxed);
    }

    /// Is this machine's clock another than the database's?
    pub(super) fn is_skewed(&self) -> bool {
        self.skewed.load(Ordering::Relaxed)
    }

    /// Whether it is; and whether it was.
    pub(super) fn set_skewed(&self, skewed: bool) -> bool {
        self.skewed.swap(skewed, Ordering::Relaxed)
    }

    /// A change came to no end in its time, and not because it waited for another: whether any does has to be tried.
    pub(super) fn waited_in_vain(&self) {
        self.unwritable.store(true, Ordering::Relaxed);
        self.stuck.store(true, Ordering::Relaxed);
    }

    /// Something failed. Damage does not go by itself: it is told until a restart.
    pub(super) fn met(&self, error: &Error) {
        if is_damage(error) {
            self.damaged.store(true, Ordering::Relaxed);
        }
    }
}

/// Does this tell of the database, rather than of the rows that were to be written?
pub(super) const fn is_the_databases(error: &Error) -> bool {
    match error {
        Error::DatabaseError(kind, _) => matches!(
            kind,
            DatabaseErrorKind::Unknown
                | DatabaseErrorKind::UnableToSendCommand
                | DatabaseErrorKind::ClosedConnection
                | DatabaseErrorKind::SerializationFailure
                | DatabaseErrorKind::ReadOnlyTransaction
        ),
        Error::BrokenTransactionManager => true,
        _ => false,
    }
}

/// `SQLITE_CORRUPT`, and its like: Diesel passes their words on, not their numbers.
pub(super) fn is_damage(error: &Error) -> bool {
    says(error, &["database disk image is malformed", "malformed database schema"]) || is_no_database(error)
}

/// `SQLITE_NOTADB`: the file is none of `SQLite`'s, or its first page is gone.
pub(super) fn is_no_database(error: &Error) -> bool {
    says(error, &["file is not a database"])
}

/// `SQLITE_BUSY`: another process has the lock.
pub(super) fn is_locked(error: &Error) -> bool {
    says(error, &["database is locked"])
}

fn says(error: &Error, words: &[&str]) -> bool {
    matches!(error, Error::DatabaseError(DatabaseErrorKind::Unknown, told)
        if words.iter().any(|words| told.message().starts_with(words)))
}
