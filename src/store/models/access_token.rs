//! Rows of `access_tokens`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::access_tokens,
};

/// An opaque access token.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = access_tokens, primary_key(digest), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct AccessTokenRow {
    pub digest: Digest<kind::AccessToken>,
    pub id: Id,
    pub grant_id: Option<Id>,
    pub client_id: String,
    pub subject: String,
    pub audience: String,
    pub scope: String,
    pub issued_at: Ts,
    pub expires_at: Ts,
    pub last_used_at: Option<Ts>,
}
