//! What ends by itself, and when: everything that the sweep removes.

use diesel::{
    QueryResult, RunQueryDsl,
    backend::Backend,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    serialize::ToSql,
    sql_types::{BigInt, HasSqlType, Untyped},
};

use crate::protocol::throttle::MEMORY_SECONDS;

/// How long the audit log is kept, and what is known of keys that are gone, in seconds: 400 days.
const AUDIT_SECONDS: i64 = 400 * 24 * 3600;
/// Rows of one step. A grant's eight, with all that hangs on them, are half a hundred pages of a `SQLite` file, and whoever
/// commits next waits for those.
const ROWS: usize = 8;
/// The same of rows that nothing hangs on: as many pages or fewer.
const ROWS_ALONE: usize = 32;

/// Rows of one table that end.
#[derive(Debug, Clone, Copy)]
pub struct Ending {
    /// Its name.
    pub table: &'static str,
    /// The columns of its key.
    key: &'static str,
    /// The column that says when a row has ended.
    at: &'static str,
    /// How long one is kept after that, in seconds.
    pub(super) kept_seconds: i64,
    /// Of one step.
    pub(super) rows: usize,
    fate: Fate,
}

/// What becomes of a row that has ended.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Removed,
    /// What its refresh token's successor was made with is forgotten.
    Unsalted,
}

impl Ending {
    /// Everything that is removed, table by table.
    pub const ALL: [Self; 15] = [
        Self::of("sessions", "id", "ends_at"),
        Self::of("grants", "id", "ends_at"),
        Self::of("access_tokens", "digest", "expires_at").alone(),
        Self::of("revoked_tokens", "id", "expires_at").alone(),
        Self::of("logout_notices", "id", "ends_at"),
        Self::of("links", "digest", "expires_at").alone(),
        Self::of("device_grants", "id", "ends_at"),
        Self::of("client_secrets", "id", "expires_at"),
        Self::of("used_jtis", "digest", "expires_at").alone(),
        Self::of("initial_access_tokens", "id", "expires_at"),
        Self::of("consents", "user_id, client_id", "ends_at"),
        Self::of("login_failures", "id", "last_at").kept(MEMORY_SECONDS).alone(),
        Self::of("audit_events", "id", "at").kept(AUDIT_SECONDS).alone(),
        Self::of("signing_keys", "kid", "gone_at").kept(AUDIT_SECONDS),
        Self::of("encryption_keys", "kid", "gone_at").kept(AUDIT_SECONDS),
    ];
    /// Refresh chains whose window is over: nothing reproduces a successor from then on (PROTOCOL R-a1).
    pub const WINDOWS: Self =
        Self { fate: Fate::Unsalted, ..Self::of("refresh_chains", "grant_id", "retry_until").alone() };

    const fn of(table: &'static str, key: &'static str, at: &'static str) -> Self {
        Self { table, key, at, kept_seconds: 0, rows: ROWS, fate: Fate::Removed }
    }

    const fn kept(self, seconds: i64) -> Self {
        Self { kept_seconds: seconds, ..self }
    }

    const fn alone(self) -> Self {
        Self { rows: ROWS_ALONE, ..self }
    }

    /// How many ended by `$1`.
    pub(super) fn count(&self) -> String {
        let Self { table, at, .. } = self;
        format!("SELECT count(*) AS rows FROM {table} WHERE {at} <= $1")
    }

    /// Takes the first few that ended from the one instant to the other, and says when each did.
    pub(super) const fn step(self, from: i64, until: i64) -> Step {
        Step { ending: self, from, until }
    }
}

/// A statement that each connection prepares once for each table: found again by its text.
pub(super) struct Step {
    ending: Ending,
    from: i64,
    until: i64,
}

impl Query for Step {
    type SqlType = Untyped;
}

impl QueryId for Step {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<DB: Backend> QueryFragment<DB> for Step
where
    DB: HasSqlType<BigInt>,
    i64: ToSql<BigInt, DB>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, DB>) -> QueryResult<()> {
        let Ending { table, key, at, rows, fate, .. } = self.ending;
        let (act, which) = match fate {
            Fate::Removed => (format!("DELETE FROM {table}"), ""),
            Fate::Unsalted => (format!("UPDATE {table} SET salt = NULL"), "salt IS NOT NULL AND "),
        };
        out.push_sql(&format!("{act} WHERE ({key}) IN (SELECT {key} FROM {table} WHERE {which}{at} >= "));
        out.push_bind_param::<BigInt, _>(&self.from)?;
        out.push_sql(&format!(" AND {at} <= "));
        out.push_bind_param::<BigInt, _>(&self.until)?;
        // one that lives on since it was looked at is left alone; the sign keeps both databases to the key's index
        out.push_sql(&format!(" ORDER BY {at} LIMIT {rows}) AND +{at} <= "));
        out.push_bind_param::<BigInt, _>(&self.until)?;
        out.push_sql(&format!(" RETURNING {at} AS ended"));
        Ok(())
    }
}

impl<Conn> RunQueryDsl<Conn> for Step {}
