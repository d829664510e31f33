//! People.

use diesel::{
    prelude::*,
    result::{DatabaseErrorKind, Error},
};

use super::{
    Conn, RunQueryDsl,
    grant::{ended, thin_out},
    session::end_all_sessions,
};
use crate::{
    clock::Ts,
    secret::{Digest, kind::Link},
    store::{
        Created, PersonUpdated, Progress,
        held::Held,
        leftover::Whose,
        models::{LinkRow, PersonDetails, User},
        schema::{consents, grants, instance, links, refresh_chains, users},
    },
};

/// By canonical user name or email address.
pub(in crate::store) async fn find_user_by_name(conn: &mut Conn, name: String) -> QueryResult<Option<User>> {
    let by_name = users::table.filter(users::username_key.eq(&name)).select(User::as_select());
    if let Some(user) = by_name.get_result(conn).await.optional()? {
        return Ok(Some(user));
    }
    users::table.filter(users::email_key.eq(&name)).select(User::as_select()).get_result(conn).await.optional()
}

pub(in crate::store) async fn find_user(conn: &mut Conn, id: i64) -> QueryResult<Option<User>> {
    users::table.find(id).select(User::as_select()).get_result(conn).await.optional()
}

pub(in crate::store) async fn list_users(conn: &mut Conn, after: String, limit: i64) -> QueryResult<Vec<User>> {
    let next = users::table.filter(users::username_key.gt(after)).order(users::username_key).limit(limit);
    next.select(User::as_select()).load(conn).await
}

/// Is there an administrator besides this one, and not locked?
pub(in crate::store) async fn has_other_admin(conn: &mut Conn, id: i64) -> QueryResult<bool> {
    let others = users::table.filter(users::id.ne(id)).filter(users::admin.eq(true)).filter(users::locked.eq(false));
    others.select(users::id).limit(1).get_result::<i64>(conn).await.optional().map(|other| other.is_some())
}

/// Makes a person, with a one-time link to choose a password when one is given. An `id` that is taken is the caller's
/// to draw again.
pub(in crate::store) async fn create_user(conn: &mut Conn, new: User, link: Option<LinkRow>) -> QueryResult<Created> {
    if let Some(taken) = find_taken(conn, &new).await? {
        return Ok(taken);
    }
    let made = diesel::insert_into(users::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 {
        return Ok(Created::Again);
    }
    if let Some(link) = link {
        diesel::insert_into(links::table).values(&link).execute(conn).await?;
    }
    if new.admin {
        let unmarked = instance::table.filter(instance::admin_made_at.is_null());
        diesel::update(unmarked).set(instance::admin_made_at.eq(new.created_at)).execute(conn).await?;
    }
    Ok(Created::Made)
}

/// The first administrator: only while none has ever been made, and only with an unused link (PROTOCOL R-o1).
pub(in crate::store) async fn create_first_admin(
    conn: &mut Conn,
    link: Digest<Link>,
    new: User,
    now: Ts,
) -> QueryResult<Created> {
    if let Some(taken) = find_taken(conn, &new).await? {
        return Ok(taken);
    }
    let unmarked = instance::table.filter(instance::admin_made_at.is_null());
    let first = diesel::update(unmarked).set(instance::admin_made_at.eq(now)).execute(conn).await?;
    let live = links::table.find(link).filter(links::expires_at.gt(now)).filter(links::kind.eq(LinkRow::FIRST_ADMIN));
    if first == 0 || diesel::delete(live).execute(conn).await? == 0 {
        return Err(Error::RollbackTransaction);
    }
    let made = diesel::insert_into(users::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 { Err(Error::RollbackTransaction) } else { Ok(Created::Made) }
}

/// A name and an address may be the same, which no key of the table forbids: those who take one that may be the other do
/// so one after the other.
async fn take_turns(conn: &mut Conn) -> QueryResult<()> {
    Held(instance::table.select(instance::one)).get_result::<i64>(conn).await.optional().map(drop)
}

async fn find_taken(conn: &mut Conn, new: &User) -> QueryResult<Option<Created>> {
    if new.email_key.is_some() || new.username_key.contains('@') {
        take_turns(conn).await?;
    }
    if find_user_by_name(conn, new.username_key.clone()).await?.is_some() {
        return Ok(Some(Created::NameTaken));
    }
    if let Some(email) = &new.email_key
        && find_user_by_name(conn, email.clone()).await?.is_some()
    {
        return Ok(Some(Created::EmailTaken));
    }
    let id = users::table.find(new.id).select(users::id).get_result::<i64>(conn).await.optional()?;
    Ok(id.map(|_| Created::Again))
}

/// Changes what is known of a person, as long as it is what it was.
pub(in crate::store) async fn update_person(
    conn: &mut Conn,
    id: i64,
    new: PersonDetails,
    was: PersonDetails,
    now: Ts,
) -> QueryResult<PersonUpdated> {
    if new.email_key.is_some() {
        take_turns(conn).await?;
    }
    let details = (users::name, users::email, users::email_key, users::email_verified, users::claims);
    let there = Held(users::table.find(id).select(details)).get_result::<PersonDetails>(conn).await.optional()?;
    let Some(there) = there else { return Ok(PersonUpdated::Gone) };
    if there != was {
        return Ok(PersonUpdated::Again);
    }
    if let Some(email) = &new.email_key
        && find_user_by_name(conn, email.clone()).await?.is_some_and(|other| other.id != id)
    {
        return Ok(PersonUpdated::EmailTaken);
    }
    match diesel::update(users::table.find(id)).set((&new, users::updated_at.eq(now))).execute(conn).await {
        // somebody was first who takes no turn: the release before does not
        Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _)) => Ok(PersonUpdated::EmailTaken),
        changed => changed.map(|_| PersonUpdated::Done),
    }
}

