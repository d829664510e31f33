//! Rows of `encryption_keys`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::encryption_keys};

/// A key that others encrypt with for us, its private half sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = encryption_keys, primary_key(kid), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct EncryptionKeyRow {
    pub kid: String,
    pub family: String,
    pub public: String,
    pub sealed: Option<Vec<u8>>,
    pub created_at: Ts,
    pub retired_at: Option<Ts>,
    pub gone_at: Option<Ts>,
    pub compromised: bool,
}
