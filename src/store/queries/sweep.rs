//! Removing what has ended, a few rows at a time: nothing grows without a ceiling, and nobody waits for it.

use diesel::{prelude::*, sql_types::BigInt};

use super::{Conn, RunQueryDsl};
use crate::{
    clock::Ts,
    secret::Id,
    store::schema::{audit_events, grants},
};

/// Table, key column, and the column that says when a row has ended.
const ENDINGS: &[(&str, &str, &str)] = &[
    ("sessions", "id", "ends_at"),
    ("grants", "id", "ends_at"),
    ("access_tokens", "digest", "expires_at"),
    ("revoked_tokens", "id", "expires_at"),
    ("logout_notices", "id", "ends_at"),
    ("links", "digest", "expires_at"),
    ("device_grants", "id", "ends_at"),
    ("client_secrets", "id", "expires_at"),
    ("used_jtis", "digest", "expires_at"),
    ("initial_access_tokens", "id", "expires_at"),
];

/// The latest id of an event or a grant: ids are ordered by time.
pub(in crate::store) async fn find_latest(conn: &mut Conn) -> QueryResult<Option<Id>> {
    let event = audit_events::table.order(audit_events::id.desc()).select(audit_events::id);
    let grant = grants::table.order(grants::id.desc()).select(grants::id);
    let (event, grant) = (event.first::<Id>(conn).await.optional()?, grant.first::<Id>(conn).await.optional()?);
    Ok(event.max(grant))
}

/// What [`sweep_ended`] would remove of each table, were it asked until nothing is left.
pub(in crate::store) async fn count_ended(conn: &mut Conn, now: Ts) -> QueryResult<Vec<(String, i64)>> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let mut counts = Vec::new();
    for (table, end) in ENDINGS.iter().map(|(table, _, end)| (*table, *end)).chain([("consents", "ends_at")]) {
        let sql = format!("SELECT count(*) AS rows FROM {table} WHERE {end} <= $1");
        let counted: Counted = diesel::sql_query(sql).bind::<BigInt, _>(now.micros()).get_result(conn).await?;
        counts.push((table.to_owned(), counted.rows));
    }
    Ok(counts)
}

/// At most `limit` rows of each table that ended before `now`. Says how many went.
pub(in crate::store) async fn sweep_ended(conn: &mut Conn, now: Ts, limit: i64) -> QueryResult<usize> {
    let mut gone = 0;
    for (table, key, end) in ENDINGS {
        // a self-join that Diesel's query builder cannot delete through
        let sql = format!("DELETE FROM {table} WHERE {key} IN (SELECT {key} FROM {table} WHERE {end} <= $1 LIMIT $2)");
        gone += delete(conn, &sql, now, limit).await?;
    }
    let consents = "DELETE FROM consents WHERE (user_id, client_id) IN \
                    (SELECT user_id, client_id FROM consents WHERE ends_at <= $1 LIMIT $2)";
    gone += delete(conn, consents, now, limit).await?;
    Ok(gone)
}

/// Counters that were left alone since `before`, audit events older than `audit_before`, and keys that were gone by then.
pub(in crate::store) async fn sweep_old(
    conn: &mut Conn,
    before: Ts,
    audit_before: Ts,
    limit: i64,
) -> QueryResult<usize> {
    let failures =
        "DELETE FROM login_failures WHERE id IN (SELECT id FROM login_failures WHERE last_at <= $1 LIMIT $2)";
    let events = "DELETE FROM audit_events WHERE id IN (SELECT id FROM audit_events WHERE at <= $1 LIMIT $2)";
    let mut gone = delete(conn, failures, before, limit).await? + delete(conn, events, audit_before, limit).await?;
    for table in ["signing_keys", "encryption_keys"] {
        let keys = format!("DELETE FROM {table} WHERE kid IN (SELECT kid FROM {table} WHERE gone_at <= $1 LIMIT $2)");
        gone += delete(conn, &keys, audit_before, limit).await?;
    }
    Ok(gone)
}

async fn delete(conn: &mut Conn, sql: &str, before: Ts, limit: i64) -> QueryResult<usize> {
    diesel::sql_query(sql).bind::<BigInt, _>(before.micros()).bind::<BigInt, _>(limit).execute(conn).await
}
