//! Rows of `scopes`.

use diesel::prelude::*;

use crate::store::schema::scopes;

/// What can be asked for.
#[derive(Debug, Clone, PartialEq, Eq, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = scopes, primary_key(name), treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct ScopeRow {
    pub name: String,
    pub description: String,
    pub group: String,
    pub implies: String,
    pub danger: bool,
    pub published: bool,
    pub resource: Option<String>,
    pub ordinal: i64,
    pub claims: String,
}
