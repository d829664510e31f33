//! Rows of `login_failures`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::login_failures};

/// Failed tries under one key.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = login_failures, primary_key(id))]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct LoginFailures {
    pub id: Vec<u8>,
    pub count: i64,
    pub last_at: Ts,
}
