//! What may be answered a little late by a standby, and only with a yes (PROTOCOL R-q5).

use std::{sync::Arc, time::Duration};

use super::{Database, Result, Store, postgres};

/// How a standby stands to its database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReplicaState {
    /// It is one, and so many bytes of the log have still to be applied.
    Following {
        /// Bytes.
        behind: u64,
    },
    /// It is none of this database, for this reason.
    Unfit(String),
    /// It cannot be asked now.
    Away(String),
}

/// A standby, and the store as it looks where that answers what is of the kind `late`.
pub(super) struct Late {
    replica: postgres::Replica,
    view: Store,
}

impl Late {
    /// Nobody gets a connection any more.
    pub(super) fn close(&self) {
        self.replica.standby.close();
    }
}

impl Store {
    /// How the standby at `replica` stands to the `PostgreSQL` database at `primary`.
    ///
    /// # Errors
    /// [`super::Error`] when the database itself is away.
    pub async fn replica_state(primary: &str, replica: &str) -> Result<ReplicaState> {
        postgres::replica_state(primary, replica).await
    }

    /// With a standby that answers what may be late by `lag`. It need not be there yet.
    ///
    /// # Errors
    /// [`super::Error`] when the URL cannot be used.
    pub fn with_replica(self, url: &str, lag: Duration) -> Result<Self> {
        let replica = postgres::Replica::new(url, lag)?;
        let nearest = Database::Postgres(replica.standby.clone());
        let view = Self { nearest, ..self.clone() };
        Ok(Self { late: Some(Arc::new(Late { replica, view })), ..self })
    }

    /// Looks where the standby answers what is of the kind `late`, and the database all else. `None`: the database has
    /// to be asked, because there is no standby, it is too late, or `look` came to an error, which a refusal is as well.
    pub async fn late<T, E>(&self, look: impl AsyncFnOnce(&Self) -> std::result::Result<T, E>) -> Option<T> {
        let late = self.late.as_ref()?;
        late.replica.answer(look(&late.view)).await
    }

    /// Does the standby answer now? `None`: there is none.
    #[must_use]
    pub fn asks_replica(&self) -> Option<bool> {
        self.late.as_ref().map(|late| late.replica.is_current())
    }

    /// How often [`Self::look_after_replica`] has to be called; `None`: there is none.
    #[must_use]
    pub fn replica_pause(&self) -> Option<Duration> {
        self.late.as_ref().map(|late| late.replica.pause())
    }

    /// Finds out how late the standby is.
    pub async fn look_after_replica(&self) {
        if let (Some(late), Database::Postgres(primary)) = (&self.late, &self.database) {
            late.replica.look_after(primary).await;
        }
    }
}
