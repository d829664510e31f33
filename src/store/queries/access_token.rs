//! Opaque access tokens, revoked ones of either form, and the state behind every token.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, consent::last_until};
use crate::{
    clock::Ts,
    protocol::{
        dialect::{MOST_LASTING, facebook::exchange::MOST_LONG},
        token::access_token::Roots,
    },
    secret::{Digest, Id, kind::AccessToken},
    store::{
        TokenState,
        held::Held,
        models::{AccessTokenRow, User},
        schema::{access_tokens, clients, grants, instance, revoked_tokens, users},
    },
};

/// One that does not last.
pub(in crate::store) async fn record_access_token(conn: &mut Conn, new: AccessTokenRow) -> QueryResult<()> {
    diesel::insert_into(access_tokens::table).values(&new).execute(conn).await.map(drop)
}

/// Any: of those that last the oldest may have to go.
pub(super) async fn record_token(conn: &mut Conn, new: AccessTokenRow) -> QueryResult<()> {
    diesel::insert_into(access_tokens::table).values(&new).execute(conn).await?;
    if new.last_used_at.is_some() { end_oldest(conn, &new).await } else { Ok(()) }
}

/// Of two lasting tokens of a person that are made at once, the second is to see the first. Before any grant is touched:
/// locking a person goes that way as well.
pub(super) async fn hold_person(conn: &mut Conn, token: Option<&AccessTokenRow>) -> QueryResult<()> {
    let Some(lasting) = token.filter(|token| token.last_used_at.is_some()) else { return Ok(()) };
    let person = users::table.filter(users::sub.eq(&lasting.subject)).select(users::id);
    Held(person).get_result::<i64>(conn).await.optional().map(drop)
}

/// Of one person, client and scope only so many lasting tokens live: the oldest go (PROTOCOL R-f1).
async fn end_oldest(conn: &mut Conn, new: &AccessTokenRow) -> QueryResult<()> {
    let alike = access_tokens::table
        .filter(access_tokens::client_id.eq(&new.client_id))
        .filter(access_tokens::subject.eq(&new.subject))
        .filter(access_tokens::scope.eq(&new.scope))
        .filter(access_tokens::last_used_at.is_not_null())
        .order(access_tokens::id.desc())
        .offset(MOST_LASTING)
        .select(access_tokens::digest);
    let old: Vec<Digest<AccessToken>> = alike.limit(MOST_LASTING).load(conn).await?;
    for digest in old {
        diesel::delete(access_tokens::table.find(digest)).execute(conn).await?;
    }
    Ok(())
}

/// A lasting token was used: it, and with it its grant, lives on from here, and so does the consent, by which the person
/// sees the app and can take it back; it is no answer for longer by that. Not one that was ended meanwhile.
pub(in crate::store) async fn touch_access_token(
    conn: &mut Conn,
    digest: Digest<AccessToken>,
    now: Ts,
    until: Ts,
) -> QueryResult<()> {
    let lasting = access_tokens::table.inner_join(grants::table).filter(access_tokens::digest.eq(digest));
    let lasting = lasting.filter(access_tokens::last_used_at.is_not_null());
    let lasting = lasting.select((grants::id, grants::user_id, grants::client_id));
    let found = lasting.get_result::<(Id, i64, String)>(conn).await.optional()?;
    let Some((grant, person, client)) = found else { return Ok(()) };
    // before the grant: in the order in which others lock
    last_until(conn, person, &client, until).await?;
    let shorter = grants::table.find(grant).filter(grants::ends_at.lt(until));
    diesel::update(shorter).set(grants::ends_at.eq(until)).execute(conn).await?;
    let used = (access_tokens::last_used_at.eq(now), access_tokens::expires_at.eq(until));
    diesel::update(access_tokens::table.find(digest)).set(used).execute(conn).await.map(drop)
}