/// A new password ends every session but `keep` (whose digest is given), and every link to choose one.
pub(in crate::store) async fn set_password(conn: &mut Conn, id: i64, hash: String, now: Ts) -> QueryResult<bool> {
    let changed = diesel::update(users::table.find(id))
        .set((users::password_hash.eq(hash), users::updated_at.eq(now)))
        .execute(conn)
        .await?;
    end_all_sessions(conn, id, now).await?;
    diesel::delete(links::table.filter(links::user_id.eq(id))).execute(conn).await?;
    Ok(changed == 1)
}

/// The same password under new parameters; nothing else changes. Not applied when it was changed meanwhile.
pub(in crate::store) async fn rehash_password(conn: &mut Conn, id: i64, old: String, new: String) -> QueryResult<()> {
    let unchanged = users::table.find(id).filter(users::password_hash.eq(old));
    diesel::update(unchanged).set(users::password_hash.eq(new)).execute(conn).await.map(drop)
}

/// Chooses a password with a one-time link. `None`: the link was used or has expired.
pub(in crate::store) async fn choose_password(
    conn: &mut Conn,
    link: Digest<Link>,
    hash: String,
    now: Ts,
) -> QueryResult<Option<i64>> {
    let live = links::table.find(link).filter(links::expires_at.gt(now));
    let live = live.filter(links::kind.eq(LinkRow::CHOOSE_PASSWORD));
    let user: Option<Option<i64>> = diesel::delete(live).returning(links::user_id).get_result(conn).await.optional()?;
    let Some(Some(id)) = user else { return Ok(None) };
    set_password(conn, id, hash, now).await?;
    Ok(Some(id))
}

/// Locking ends sessions and every token at once. Unlocking ends them as well: what was under way when the person was
/// locked may have been written after that, and must not come alive now. The grants end by name as well as by time, so
/// that it holds for those made before the clock was set back; and the time is set anew, so that one from the future
/// ends nothing that is yet to be made.
pub(in crate::store) async fn set_locked(conn: &mut Conn, id: i64, locked: bool, now: Ts) -> QueryResult<Progress> {
    let before = users::table.find(id).select(users::locked).get_result::<bool>(conn).await.optional()?;
    let Some(was_locked) = before else { return Ok(Progress::Nothing) };
    if locked || was_locked {
        // unlocked when nothing is left that could come alive
        lock(conn, id, now).await?;
        if !thin_out(conn, Whose::Person(id)).await? {
            return Ok(Progress::Part);
        }
        if !locked {
            diesel::update(users::table.find(id)).set(users::locked.eq(false)).execute(conn).await?;
        }
        end_all_sessions(conn, id, now).await?;
        let live = grants::table.filter(grants::user_id.eq(id)).filter(grants::revoked_at.is_null());
        diesel::update(live).set(ended(now)).execute(conn).await?;
    } else {
        let ahead = users::table.find(id).filter(users::tokens_invalid_before.gt(now));
        diesel::update(ahead).set(users::tokens_invalid_before.eq(now)).execute(conn).await?;
    }
    Ok(Progress::Whole)
}

/// From here on no session and no token of theirs is good.
async fn lock(conn: &mut Conn, id: i64, now: Ts) -> QueryResult<usize> {
    let changed = (users::locked.eq(true), users::tokens_invalid_before.eq(now), users::updated_at.eq(now));
    diesel::update(users::table.find(id)).set(changed).execute(conn).await
}

/// With everything that hangs on them: sessions, of which apps are told, consents, grants, tokens, links.
pub(in crate::store) async fn delete_user(conn: &mut Conn, id: i64, now: Ts) -> QueryResult<Progress> {
    // the person before their sessions: the order in which everybody locks
    let person = users::table.find(id).select(users::id);
    if Held(person).get_result::<i64>(conn).await.optional()?.is_none() {
        return Ok(Progress::Nothing);
    }
    if !thin_out(conn, Whose::Person(id)).await? {
        lock(conn, id, now).await?;
        return Ok(Progress::Part);
    }
    end_all_sessions(conn, id, now).await?;
    // what others lock on their way to a person or a grant
    diesel::delete(consents::table.filter(consents::user_id.eq(id))).execute(conn).await?;
    let own = grants::table.filter(grants::user_id.eq(id)).select(grants::id);
    diesel::delete(refresh_chains::table.filter(refresh_chains::grant_id.eq_any(own))).execute(conn).await?;
    diesel::delete(users::table.find(id)).execute(conn).await?;
    Ok(Progress::Whole)
}
