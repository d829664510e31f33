//! Rows of `grants`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::grants,
};

/// One act of authorization; the root of everything issued from it. Append-only but for
/// `code_used_at`, `revoked_at`, and `ends_at` where a token of it lives as long as it is used.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = grants, primary_key(id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct Grant {
    pub id: Id,
    pub kind: String,
    pub interaction: Option<Id>,
    pub client_id: String,
    pub user_id: i64,
    pub session_id: Option<Id>,
    pub scope: String,
    pub resources: String,
    pub redirect_uri: Option<String>,
    pub redirect_uri_sent: bool,
    pub challenge: Option<String>,
    pub nonce: Option<String>,
    pub auth_time: Ts,
    pub amr: String,
    pub code_digest: Option<Digest<kind::AuthorizationCode>>,
    pub code_expires_at: Option<Ts>,
    pub code_used_at: Option<Ts>,
    pub revoked_at: Option<Ts>,
    pub created_at: Ts,
    pub ends_at: Ts,
    pub dialect: Option<String>,
    pub claims: Option<String>,
    pub audience: Option<String>,
}

impl Grant {
    /// The `kind` of a no.
    pub const DENIED: &str = "denied";
    /// That of a `response_type=none`: the person agreed, and nothing comes of it.
    pub const NONE: &str = "none";
}
