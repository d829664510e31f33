//! Rows of `client_secrets`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::client_secrets,
};

/// A client's hashed secret: a digest for a generated one, Argon2id for a chosen one; and, for a client that needs it, its
/// text, sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = client_secrets, primary_key(id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct ClientSecretRow {
    pub id: Id,
    pub client_id: String,
    pub digest: Option<Digest<kind::ClientSecret>>,
    pub hash: Option<String>,
    pub created_at: Ts,
    pub expires_at: Option<Ts>,
    pub sealed: Option<Vec<u8>>,
}