/// A long token of a grant: of those that live as long, only so many of one grant do, the oldest go (PROTOCOL R-f5).
/// `false`: the grant has ended.
pub(in crate::store) async fn record_long_token(conn: &mut Conn, new: AccessTokenRow) -> QueryResult<bool> {
    // held until it is written: of two that come at once the second sees the first, and none survives the grant
    let live = grants::table.filter(grants::id.nullable().eq(new.grant_id)).filter(grants::revoked_at.is_null());
    if Held(live.select(grants::id)).get_result::<Id>(conn).await.optional()?.is_none() {
        return Ok(false);
    }
    let others = access_tokens::table
        .filter(access_tokens::grant_id.eq(new.grant_id))
        .filter(access_tokens::expires_at.ge(new.expires_at))
        .order(access_tokens::id.desc())
        .offset(MOST_LONG - 1)
        .select(access_tokens::digest);
    let old: Vec<Digest<AccessToken>> = others.limit(MOST_LONG).load(conn).await?;
    for digest in old {
        diesel::delete(access_tokens::table.find(digest)).execute(conn).await?;
    }
    diesel::insert_into(access_tokens::table).values(&new).execute(conn).await?;
    Ok(true)
}

pub(in crate::store) async fn find_access_token(
    conn: &mut Conn,
    digest: Digest<AccessToken>,
) -> QueryResult<Option<AccessTokenRow>> {
    access_tokens::table.find(digest).select(AccessTokenRow::as_select()).get_result(conn).await.optional()
}

pub(in crate::store) async fn delete_access_token(
    conn: &mut Conn,
    digest: Digest<AccessToken>,
) -> QueryResult<Option<Option<Id>>> {
    let gone = diesel::delete(access_tokens::table.find(digest)).returning(access_tokens::grant_id);
    gone.get_result(conn).await.optional()
}

/// Grant, client and installation, the token itself, the person.
type RootsRow = (Option<Ts>, Ts, Option<String>, Ts, Ts, Option<Id>, User);

/// What a person's token hangs on, in one read. `None`: grant, person or client are gone.
pub(in crate::store) async fn find_token_state(
    conn: &mut Conn,
    token: Id,
    grant: Id,
) -> QueryResult<Option<TokenState>> {
    let row: Option<RootsRow> = grants::table
        .inner_join(users::table)
        .inner_join(clients::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .left_join(revoked_tokens::table.on(revoked_tokens::id.eq(token)))
        .filter(grants::id.eq(grant))
        .select((
            grants::revoked_at,
            grants::created_at,
            grants::claims,
            clients::tokens_invalid_before,
            instance::tokens_invalid_before,
            revoked_tokens::id.nullable(),
            User::as_select(),
        ))
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(|(revoked_at, granted_at, claims, client, instance, revoked, user)| {
        let roots = Roots {
            revoked: revoked_at.is_some() || revoked.is_some(),
            granted_at: Some(granted_at),
            person_locked: user.locked,
            invalid_before: client.max(user.tokens_invalid_before),
            epoch_began: instance,
        };
        TokenState { roots, user: Some(user), claims }
    }))
}

/// The same for a client's own token.
pub(in crate::store) async fn find_client_token_state(
    conn: &mut Conn,
    token: Id,
    client: String,
) -> QueryResult<Option<TokenState>> {
    let row: Option<(Ts, Ts, Option<Id>)> = clients::table
        .inner_join(instance::table.on(instance::one.eq(1)))
        .left_join(revoked_tokens::table.on(revoked_tokens::id.eq(token)))
        .filter(clients::client_id.eq(client))
        .select((clients::tokens_invalid_before, instance::tokens_invalid_before, revoked_tokens::id.nullable()))
        .get_result(conn)
        .await
        .optional()?;
    Ok(row.map(|(client, instance, revoked)| {
        let roots = Roots {
            revoked: revoked.is_some(),
            granted_at: None,
            person_locked: false,
            invalid_before: client,
            epoch_began: instance,
        };
        TokenState { roots, user: None, claims: None }
    }))
}

/// Ends one access token, which is remembered until then; `false`: it was ended before.
pub(in crate::store) async fn revoke_access_token(conn: &mut Conn, id: Id, expires_at: Ts) -> QueryResult<bool> {
    let row = (revoked_tokens::id.eq(id), revoked_tokens::expires_at.eq(expires_at));
    let written = diesel::insert_into(revoked_tokens::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(written == 1)
}
