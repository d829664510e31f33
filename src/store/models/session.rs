//! Rows of `sessions`.

use diesel::prelude::*;

use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::schema::sessions,
};

/// A signed-in browser.
#[derive(Debug, Clone, Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = sessions, primary_key(id), treat_none_as_null = true, treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct Session {
    pub id: Id,
    pub digest: Digest<kind::Session>,
    pub user_id: i64,
    pub auth_time: Ts,
    pub amr: String,
    pub remembered: bool,
    pub created_at: Ts,
    pub last_seen_at: Ts,
    pub ends_at: Ts,
    pub user_agent: String,
    pub address: String,
    pub account: Option<Digest<kind::Account>>,
    pub selected_at: Ts,
}

impl Session {
    /// When its person last said that it is this account they want: by choosing it, or by signing in.
    #[must_use]
    pub fn chosen_at(&self) -> Ts {
        self.selected_at.max(self.auth_time)
    }
}
