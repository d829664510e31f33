//! The outbox of OIDC Back-Channel Logout (PROTOCOL R-n1): written where a session ends, in the same transaction.

use std::{
    collections::HashSet,
    sync::atomic::{AtomicI64, Ordering},
};

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, session::IN_A_STATEMENT};
use crate::{
    clock::Ts,
    protocol::{logout::notice, token::id_token},
    secret::Id,
    store::{
        held::Referred,
        models::LogoutNotice,
        schema::{clients, logout_notices, users},
    },
};

/// One for each of these sessions and apps, where the app is registered to be told. An app that does not listen does not
/// fill the database: past a number those that failed make room, and while all of them wait, what is new is dropped.
pub(super) async fn enqueue_notices(conn: &mut Conn, user: i64, joined: &[(Id, String)], now: Ts) -> QueryResult<()> {
    if joined.is_empty() {
        return Ok(());
    }
    let joining: HashSet<&str> = joined.iter().map(|(_, client)| client.as_str()).collect();
    let documents = clients::table.filter(clients::client_id.eq_any(joining));
    // in their order: two who make room for the same apps do not wait for each other
    let documents = documents.order(clients::client_id).select((clients::client_id, clients::metadata));
    // one that is being deleted at this moment is gone then, and not told
    let documents: Vec<(String, String)> = Referred(documents).load(conn).await?;
    let mut told: Vec<&str> = Vec::new();
    for (client, document) in &documents {
        if !notice::is_wanted(document) {
            continue;
        }
        let new = joined.iter().filter(|(_, of)| of == client).count();
        if make_room(conn, client, new).await? {
            told.push(client);
        } else {
            tell_dropped(client, now);
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let sub: String = users::table.find(user).select(users::sub).get_result(conn).await?;
    let joined = joined.iter().filter(|(_, client)| told.contains(&client.as_str()));
    let new = joined.map(|(session, client)| LogoutNotice {
        id: Id::new(now),
        client_id: client.clone(),
        sub: sub.clone(),
        sid: id_token::sid(*session, client),
        tries: 0,
        next_try_at: now,
        reason: None,
        failed_at: None,
        created_at: now,
        ends_at: now.plus_seconds(notice::KEPT_SECONDS),
    });
    let new: Vec<LogoutNotice> = new.collect();
    for some in new.chunks(IN_A_STATEMENT) {
        diesel::insert_into(logout_notices::table).values(some).execute(conn).await?;
    }
    Ok(())
}

/// Is there room for so many more of this app? Those that failed long ago make it: an administrator reads the latest.
async fn make_room(conn: &mut Conn, client: &str, new: usize) -> QueryResult<bool> {
    let kept: i64 = logout_notices::table.filter(logout_notices::client_id.eq(client)).count().get_result(conn).await?;
    let missing = kept.saturating_add(i64::try_from(new).unwrap_or(i64::MAX)) - notice::MOST;
    if missing <= 0 {
        return Ok(true);
    }
    let failed: Vec<Id> = logout_notices::table
        .filter(logout_notices::client_id.eq(client))
        .filter(logout_notices::failed_at.is_not_null())
        .order(logout_notices::id)
        .select(logout_notices::id)
        .limit(missing)
        .load(conn)
        .await?;
    if i64::try_from(failed.len()).is_ok_and(|failed| failed < missing) {
        return Ok(false);
    }
    // of two at once both may mean the same ones, and then there are a few more than there may be
    diesel::delete(logout_notices::table.filter(logout_notices::id.eq_any(failed))).execute(conn).await?;
    Ok(true)
}

/// When it was last told that notices are dropped, in microseconds.
static TOLD_AT: AtomicI64 = AtomicI64::new(0);
/// How often that is told at most, in seconds: many may sign out meanwhile.
const TOLD_EVERY: i64 = 60;

fn tell_dropped(client: &str, now: Ts) {
    let (new, order) = (now.micros(), Ordering::Relaxed);
    let before = AtomicI64::load(&TOLD_AT, order);
    let is_soon = (0..TOLD_EVERY).contains(&now.seconds_since(Ts::from_micros(before)));
    if !is_soon && TOLD_AT.compare_exchange(before, new, order, order).is_ok() {
        tracing::warn!(client.id = client, most = notice::MOST, "an app is not told of ended sessions: too many wait");
    }
}

/// Whom notices are for that are due, those that wait longest first, from behind `after`; and the place of each. It looks
/// at no more than it gives: `DISTINCT` would have `SQLite` walk through all of them, every second.
pub(in crate::store) async fn find_due_notices(
    conn: &mut Conn,
    after: (Ts, Id),
    most: i64,
    now: Ts,
) -> QueryResult<Vec<(String, Ts, Id)>> {
    let (at, id) = after;
    let due = logout_notices::table
        .filter(logout_notices::failed_at.is_null())
        .filter(logout_notices::next_try_at.le(now))
        .filter(logout_notices::next_try_at.ge(at))
        .filter(logout_notices::next_try_at.gt(at).or(logout_notices::id.gt(id)));
    due.order((logout_notices::next_try_at, logout_notices::id))
        .select((logout_notices::client_id, logout_notices::next_try_at, logout_notices::id))
        .limit(most)
        .load(conn)
        .await
}

/// Takes some of what an app is to be told now. Until `until` it is nobody else's: of several who ask at once one finds it
/// due.
pub(in crate::store) async fn claim_notices(
    conn: &mut Conn,
    client: String,
    most: i64,
    until: Ts,
    now: Ts,
) -> QueryResult<Vec<LogoutNotice>> {
    let due: Vec<Id> = logout_notices::table
        .filter(logout_notices::client_id.eq(client))
        .filter(logout_notices::failed_at.is_null())
        .filter(logout_notices::next_try_at.le(now))
        .order(logout_notices::id)
        .select(logout_notices::id)
        .limit(most)
        .load(conn)
        .await?;
    // asked once more: another instance may have been faster, and this waited for it
    let still = logout_notices::table
        .filter(logout_notices::id.eq_any(due))
        .filter(logout_notices::failed_at.is_null())
        .filter(logout_notices::next_try_at.le(now));
    diesel::update(still)
        .set((logout_notices::next_try_at.eq(until), logout_notices::tries.eq(logout_notices::tries + 1)))
        .returning(LogoutNotice::as_returning())
        .get_results(conn)
        .await
}

/// Its receiver has heard, or is no more.
pub(in crate::store) async fn delete_notice(conn: &mut Conn, id: Id) -> QueryResult<()> {
    diesel::delete(logout_notices::table.find(id)).execute(conn).await.map(drop)
}

/// It was not heard: again at `next`, or, without one, never.
pub(in crate::store) async fn put_notice_off(
    conn: &mut Conn,
    id: Id,
    reason: String,
    next: Option<Ts>,
    now: Ts,
) -> QueryResult<()> {
    let row = logout_notices::table.find(id);
    let changed = if let Some(next) = next {
        let put_off = (logout_notices::reason.eq(reason), logout_notices::next_try_at.eq(next));
        diesel::update(row).set(put_off).execute(conn).await
    } else {
        let given_up = (logout_notices::reason.eq(reason), logout_notices::failed_at.eq(now));
        diesel::update(row).set(given_up).execute(conn).await
    };
    changed.map(drop)
}

/// Those of an app, the latest first.
pub(in crate::store) async fn list_notices(
    conn: &mut Conn,
    client: String,
    limit: i64,
) -> QueryResult<Vec<LogoutNotice>> {
    let own = logout_notices::table.filter(logout_notices::client_id.eq(client));
    own.order(logout_notices::id.desc()).limit(limit).select(LogoutNotice::as_select()).load(conn).await
}
