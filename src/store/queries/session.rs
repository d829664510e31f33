//! Signed-in browsers.

use std::collections::HashSet;

use diesel::{dsl, prelude::*};

use super::{Conn, RunQueryDsl, grant::ended, logout_notice::enqueue_notices};
use crate::{
    clock::Ts,
    protocol::{accounts, logout, scope::Scope},
    secret::{Digest, Id, kind},
    store::{
        Before, EndedSession, SeenSince,
        held::Held,
        kept::Kept,
        models::{Consent, Session, User},
        schema::{consents, grants, instance, login_failures, session_clients, sessions, users},
    },
};

/// How many sessions a person may have.
const MOST_SESSIONS: i64 = 1_000;
/// How many of them end when another is made, at most.
const MOST_ENDED: i64 = 8;

/// Signs in, and what was counted against the person is forgiven. A session that this browser has of theirs goes on under
/// new secrets: apps that know it do so by the same name. Other persons' are put out of use, to be chosen again; one that
/// cannot be, and one too many, ends. Whoever was given another password, or locked, since they were looked up at `as_of`
/// is not signed in by what held then.
pub(in crate::store) async fn create_session(
    conn: &mut Conn,
    new: Session,
    as_of: Ts,
    before: Before,
    forgiven: Vec<Vec<u8>>,
) -> QueryResult<bool> {
    let unchanged = users::table.find(new.user_id).filter(users::updated_at.eq(as_of));
    if diesel::update(unchanged).set(users::last_sign_in_at.eq(new.auth_time)).execute(conn).await? == 0 {
        return Ok(false);
    }
    for key in forgiven {
        diesel::delete(login_failures::table.find(key)).execute(conn).await?;
    }
    let (own, others) = find_before(conn, &before, new.user_id).await?;
    for (n, other) in others.into_iter().enumerate() {
        match other.account.filter(|account| before.accounts.contains(account)) {
            Some(account) if n + 1 < accounts::MOST => put_out_of_use(conn, account).await?,
            _ => drop(end_sessions(conn, other.user_id, vec![other.id], new.created_at).await?),
        }
    }
    let mut own = own.into_iter();
    let renewed = match own.next() {
        Some(same) => diesel::update(sessions::table.find(same.id)).set(&new).execute(conn).await? == 1,
        None => false,
    };
    end_sessions(conn, new.user_id, own.map(|twice| twice.id).collect(), new.created_at).await?;
    if renewed {
        return Ok(true);
    }
    diesel::insert_into(sessions::table).values(&new).execute(conn).await?;
    end_unused(conn, &new).await.map(|()| true)
}

/// Of one person only so many sessions live: who has more is most likely a program, and the ones that were not used for
/// longest end. A few at a time, should there be many more.
async fn end_unused(conn: &mut Conn, new: &Session) -> QueryResult<()> {
    // the new one stays, also where the clock was set back since the others were used
    let others = sessions::table.filter(sessions::user_id.eq(new.user_id)).filter(sessions::id.ne(new.id));
    let old = others.order(sessions::last_seen_at.desc()).offset(MOST_SESSIONS - 1).limit(MOST_ENDED);
    let old = old.select(sessions::id).load(conn).await?;
    end_sessions(conn, new.user_id, old, new.created_at).await.map(drop)
}

/// The sessions a browser had: this person's and other persons', each with the one in use first, then by when it was seen.
async fn find_before(conn: &mut Conn, before: &Before, user: i64) -> QueryResult<(Vec<Session>, Vec<Session>)> {
    if before.session.is_none() && before.accounts.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    // and nobody's, so that it is never an empty list: beside one `SQLite` walks through all sessions
    let carried = before.accounts.iter().map(|account| Some(*account)).chain([None]);
    let carried = sessions::account.eq_any(carried);
    let had = sessions::table.filter(sessions::digest.nullable().eq(before.session).or(carried));
    let mut had: Vec<Session> =
        had.order(sessions::last_seen_at.desc()).select(Session::as_select()).load(conn).await?;
    // one that is in use elsewhere, under a secret that this browser does not have, is left alone
    had.retain(|session| {
        let is_unused = session.account.is_some_and(|account| accounts::unused(&account) == session.digest);
        is_unused || Some(session.digest) == before.session
    });
    had.sort_by_key(|session| Some(session.digest) != before.session);
    Ok(had.into_iter().partition(|session| session.user_id == user))
}

