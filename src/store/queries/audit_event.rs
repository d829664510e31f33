//! The audit log.

use diesel::{dsl::sql, prelude::*, sql_types::Bool};

use super::{Conn, RunQueryDsl};
use crate::{
    clock::Ts,
    store::{models::AuditEvent, schema::audit_events},
};

/// As in the index that has only these: a condition with values in it would not be known for the same.
const THEFT: &str = "outcome = 'refused' AND event IN ('token.reused', 'code.replayed')";
/// Of one person, at most: each is another grant of theirs, and nobody reads more.
const THEFTS: i64 = 100;

pub(in crate::store) async fn record_event(conn: &mut Conn, event: AuditEvent) -> QueryResult<()> {
    diesel::insert_into(audit_events::table).values(&event).execute(conn).await.map(drop)
}

/// The latest ones, the newest first.
pub(in crate::store) async fn list_events(conn: &mut Conn, limit: i64) -> QueryResult<Vec<AuditEvent>> {
    audit_events::table.order(audit_events::id.desc()).limit(limit).select(AuditEvent::as_select()).load(conn).await
}

/// A person's, the latest first.
pub(in crate::store) async fn list_thefts(conn: &mut Conn, user: i64, since: Ts) -> QueryResult<Vec<AuditEvent>> {
    let own = audit_events::table.filter(sql::<Bool>(THEFT)).filter(audit_events::user_id.eq(user));
    let recent = own.filter(audit_events::at.ge(since)).order(audit_events::at.desc()).limit(THEFTS);
    recent.select(AuditEvent::as_select()).load(conn).await
}
