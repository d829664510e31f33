//! Rows of `signing_keys`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::signing_keys};

/// A signing key, its private half sealed.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = signing_keys, primary_key(kid), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct SigningKeyRow {
    pub kid: String,
    pub algorithm: String,
    pub public: String,
    pub sealed: Option<Vec<u8>>,
    pub created_at: Ts,
    pub signs_from: Ts,
    pub retired_at: Option<Ts>,
    pub gone_at: Option<Ts>,
    pub compromised: bool,
}
