//! Rows of `clients`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::clients};

/// An app that may ask.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = clients, primary_key(client_id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct ClientRow {
    pub client_id: String,
    pub name: String,
    pub created_at: Ts,
    pub tokens_invalid_before: Ts,
    pub implicit: bool,
    pub metadata: String,
    pub dialect: Option<String>,
    pub response_types: Option<String>,
    pub registered: Option<String>,
}
