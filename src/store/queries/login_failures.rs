//! Failed tries, counted across all instances.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl};
use crate::{
    clock::Ts,
    protocol::throttle::MEMORY_SECONDS,
    store::{models::LoginFailures, schema::login_failures},
};

pub(in crate::store) async fn find_failures(conn: &mut Conn, key: Vec<u8>) -> QueryResult<Option<LoginFailures>> {
    login_failures::table.find(key).select(LoginFailures::as_select()).get_result(conn).await.optional()
}

/// One more, atomically; a count that was left alone for a day begins anew.
pub(in crate::store) async fn record_failure(conn: &mut Conn, key: Vec<u8>, now: Ts) -> QueryResult<()> {
    let stale =
        login_failures::table.find(key.clone()).filter(login_failures::last_at.le(now.plus_seconds(-MEMORY_SECONDS)));
    diesel::delete(stale).execute(conn).await?;
    diesel::insert_into(login_failures::table)
        .values(LoginFailures { id: key, count: 1, last_at: now })
        .on_conflict(login_failures::id)
        .do_update()
        .set((login_failures::count.eq(login_failures::count + 1), login_failures::last_at.eq(now)))
        .execute(conn)
        .await
        .map(drop)
}

/// One more, counted beforehand. `false`: somebody else was faster.
pub(in crate::store) async fn claim_try(conn: &mut Conn, seen: LoginFailures, now: Ts) -> QueryResult<bool> {
    let unchanged = login_failures::table
        .find(seen.id)
        .filter(login_failures::count.eq(seen.count))
        .filter(login_failures::last_at.eq(seen.last_at));
    let one_more = (login_failures::count.eq(seen.count.saturating_add(1)), login_failures::last_at.eq(now));
    Ok(diesel::update(unchanged).set(one_more).execute(conn).await? == 1)
}

/// It was no failure: all is as it was seen, unless there was another since.
pub(in crate::store) async fn return_try(conn: &mut Conn, seen: LoginFailures, now: Ts) -> QueryResult<()> {
    let claimed = login_failures::table
        .find(seen.id)
        .filter(login_failures::count.eq(seen.count.saturating_add(1)))
        .filter(login_failures::last_at.eq(now));
    let as_before = (login_failures::count.eq(seen.count), login_failures::last_at.eq(seen.last_at));
    diesel::update(claimed).set(as_before).execute(conn).await.map(drop)
}
