//! Rows of `logout_notices`.

use diesel::prelude::*;

use crate::{clock::Ts, secret::Id, store::schema::logout_notices};

/// An app that has still to be told of a session's end, or was told in vain.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = logout_notices, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct LogoutNotice {
    pub id: Id,
    pub client_id: String,
    pub sub: String,
    pub sid: String,
    pub tries: i64,
    pub next_try_at: Ts,
    pub reason: Option<String>,
    pub failed_at: Option<Ts>,
    pub created_at: Ts,
    pub ends_at: Ts,
}
