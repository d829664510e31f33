//! Rows of `links`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, kind},
    store::schema::links,
};

/// A one-time link.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = links, primary_key(digest), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct LinkRow {
    pub digest: Digest<kind::Link>,
    pub kind: String,
    pub user_id: Option<i64>,
    pub created_at: Ts,
    pub expires_at: Ts,
}

impl LinkRow {
    /// The `kind` of one with which the first administrator is made.
    pub const FIRST_ADMIN: &str = "first_admin";
    /// That of one with which somebody chooses a password.
    pub const CHOOSE_PASSWORD: &str = "choose_password";
}
