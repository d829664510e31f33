//! Rows of `resources`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::resources};

/// An API that tokens are for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = resources, primary_key(identifier), treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct ResourceRow {
    pub identifier: String,
    pub name: String,
    pub format: Option<String>,
    pub algorithm: Option<String>,
    pub access_ttl: Option<i64>,
    pub created_at: Ts,
}