/// Those of a browser that have not ended, are of this epoch, and whose person is not locked.
pub(in crate::store) async fn find_accounts(
    conn: &mut Conn,
    accounts: Vec<Digest<kind::Account>>,
    now: Ts,
) -> QueryResult<Vec<(Session, User)>> {
    sessions::table
        .inner_join(users::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(sessions::account.eq_any(accounts.into_iter().map(Some)))
        .filter(has_not_ended(now))
        .filter(users::locked.eq(false))
        .order((sessions::last_seen_at.desc(), sessions::id))
        .select((Session::as_select(), User::as_select()))
        .load(conn)
        .await
}

pub(in crate::store) async fn note_selected(conn: &mut Conn, id: Id, now: Ts) -> QueryResult<bool> {
    let chosen = (sessions::selected_at.eq(now), sessions::last_seen_at.eq(now));
    diesel::update(sessions::table.find(id)).set(chosen).execute(conn).await.map(|noted| noted == 1)
}

/// Gives an account the secret of the one in use, if nobody chose it since `was`, and puts the others of its browser out of
/// use. The one that was in use ends if the browser could not come back to it.
pub(in crate::store) async fn choose_account(
    conn: &mut Conn,
    account: Digest<kind::Account>,
    was: Ts,
    new: Digest<kind::Session>,
    before: Before,
    now: Ts,
) -> QueryResult<bool> {
    let mut carried = before.accounts;
    carried.sort_unstable_by_key(|account| *account.as_bytes());
    // all of them are held, in the same order by everybody
    for one in &carried {
        let carried = sessions::table.filter(sessions::account.eq(Some(*one))).select(sessions::id);
        Held(carried).get_result::<Id>(conn).await.optional()?;
    }
    let chosen = sessions::table.filter(sessions::account.eq(Some(account))).filter(sessions::selected_at.eq(was));
    let in_use = (sessions::digest.eq(new), sessions::selected_at.eq(now), sessions::last_seen_at.eq(now));
    if diesel::update(chosen).set(in_use).execute(conn).await? == 0 {
        return Ok(false);
    }
    for other in carried.into_iter().filter(|other| *other != account) {
        put_out_of_use(conn, other).await?;
    }
    let Some(left) = before.session.filter(|left| *left != new) else { return Ok(true) };
    let left = sessions::table.filter(sessions::digest.eq(left)).select((sessions::id, sessions::user_id));
    let left: Option<(Id, i64)> = left.get_result(conn).await.optional()?;
    if let Some((id, user)) = left {
        end_sessions(conn, user, vec![id], now).await?;
    }
    Ok(true)
}

/// No secret opens it until it is chosen again.
async fn put_out_of_use(conn: &mut Conn, account: Digest<kind::Account>) -> QueryResult<()> {
    let session = sessions::table.filter(sessions::account.eq(Some(account)));
    diesel::update(session).set(sessions::digest.eq(accounts::unused(&account))).execute(conn).await.map(drop)
}

/// With its person, unless it has ended, is of a former epoch, or the person is locked; and what
/// [`super::consent::find_consent`] finds of them for an app, if one is asked for.
pub(in crate::store) async fn find_session(
    conn: &mut Conn,
    digest: Digest<kind::Session>,
    client: Option<String>,
    now: Ts,
) -> QueryResult<Option<(Session, User, Option<Consent>)>> {
    let agreed = consents::user_id.eq(sessions::user_id).and(consents::client_id.nullable().eq(client));
    sessions::table
        .inner_join(users::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .left_join(consents::table.on(agreed.and(consents::ends_at.gt(now))))
        .filter(sessions::digest.eq(digest))
        .filter(has_not_ended(now))
        .filter(users::locked.eq(false))
        .select((Session::as_select(), User::as_select(), Option::<Consent>::as_select()))
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
        .filter(has_not_ended(now))
        .order(sessions::last_seen_at.desc())
        .select(Session::as_select())
        .load(conn)
        .await
}

/// Of one person or of all, with their names, but none that has idled out.
pub(in crate::store) async fn list_live_sessions(
    conn: &mut Conn,
    user: Option<i64>,
    seen: SeenSince,
    now: Ts,
    limit: i64,
) -> QueryResult<Vec<(Session, String)>> {
    let idle = sessions::remembered.eq(true).and(sessions::last_seen_at.le(seen.remembered));
    let idle = idle.or(sessions::remembered.eq(false).and(sessions::last_seen_at.le(seen.other)));
    let mut live = sessions::table
        .inner_join(users::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(has_not_ended(now))
        .filter(dsl::not(idle))
        // by the time in it: the key has that order, and of millions the latest few are at hand
        .order(sessions::id.desc())
        .limit(limit)
        .select((Session::as_select(), users::username))
        .into_boxed();
    if let Some(user) = user {
        live = live.filter(sessions::user_id.eq(user));
    }
    live.load(conn).await
}

pub(in crate::store) async fn find_session_person(conn: &mut Conn, id: Id, now: Ts) -> QueryResult<Option<i64>> {
    let live = sessions::table.find(id).filter(sessions::ends_at.gt(now));
    live.select(sessions::user_id).get_result(conn).await.optional()
}

/// Ends one session of this person. `None`: there was none.
pub(in crate::store) async fn end_session(
    conn: &mut Conn,
    user: i64,
    id: Id,
    now: Ts,
) -> QueryResult<Option<EndedSession>> {
    end_sessions(conn, user, vec![id], now).await.map(|mut ended| ended.pop())
}

/// Ends all sessions of this person but one.
pub(in crate::store) async fn end_other_sessions(
    conn: &mut Conn,
    user: i64,
    keep: Id,
    now: Ts,
) -> QueryResult<Vec<EndedSession>> {
    let mut ids = of_person(conn, user).await?;
    ids.retain(|id| *id != keep);
    end_sessions(conn, user, ids, now).await
}

/// Ends all sessions of this person.
pub(in crate::store) async fn end_all_sessions(conn: &mut Conn, user: i64, now: Ts) -> QueryResult<Vec<EndedSession>> {
    let ids = of_person(conn, user).await?;
    end_sessions(conn, user, ids, now).await
}

async fn of_person(conn: &mut Conn, user: i64) -> QueryResult<Vec<Id>> {
    sessions::table.filter(sessions::user_id.eq(user)).select(sessions::id).load(conn).await
}

/// So many rows are named or written in one statement: one of `SQLite` has no more than 32,766 values.
pub(super) const IN_A_STATEMENT: usize = 500;

/// Ends sessions of this person and what was granted in them for as long as they last (PROTOCOL P17), and leaves word for
/// the apps that are to be told. They are held first, so that who joins one at this moment has joined before, or finds it
/// ended.
async fn end_sessions(conn: &mut Conn, user: i64, ids: Vec<Id>, now: Ts) -> QueryResult<Vec<EndedSession>> {
    let mut ended = Vec::new();
    for some in ids.chunks(IN_A_STATEMENT) {
        ended.extend(end_few(conn, user, some, now).await?);
    }
    Ok(ended)
}

async fn end_few(conn: &mut Conn, user: i64, ids: &[Id], now: Ts) -> QueryResult<Vec<EndedSession>> {
    let own = sessions::table.filter(sessions::id.eq_any(ids)).filter(sessions::user_id.eq(user));
    let ids: Vec<Id> = Held(own.select(sessions::id)).load(conn).await?;
    let joined = session_clients::table.filter(session_clients::session_id.eq_any(&ids));
    let joined =
        joined.order(session_clients::client_id).select((session_clients::session_id, session_clients::client_id));
    let joined: Vec<(Id, String)> = joined.load(conn).await?;
    diesel::delete(sessions::table.filter(sessions::id.eq_any(&ids))).execute(conn).await?;
    end_bound(conn, user, &joined, now).await?;
    enqueue_notices(conn, user, &joined, now).await?;
    let clients = |id: Id| joined.iter().filter(|(of, _)| *of == id).map(|(_, client)| client.clone()).collect();
    Ok(ids.into_iter().map(|id| EndedSession { id, clients: clients(id) }).collect())
}

async fn end_bound(conn: &mut Conn, user: i64, joined: &[(Id, String)], now: Ts) -> QueryResult<()> {
    if joined.is_empty() {
        return Ok(());
    }
    // each once: of many sessions most have joined the same apps
    let (ids, clients): (HashSet<Id>, HashSet<&str>) = joined.iter().map(|(id, client)| (*id, client.as_str())).unzip();
    let live = grants::table
        .filter(grants::user_id.eq(user))
        .filter(grants::client_id.eq_any(clients))
        .filter(grants::session_id.eq_any(ids))
        .filter(grants::revoked_at.is_null())
        .select((grants::id, grants::scope));
    let live: Vec<(Id, String)> = live.load(conn).await?;
    let bound = |scope: &str| Scope::parse(scope).is_ok_and(|scope| logout::ends_with_session(&scope));
    let bound: Vec<Id> = live.into_iter().filter(|(_, scope)| bound(scope)).map(|(id, _)| id).collect();
    for some in bound.chunks(IN_A_STATEMENT) {
        let ending = grants::table.filter(grants::id.eq_any(some)).filter(grants::revoked_at.is_null());
        diesel::update(ending).set(ended(now)).execute(conn).await?;
    }
    Ok(())
}

/// Holds a session until this transaction is over. `false`: it has ended.
pub(super) async fn hold_session(conn: &mut Conn, id: Id) -> QueryResult<bool> {
    let session = sessions::table.find(id).select(sessions::id);
    Held(session).get_result::<Id>(conn).await.optional().map(|held| held.is_some())
}

/// From now on this app is among those that the session's end concerns. Who calls holds the session.
pub(super) async fn join_session(conn: &mut Conn, id: Id, client: &str) -> QueryResult<()> {
    diesel::insert_into(session_clients::table)
        .values((session_clients::session_id.eq(id), session_clients::client_id.eq(client)))
        .on_conflict_do_nothing()
        .execute(conn)
        .await
        .map(drop)
}

/// And is of this epoch: where the installation is joined.
#[dsl::auto_type(no_type_alias)]
fn has_not_ended(now: Ts) -> _ {
    let ends: Ts = now;
    sessions::created_at.ge(instance::tokens_invalid_before).and(sessions::ends_at.gt(ends))
}
