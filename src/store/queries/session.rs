//! Signed-in browsers.

use diesel::prelude::*;
use diesel_async::RunQueryDsl;

use super::Conn;
use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::{
        kept::Kept,
        models::{Session, User},
        schema::{instance, login_failures, sessions, users},
    },
};

/// Signs in: the session this browser had before ends, and what was counted against the person is forgiven. Whoever was
/// given another password, or locked, since they were looked up at `as_of` is not signed in by what held then.
pub(in crate::store) async fn create_session(
    conn: &mut Conn,
    new: Session,
    as_of: Ts,
    former: Option<Digest<kind::Session>>,
    forgiven: Vec<Vec<u8>>,
) -> QueryResult<bool> {
    let unchanged = users::table.find(new.user_id).filter(users::updated_at.eq(as_of));
    if diesel::update(unchanged).set(users::last_sign_in_at.eq(new.auth_time)).execute(conn).await? == 0 {
        return Ok(false);
    }
    if let Some(former) = former {
        diesel::delete(sessions::table.filter(sessions::digest.eq(former))).execute(conn).await?;
    }
    for key in forgiven {
        diesel::delete(login_failures::table.find(key)).execute(conn).await?;
    }
    diesel::insert_into(sessions::table).values(&new).execute(conn).await.map(|made| made == 1)
}

/// With its person, unless it has ended, is of a former epoch, or the person is locked.
pub(in crate::store) async fn find_session(
    conn: &mut Conn,
    digest: Digest<kind::Session>,
    now: Ts,
) -> QueryResult<Option<(Session, User)>> {
    sessions::table
        .inner_join(users::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(sessions::digest.eq(digest))
        .filter(sessions::created_at.ge(instance::tokens_invalid_before))
        .filter(sessions::ends_at.gt(now))
        .filter(users::locked.eq(false))
        .select((Session::as_select(), User::as_select()))
        .get_result(conn)
        .await
        .optional()
}

pub(in crate::store) async fn touch_session(conn: &mut Conn, id: Id, now: Ts) -> QueryResult<()> {
    Kept(diesel::update(sessions::table.find(id)).set(sessions::last_seen_at.eq(now))).execute(conn).await.map(drop)
}

pub(in crate::store) async fn list_sessions(conn: &mut Conn, user: i64, now: Ts) -> QueryResult<Vec<Session>> {
    sessions::table
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(sessions::user_id.eq(user))
        .filter(sessions::created_at.ge(instance::tokens_invalid_before))
        .filter(sessions::ends_at.gt(now))
        .order(sessions::last_seen_at.desc())
        .select(Session::as_select())
        .load(conn)
        .await
}

/// Ends one session of this person.
pub(in crate::store) async fn end_session(conn: &mut Conn, user: i64, id: Id) -> QueryResult<bool> {
    let own = sessions::table.find(id).filter(sessions::user_id.eq(user));
    diesel::delete(own).execute(conn).await.map(|gone| gone == 1)
}

/// Ends all sessions of this person but one.
pub(in crate::store) async fn end_other_sessions(conn: &mut Conn, user: i64, keep: Id) -> QueryResult<usize> {
    diesel::delete(sessions::table.filter(sessions::user_id.eq(user)).filter(sessions::id.ne(keep))).execute(conn).await
}
