//! Rows of `instance`.

use diesel::prelude::*;

use crate::{clock::Ts, store::schema::instance};

/// This installation.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = instance, primary_key(one), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct Instance {
    pub one: i64,
    pub created_at: Ts,
    pub key_check: Vec<u8>,
    pub admin_made_at: Option<Ts>,
    pub tokens_invalid_before: Ts,
    pub grants_invalid_before: Ts,
    pub pairwise_key: Option<Vec<u8>>,
}
