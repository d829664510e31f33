//! Signing keys.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::{
    clock::Ts,
    store::{
        models::SigningKeyRow,
        schema::{encryption_keys, signing_keys},
    },
};

pub(in crate::store) async fn list_keys(conn: &mut Conn) -> QueryResult<Vec<SigningKeyRow>> {
    signing_keys::table
        .order((signing_keys::created_at, signing_keys::kid))
        .select(SigningKeyRow::as_select())
        .load(conn)
        .await
}

/// Publishes a new key, until whose time the others of its algorithm sign, which are published until `gone_at`. With
/// `unless_since`, only if no key of its algorithm was made since then: of several instances that see a rotation due, one
/// makes it.
pub(in crate::store) async fn succeed_key(
    conn: &mut Conn,
    new: SigningKeyRow,
    unless_since: Option<Ts>,
    gone_at: Ts,
) -> QueryResult<bool> {
    // the row lock of the counter makes several instances take turns
    raise_epoch(conn).await?;
    if let Some(since) = unless_since {
        let younger = signing_keys::table
            .filter(signing_keys::algorithm.eq(new.algorithm.clone()))
            .filter(signing_keys::created_at.gt(since))
            .filter(signing_keys::created_at.le(new.created_at))
            .filter(signing_keys::compromised.eq(false));
        if younger.select(signing_keys::kid).first::<String>(conn).await.optional()?.is_some() {
            return Ok(false);
        }
    }
    let made = diesel::insert_into(signing_keys::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 {
        return Ok(false);
    }
    let SigningKeyRow { kid, algorithm, signs_from, .. } = new;
    let others = signing_keys::table.filter(signing_keys::kid.ne(kid)).filter(signing_keys::algorithm.eq(algorithm));
    let others = others.filter(signing_keys::compromised.eq(false));
    let longer = signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(signs_from));
    diesel::update(others.filter(longer))
        .set((signing_keys::retired_at.eq(signs_from), signing_keys::gone_at.eq(gone_at)))
        .execute(conn)
        .await?;
    Ok(true)
}

/// From `retired_at` it signs no more; at `gone_at` it is unpublished. The private half of a compromised one is erased.
pub(in crate::store) async fn retire_key(
    conn: &mut Conn,
    kid: String,
    retired_at: Ts,
    gone_at: Ts,
    compromised: bool,
) -> QueryResult<bool> {
    raise_epoch(conn).await?;
    let key = signing_keys::table.find(kid);
    let changed = diesel::update(key.clone())
        .set((
            signing_keys::retired_at.eq(retired_at),
            signing_keys::gone_at.eq(gone_at),
            signing_keys::compromised.eq(compromised),
        ))
        .execute(conn)
        .await?;
    if compromised {
        diesel::update(key).set(signing_keys::sealed.eq(None::<Vec<u8>>)).execute(conn).await?;
    }
    Ok(changed == 1)
}

/// Lets the key sign from `at` on, if that is earlier than planned, in the place of those of its algorithm that sign, which
/// are published until `gone_at`.
pub(in crate::store) async fn hasten_key(
    conn: &mut Conn,
    kid: String,
    algorithm: String,
    at: Ts,
    gone_at: Ts,
) -> QueryResult<()> {
    raise_epoch(conn).await?;
    let sign = signing_keys::table
        .filter(signing_keys::kid.ne(kid.clone()))
        .filter(signing_keys::algorithm.eq(algorithm))
        .filter(signing_keys::compromised.eq(false))
        .filter(signing_keys::signs_from.le(at))
        .filter(signing_keys::retired_at.is_null().or(signing_keys::retired_at.gt(at)));
    diesel::update(sign)
        .set((signing_keys::retired_at.eq(at), signing_keys::gone_at.eq(gone_at)))
        .execute(conn)
        .await?;
    let later = signing_keys::table.find(kid).filter(signing_keys::signs_from.gt(at));
    diesel::update(later).set(signing_keys::signs_from.eq(at)).execute(conn).await.map(drop)
}

/// Puts off the time at which a key is unpublished, and never brings it forward.
pub(in crate::store) async fn keep_key_until(conn: &mut Conn, kid: String, gone_at: Ts) -> QueryResult<()> {
    raise_epoch(conn).await?;
    let earlier = signing_keys::table
        .find(kid)
        .filter(signing_keys::compromised.eq(false))
        .filter(signing_keys::gone_at.lt(gone_at));
    diesel::update(earlier).set(signing_keys::gone_at.eq(gone_at)).execute(conn).await.map(drop)
}

/// Erases the private halves of keys whose last token is dead, and of those that nobody encrypts with any more; the rows
/// stay for a while, as a record.
pub(in crate::store) async fn erase_gone_keys(conn: &mut Conn, now: Ts) -> QueryResult<usize> {
    let gone = signing_keys::table.filter(signing_keys::gone_at.le(now)).filter(signing_keys::sealed.is_not_null());
    let mut erased = diesel::update(gone).set(signing_keys::sealed.eq(None::<Vec<u8>>)).execute(conn).await?;
    let gone =
        encryption_keys::table.filter(encryption_keys::gone_at.le(now)).filter(encryption_keys::sealed.is_not_null());
    erased += diesel::update(gone).set(encryption_keys::sealed.eq(None::<Vec<u8>>)).execute(conn).await?;
    if erased > 0 {
        raise_epoch(conn).await?;
    }
    Ok(erased)
}
