//! Grants: answers to people, codes, and what ends them.

use diesel::{dsl, prelude::*};

use super::{
    Conn, LEFTOVERS_AT_MOST, RunQueryDsl,
    access_token::{hold_person, record_token},
    consent::{keep_consent, record_consent},
    session::{hold_session, join_session},
};
use crate::{
    clock::Ts,
    protocol::grant::authorization_code::is_repeated_by_right,
    secret::{Digest, Id, kind::AuthorizationCode},
    store::{
        Answered, Basis, Redeemed,
        kept::Kept,
        leftover::{Leftover, Whose},
        models::{AccessTokenRow, Consent, Grant, RefreshChain, User},
        on_consent::OnConsent,
        schema::{clients, grants, instance, refresh_chains, users},
    },
};

/// The final answer to an interaction, allow or deny: the first one wins (PROTOCOL R-b3). One that rests on an earlier
/// consent holds that consent until it is written: a removal of the app comes before it and takes the ground from it, or
/// after it and ends it. So it is with the session of one that `joins` it.
pub(in crate::store) async fn record_answer(
    conn: &mut Conn,
    new: Grant,
    basis: Basis,
    token: Option<AccessTokenRow>,
    joins: Option<Id>,
) -> QueryResult<Answered> {
    if let Basis::Earlier(until) = basis
        && !keep_consent(conn, new.user_id, &new.client_id, until).await?
    {
        return Ok(Answered::Withdrawn);
    }
    if let Some(session) = joins
        && !hold_session(conn, session).await?
    {
        return Ok(Answered::SignedOut);
    }
    let (interaction, client) = (new.interaction, new.client_id.clone());
    let insert = diesel::insert_into(grants::table).values(new).on_conflict(grants::interaction).do_nothing();
    if Kept(insert).execute(conn).await? == 0 {
        let first = grants::table.filter(grants::interaction.eq(interaction)).select(Grant::as_select());
        return first.get_result(conn).await.map(|grant| Answered::Before(Box::new(grant)));
    }
    if let Some(session) = joins {
        join_session(conn, session, &client).await?;
    }
    if let Basis::Now(Some(consent)) = basis {
        record_consent(conn, consent).await?;
    }
    if let Some(token) = token {
        record_token(conn, token).await?;
    }
    Ok(Answered::Now)
}

/// The same for one that agreed before, where nothing else is to be written. `false`: nothing has happened, and
/// [`record_answer`] does it or says why not.
pub(in crate::store) async fn answer_on_consent(conn: &mut Conn, new: Grant, until: Ts) -> QueryResult<bool> {
    Kept(OnConsent(new, until)).execute(conn).await.map(|written| written == 1)
}

/// The answer that an interaction has got.
pub(in crate::store) async fn find_answer(conn: &mut Conn, interaction: Id) -> QueryResult<Option<Grant>> {
    let answer = grants::table.filter(grants::interaction.eq(interaction)).select(Grant::as_select());
    answer.get_result(conn).await.optional()
}

/// A grant by password: there is no interaction, and everything comes at once.
pub(in crate::store) async fn record_password_grant(
    conn: &mut Conn,
    new: Grant,
    chain: Option<RefreshChain>,
    token: Option<AccessTokenRow>,
    consent: Consent,
    forgiven: Option<Vec<u8>>,
) -> QueryResult<()> {
    use crate::store::schema::login_failures;
    diesel::insert_into(grants::table).values(&new).execute(conn).await?;
    record_issued(conn, chain, token).await?;
    record_consent(conn, consent).await?;
    if let Some(key) = forgiven {
        diesel::delete(login_failures::table.find(key)).execute(conn).await?;
    }
    Ok(())
}

