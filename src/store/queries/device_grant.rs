//! Devices that wait for a person (RFC 8628). Of two decisions the first counts, and of two polls one gets the tokens.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, access_token::hold_person, consent::record_consent, grant::record_issued};
use crate::{
    clock::Ts,
    secret::{Digest, Id, kind},
    store::{
        DeviceBegun, Polled,
        held::Referred,
        kept::Kept,
        models::{AccessTokenRow, Consent, DeviceGrant, Grant, RefreshChain, User},
        schema::{clients, device_grants, grants, users},
    },
};

/// A device begins. Who asks may remember an app for a moment that was deleted meanwhile.
pub(in crate::store) async fn create_device_grant(conn: &mut Conn, new: DeviceGrant) -> QueryResult<DeviceBegun> {
    let client = clients::table.find(new.client_id.clone()).select(clients::client_id);
    if Referred(client).get_result::<String>(conn).await.optional()?.is_none() {
        return Ok(DeviceBegun::ClientGone);
    }
    let made = diesel::insert_into(device_grants::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    Ok(if made == 1 { DeviceBegun::Made } else { DeviceBegun::Taken })
}

/// What waits behind a user code, under any of the keys it may have been stored with.
pub(in crate::store) async fn find_device_by_user_code(
    conn: &mut Conn,
    codes: Vec<Vec<u8>>,
) -> QueryResult<Option<DeviceGrant>> {
    for code in codes {
        let found = device_grants::table.filter(device_grants::user_code.eq(code)).select(DeviceGrant::as_select());
        if let Some(found) = found.get_result(conn).await.optional()? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The question is shown to somebody once more. `false`: it was shown so often that it is not shown again.
pub(in crate::store) async fn note_device_shown(conn: &mut Conn, id: Id, most: i64) -> QueryResult<bool> {
    let row = device_grants::table.find(id).filter(device_grants::shown.lt(most));
    Kept(diesel::update(row).set(device_grants::shown.eq(device_grants::shown + 1))).execute(conn).await.map(|n| n == 1)
}

/// The person's answer, and what is remembered of a yes. `false`: there is an answer already, or it is too late.
pub(in crate::store) async fn decide_device(
    conn: &mut Conn,
    id: Id,
    answer: Grant,
    allowed: Option<Consent>,
    now: Ts,
) -> QueryResult<bool> {
    let open = device_grants::table
        .find(id)
        .filter(device_grants::decided_at.is_null())
        .filter(device_grants::expires_at.gt(now));
    // decided first, granted then: whoever comes second finds it decided, and nothing of theirs is written
    if Kept(diesel::update(open).set(device_grants::decided_at.eq(now))).execute(conn).await? == 0 {
        return Ok(false);
    }
    diesel::insert_into(grants::table).values(&answer).execute(conn).await?;
    if let Some(consent) = allowed {
        let granted = device_grants::table.find(id);
        Kept(diesel::update(granted).set(device_grants::grant_id.eq(answer.id))).execute(conn).await?;
        record_consent(conn, consent).await?;
    }
    Ok(true)
}

/// What stands behind a device code: the device, and grant and person once somebody has said yes.
pub(in crate::store) async fn find_device(
    conn: &mut Conn,
    code: Digest<kind::DeviceCode>,
) -> QueryResult<Option<(DeviceGrant, Option<(Grant, User)>)>> {
    let row = device_grants::table.filter(device_grants::device_code.eq(code)).select(DeviceGrant::as_select());
    let Some(device) = row.get_result(conn).await.optional()? else { return Ok(None) };
    let Some(granted) = device.grant_id else { return Ok(Some((device, None))) };
    // not by one outer join of three: `SQLite` would join all grants with their people first
    let granted = grants::table.inner_join(users::table).filter(grants::id.eq(granted));
    let granted = granted.select((Grant::as_select(), User::as_select())).get_result(conn).await.optional()?;
    Ok(Some((device, granted)))
}

/// A device asks while nobody has answered: too soon, and it has to wait longer from now on (RFC 8628 §3.5).
pub(in crate::store) async fn note_device_poll(
    conn: &mut Conn,
    id: Id,
    leeway_micros: i64,
    more_seconds: i64,
    now: Ts,
) -> QueryResult<Polled> {
    let row = device_grants::table.find(id).filter(device_grants::decided_at.is_null());
    let due = device_grants::poll_seconds * 1_000_000 - leeway_micros + device_grants::polled_at.assume_not_null();
    let early = row.filter(device_grants::polled_at.is_not_null()).filter(due.gt(now.micros()));
    let slower =
        (device_grants::poll_seconds.eq(device_grants::poll_seconds + more_seconds), device_grants::polled_at.eq(now));
    if Kept(diesel::update(early).set(slower)).execute(conn).await? == 1 {
        return Ok(Polled::TooSoon);
    }
    let waiting = Kept(diesel::update(row).set(device_grants::polled_at.eq(now))).execute(conn).await? == 1;
    Ok(if waiting { Polled::Waiting } else { Polled::Decided })
}

/// Gives out what a yes has brought, once. `false`: it was given out before, was taken back, or it
/// is too late.
pub(in crate::store) async fn redeem_device(
    conn: &mut Conn,
    id: Id,
    chain: Option<RefreshChain>,
    token: Option<AccessTokenRow>,
    now: Ts,
) -> QueryResult<bool> {
    hold_person(conn, token.as_ref()).await?;
    // asked of the one grant: of a list of those that are alive `SQLite` would make a list first
    let alive =
        grants::table.filter(grants::id.nullable().eq(device_grants::grant_id)).filter(grants::revoked_at.is_null());
    let unused = device_grants::table
        .find(id)
        .filter(device_grants::used_at.is_null())
        .filter(device_grants::expires_at.gt(now))
        .filter(diesel::dsl::exists(alive));
    if Kept(diesel::update(unused).set(device_grants::used_at.eq(now))).execute(conn).await? == 0 {
        return Ok(false);
    }
    record_issued(conn, chain, token).await?;
    Ok(true)
}
