//! Keys that others encrypt with for us.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::{
    clock::Ts,
    store::{models::EncryptionKeyRow, schema::encryption_keys},
};

pub(in crate::store) async fn list_encryption_keys(conn: &mut Conn) -> QueryResult<Vec<EncryptionKeyRow>> {
    encryption_keys::table
        .order((encryption_keys::created_at, encryption_keys::kid))
        .select(EncryptionKeyRow::as_select())
        .load(conn)
        .await
}

/// Publishes a new key in the place of those of its family, which open until `gone_at`. With `unless_since`, only if none
/// that is published was made since then: of several instances that see a rotation due, one makes it.
pub(in crate::store) async fn succeed_encryption_key(
    conn: &mut Conn,
    new: EncryptionKeyRow,
    unless_since: Option<Ts>,
    gone_at: Ts,
) -> QueryResult<bool> {
    // the row lock of the counter makes several instances take turns
    raise_epoch(conn).await?;
    let published = || encryption_keys::family.eq(new.family.clone()).and(encryption_keys::retired_at.is_null());
    if let Some(since) = unless_since {
        let younger = encryption_keys::table
            .filter(published())
            .filter(encryption_keys::created_at.gt(since))
            .filter(encryption_keys::created_at.le(new.created_at));
        if younger.select(encryption_keys::kid).first::<String>(conn).await.optional()?.is_some() {
            return Ok(false);
        }
    }
    diesel::update(encryption_keys::table.filter(published()))
        .set((encryption_keys::retired_at.eq(new.created_at), encryption_keys::gone_at.eq(gone_at)))
        .execute(conn)
        .await?;
    diesel::insert_into(encryption_keys::table).values(&new).execute(conn).await?;
    Ok(true)
}

/// Ends a key with what it opened, and erases its private half.
pub(in crate::store) async fn end_encryption_key(conn: &mut Conn, kid: String, now: Ts) -> QueryResult<()> {
    raise_epoch(conn).await?;
    let never_retired = encryption_keys::table.find(kid.clone()).filter(encryption_keys::retired_at.is_null());
    diesel::update(never_retired).set(encryption_keys::retired_at.eq(now)).execute(conn).await?;
    diesel::update(encryption_keys::table.find(kid))
        .set((
            encryption_keys::gone_at.eq(now),
            encryption_keys::compromised.eq(true),
            encryption_keys::sealed.eq(None::<Vec<u8>>),
        ))
        .execute(conn)
        .await
        .map(drop)
}