/// The grant behind a code, with its person, unless it is of a former epoch (PROTOCOL R-a6).
pub(in crate::store) async fn find_grant_by_code(
    conn: &mut Conn,
    code: Digest<AuthorizationCode>,
) -> QueryResult<Option<(Grant, User)>> {
    grants::table
        .inner_join(users::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(grants::code_digest.eq(code))
        .filter(grants::created_at.ge(instance::tokens_invalid_before))
        .select((Grant::as_select(), User::as_select()))
        .get_result(conn)
        .await
        .optional()
}

/// Spends the code and records what is issued, which lives until `ends_at` at most (`None`: until the grant ends anyway);
/// or, when it was spent, ends everything issued from it. Commits either way: which of many was first is decided here.
pub(in crate::store) async fn redeem_code(
    conn: &mut Conn,
    code: Digest<AuthorizationCode>,
    chain: Option<RefreshChain>,
    token: Option<AccessTokenRow>,
    quiet_seconds: i64,
    ends_at: Option<Ts>,
    now: Ts,
) -> QueryResult<Redeemed> {
    hold_person(conn, token.as_ref()).await?;
    if spend_code(conn, code, ends_at, now).await? {
        record_issued(conn, chain, token).await?;
        return Ok(Redeemed::First);
    }
    let spent = grants::table.filter(grants::code_digest.eq(code)).filter(grants::code_used_at.is_not_null());
    let spent = spent.select((grants::id, grants::code_used_at));
    match spent.get_result::<(Id, Option<Ts>)>(conn).await.optional()? {
        None => Ok(Redeemed::Ended),
        Some((_, Some(used_at))) if is_repeated_by_right(used_at, quiet_seconds, now) => Ok(Redeemed::Repeated),
        Some((id, _)) => {
            revoke_grant(conn, id, now).await?;
            Ok(Redeemed::Replayed)
        }
    }
}

/// Spends the code and does nothing else. `false`: nothing has happened, and [`redeem_code`] says why.
pub(in crate::store) async fn spend_code(
    conn: &mut Conn,
    code: Digest<AuthorizationCode>,
    ends_at: Option<Ts>,
    now: Ts,
) -> QueryResult<bool> {
    let epoch = instance::table.select(instance::tokens_invalid_before).single_value();
    let unused = grants::table
        .filter(grants::code_digest.eq(code))
        .filter(grants::created_at.nullable().ge(epoch))
        .filter(grants::code_used_at.is_null())
        .filter(grants::revoked_at.is_null())
        .filter(grants::code_expires_at.gt(now));
    let used = grants::code_used_at.eq(now);
    let spent = match ends_at {
        Some(later) => Kept(diesel::update(unused).set((used, grants::ends_at.eq(later)))).execute(conn).await?,
        // no index is touched
        None => Kept(diesel::update(unused).set(used)).execute(conn).await?,
    };
    Ok(spent == 1)
}

pub(super) async fn record_issued(
    conn: &mut Conn,
    chain: Option<RefreshChain>,
    token: Option<AccessTokenRow>,
) -> QueryResult<()> {
    if let Some(chain) = chain {
        diesel::insert_into(refresh_chains::table).values(&chain).execute(conn).await?;
    }
    match token {
        Some(token) => record_token(conn, token).await,
        None => Ok(()),
    }
}

/// For how long one that was ended is still known, in seconds: so that whoever asks why is told.
const ENDED_KEPT_SECONDS: i64 = 24 * 3600;

/// What is written where grants are ended. Nothing comes of them any more, so the sweep need not wait for as long as
/// something might have.
pub(super) fn ended(now: Ts) -> (dsl::Eq<grants::revoked_at, Ts>, dsl::Eq<grants::ends_at, Ts>) {
    (grants::revoked_at.eq(now), grants::ends_at.eq(now.plus_seconds(ENDED_KEPT_SECONDS)))
}

/// Before all these grants end: removes some, if there are more than can end at once. What is known of those that have
/// ended is of no use in such numbers. `true`: what there is can end now.
pub(super) async fn thin_out(conn: &mut Conn, whose: Whose<'_>) -> QueryResult<bool> {
    Leftover::CHAINS.remove(whose, LEFTOVERS_AT_MOST, LEFTOVERS_AT_MOST).execute(conn).await?;
    let gone = Leftover::GRANTS.remove(whose, LEFTOVERS_AT_MOST, LEFTOVERS_AT_MOST).execute(conn).await?;
    Ok(gone == 0)
}

/// Ends a grant and everything issued from it. `false`: it had ended before, or never was.
pub(in crate::store) async fn revoke_grant(conn: &mut Conn, id: Id, now: Ts) -> QueryResult<bool> {
    let live = grants::table.find(id).filter(grants::revoked_at.is_null());
    Kept(diesel::update(live).set(ended(now))).execute(conn).await.map(|changed| changed == 1)
}

/// Of a living grant, what its row says: it was not taken back, it is not over, and something comes of it.
#[dsl::auto_type]
pub(super) fn lasts(now: Ts) -> _ {
    let ends: Ts = now;
    let of_nothing: [&'static str; 2] = [Grant::DENIED, Grant::NONE];
    grants::revoked_at.is_null().and(grants::ends_at.gt(ends)).and(grants::kind.ne_all(of_nothing))
}

/// And what it hangs on is as the rule wants it ([`crate::protocol::grant::Standing`]): where person, app and installation
/// are joined.
#[dsl::auto_type(no_type_alias)]
pub(super) fn living(now: Ts) -> _ {
    let row: lasts = lasts(now);
    row.and(users::locked.eq(false))
        .and(grants::created_at.ge(instance::grants_invalid_before))
        .and(grants::created_at.ge(users::tokens_invalid_before))
        .and(grants::created_at.ge(clients::tokens_invalid_before))
}

/// Live grants for the command line, the latest first, with person and app.
pub(in crate::store) async fn list_grants(
    conn: &mut Conn,
    user: Option<i64>,
    client: Option<String>,
    now: Ts,
    limit: i64,
) -> QueryResult<Vec<(Grant, String, String)>> {
    let mut query = grants::table
        .inner_join(users::table)
        .inner_join(clients::table)
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(living(now))
        // by the time in it: the key has that order, and of millions the latest few are at hand
        .order(grants::id.desc())
        .limit(limit)
        .select((Grant::as_select(), users::username, clients::name))
        .into_boxed();
    if let Some(user) = user {
        query = query.filter(grants::user_id.eq(user));
    }
    if let Some(client) = client {
        query = query.filter(grants::client_id.eq(client));
    }
    query.load(conn).await
}
