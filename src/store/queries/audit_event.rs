//! The audit log.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl};
use crate::store::{models::AuditEvent, schema::audit_events};

pub(in crate::store) async fn record_event(conn: &mut Conn, event: AuditEvent) -> QueryResult<()> {
    diesel::insert_into(audit_events::table).values(&event).execute(conn).await.map(drop)
}

/// The latest ones, the newest first.
pub(in crate::store) async fn list_events(conn: &mut Conn, limit: i64) -> QueryResult<Vec<AuditEvent>> {
    audit_events::table.order(audit_events::id.desc()).limit(limit).select(AuditEvent::as_select()).load(conn).await
}
