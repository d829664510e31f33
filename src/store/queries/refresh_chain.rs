//! Refresh chains.

use diesel::{dsl, prelude::*};

use super::{Conn, RunQueryDsl, access_token::record_token, grant::revoke_grant};
use crate::{
    clock::Ts,
    protocol::grant::refresh_token::MAX_ANSWERS,
    secret::{Digest, Id, kind::RefreshToken},
    store::{
        Rotated, Rotation,
        kept::Kept,
        models::{AccessTokenRow, Grant, RefreshChain, User},
        schema::{grants, instance, refresh_chains, users},
    },
};

/// With its grant and person, unless it is of an epoch whose chains have ended (PROTOCOL R-a6): even the latest token
/// of such a chain may be unknown here, which makes nobody a thief.
pub(in crate::store) async fn find_chain(conn: &mut Conn, id: Id) -> QueryResult<Option<(RefreshChain, Grant, User)>> {
    refresh_chains::table
        .inner_join(grants::table.inner_join(users::table))
        .inner_join(instance::table.on(instance::one.eq(1)))
        .filter(refresh_chains::grant_id.eq(id))
        .filter(grants::created_at.ge(instance::grants_invalid_before))
        .select((RefreshChain::as_select(), Grant::as_select(), User::as_select()))
        .get_result(conn)
        .await
        .optional()
}

/// Moves the chain on; or answers a retry with what the successor is made from; or, for anything older, ends the grant
/// (PROTOCOL R-a2). The database decides who was first; every outcome commits.
pub(in crate::store) async fn rotate(
    conn: &mut Conn,
    rotation: Rotation,
    token: Option<AccessTokenRow>,
    now: Ts,
) -> QueryResult<Rotated> {
    let (chain, presented) = (rotation.chain, rotation.presented);
    let rotated =
        if step(conn, rotation, now).await? { Rotated::Now } else { settle(conn, chain, presented, now).await? };
    if let (Rotated::Now | Rotated::Again { .. }, Some(token)) = (&rotated, token) {
        record_token(conn, token).await?;
    }
    Ok(rotated)
}

/// Moves the chain on and does nothing else. `false`: nothing has happened, and [`rotate`] says why.
pub(in crate::store) async fn step(conn: &mut Conn, rotation: Rotation, now: Ts) -> QueryResult<bool> {
    let Rotation { chain, presented, successor, salt, key_id, retry_until, idle_end } = rotation;
    let current = refresh_chains::table
        .find(chain)
        .filter(refresh_chains::current_digest.eq(presented))
        .filter(refresh_chains::idle_end.gt(now))
        .filter(refresh_chains::absolute_end.gt(now))
        .filter(dsl::exists(alive(chain)));
    let step = diesel::update(current).set((
        refresh_chains::generation.eq(refresh_chains::generation + 1),
        refresh_chains::current_digest.eq(successor),
        refresh_chains::previous_digest.eq(presented),
        refresh_chains::salt.eq(salt),
        refresh_chains::key_id.eq(key_id),
        refresh_chains::rotated_at.eq(now),
        refresh_chains::retry_until.eq(retry_until),
        refresh_chains::answers.eq(1),
        refresh_chains::idle_end.eq(idle_end),
    ));
    Kept(step).execute(conn).await.map(|moved| moved == 1)
}

/// The grant of a chain, while its tokens are good.
#[dsl::auto_type]
fn alive(chain: Id) -> _ {
    grants::table
        .inner_join(instance::table.on(instance::one.eq(1_i64)))
        .filter(grants::id.eq(chain))
        .filter(grants::revoked_at.is_null())
        .filter(grants::created_at.ge(instance::grants_invalid_before))
        .select(grants::id)
}

/// The presented token is not the current one (any more).
async fn settle(conn: &mut Conn, chain: Id, presented: Digest<RefreshToken>, now: Ts) -> QueryResult<Rotated> {
    if alive(chain).get_result::<Id>(conn).await.optional()?.is_none() {
        return Ok(Rotated::Ended);
    }
    let row = refresh_chains::table.find(chain).select(RefreshChain::as_select()).get_result(conn).await.optional()?;
    let Some(row) = row else { return Ok(Rotated::Ended) };
    if row.idle_end <= now || row.absolute_end <= now || row.current_digest == presented {
        return Ok(Rotated::Ended);
    }
    match (row.salt, row.key_id) {
        (Some(salt), Some(key_id)) if row.previous_digest == Some(presented) && now < row.retry_until => {
            let again = refresh_chains::table.find(chain).filter(refresh_chains::answers.lt(MAX_ANSWERS));
            let counted = diesel::update(again)
                .set(refresh_chains::answers.eq(refresh_chains::answers + 1))
                .execute(conn)
                .await?;
            Ok(if counted == 1 { Rotated::Again { salt, key_id } } else { Rotated::TooOften })
        }
        _ => {
            revoke_grant(conn, chain, now).await?;
            Ok(Rotated::Stolen)
        }
    }
}
