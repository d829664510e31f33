//! Rows of `audit_events`.

use diesel::prelude::*;

use crate::{clock::Ts, secret::Id, store::schema::audit_events};

/// What people and administrators did, and what went wrong.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = audit_events, primary_key(id), treat_none_as_default_value = false)]
#[expect(missing_docs, reason = "the columns are explained in docs/architecture.md")]
pub struct AuditEvent {
    pub id: Id,
    pub at: Ts,
    pub event: String,
    pub outcome: String,
    pub reason: Option<String>,
    pub actor: String,
    pub client_id: Option<String>,
    pub user_id: Option<i64>,
    pub grant_id: Option<Id>,
    pub address: Option<String>,
    pub user_agent: Option<String>,
    pub request_id: Option<String>,
}
