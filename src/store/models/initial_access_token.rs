//! Rows of `initial_access_tokens`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::initial_access_tokens,
};

/// What an app registers itself with, where not everybody may (RFC 7591 §1.2).
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = initial_access_tokens, primary_key(id))]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct InitialAccessToken {
    pub id: Id,
    pub digest: Digest<kind::InitialAccessToken>,
    pub note: String,
    pub uses_left: i64,
    pub created_at: Ts,
    pub expires_at: Ts,
}
