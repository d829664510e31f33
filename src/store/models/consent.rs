//! Rows of `consents`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::consents};

/// What a person agreed to and we remember.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = consents, primary_key(user_id, client_id), treat_none_as_null = true)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct Consent {
    pub user_id: i64,
    pub client_id: String,
    pub scope: String,
    pub resources: String,
    pub redirect_host: String,
    pub by_password: bool,
    pub created_at: Ts,
    pub updated_at: Ts,
    pub ends_at: Ts,
}
