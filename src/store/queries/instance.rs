//! The installation itself, and the counter that caches watch.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, audit_event::record_event};
use crate::{
    clock::Ts,
    secret::Id,
    store::{
        models::{AuditEvent, EncryptionKeyRow, Instance, SigningKeyRow},
        schema::{changes, client_secrets, device_grants, encryption_keys, instance, links, signing_keys},
    },
};

pub(in crate::store) async fn find_instance(conn: &mut Conn) -> QueryResult<Option<Instance>> {
    instance::table.select(Instance::as_select()).get_result(conn).await.optional()
}

/// First start: the installation and its first keys, all or none. `false`: another starter was first.
pub(in crate::store) async fn create_instance(
    conn: &mut Conn,
    new: Instance,
    keys: Vec<SigningKeyRow>,
    encryption: Vec<EncryptionKeyRow>,
) -> QueryResult<bool> {
    let made = diesel::insert_into(instance::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 {
        return Ok(false);
    }
    for key in &keys {
        diesel::insert_into(signing_keys::table).values(key).execute(conn).await?;
    }
    for key in &encryption {
        diesel::insert_into(encryption_keys::table).values(key).execute(conn).await?;
    }
    Ok(true)
}

pub(in crate::store) async fn reseal_secrets(conn: &mut Conn, secrets: Vec<(Id, Vec<u8>)>) -> QueryResult<()> {
    for (id, sealed) in secrets {
        // what was to be forgotten meanwhile stays so
        let secret = client_secrets::table.find(id).filter(client_secrets::sealed.is_not_null());
        diesel::update(secret).set(client_secrets::sealed.eq(sealed)).execute(conn).await?;
    }
    Ok(())
}

/// A new `secret_key` took over: its check, and everything that is sealed but clients' secrets, sealed under it.
pub(in crate::store) async fn reseal(
    conn: &mut Conn,
    key_check: Vec<u8>,
    keys: Vec<(String, Vec<u8>)>,
    encryption: Vec<(String, Vec<u8>)>,
    pairwise_key: Vec<u8>,
) -> QueryResult<()> {
    let own = (instance::key_check.eq(key_check), instance::pairwise_key.eq(pairwise_key));
    diesel::update(instance::table).set(own).execute(conn).await?;
    for (kid, sealed) in keys {
        let key = signing_keys::table.find(kid).filter(signing_keys::sealed.is_not_null());
        diesel::update(key).set(signing_keys::sealed.eq(sealed)).execute(conn).await?;
    }
    for (kid, sealed) in encryption {
        let key = encryption_keys::table.find(kid).filter(encryption_keys::sealed.is_not_null());
        diesel::update(key).set(encryption_keys::sealed.eq(sealed)).execute(conn).await?;
    }
    Ok(())
}

/// The first one stays.
pub(in crate::store) async fn keep_pairwise_key(conn: &mut Conn, sealed: Vec<u8>) -> QueryResult<()> {
    let without = instance::table.filter(instance::pairwise_key.is_null());
    diesel::update(without).set(instance::pairwise_key.eq(sealed)).execute(conn).await.map(drop)
}

/// Begins a new epoch (PROTOCOL R-a6, R-q6): codes, access tokens, sessions and links of before are dead, and, unless
/// `keep_refresh`, nothing is issued any more from grants of before. Two instants say so, so that it takes no longer
/// where there are millions. An epoch never begins earlier than the one before.
pub(in crate::store) async fn begin_epoch(
    conn: &mut Conn,
    keep_refresh: bool,
    now: Ts,
    event: AuditEvent,
) -> QueryResult<()> {
    let tokens = instance::table.filter(instance::tokens_invalid_before.lt(now));
    diesel::update(tokens).set(instance::tokens_invalid_before.eq(now)).execute(conn).await?;
    if !keep_refresh {
        let grants = instance::table.filter(instance::grants_invalid_before.lt(now));
        diesel::update(grants).set(instance::grants_invalid_before.eq(now)).execute(conn).await?;
    }
    diesel::delete(links::table).execute(conn).await?;
    diesel::delete(device_grants::table).execute(conn).await?;
    leap(conn, now).await?;
    record_event(conn, event).await
}

/// The past that has come back has a smaller counter than caches have seen. One more of it could be what they saw; it goes
/// on from the time in microseconds, which no change after change has come to.
async fn leap(conn: &mut Conn, now: Ts) -> QueryResult<()> {
    let behind = changes::table.filter(changes::epoch.lt(now.micros()));
    diesel::update(behind).set(changes::epoch.eq(now.micros())).execute(conn).await?;
    raise_epoch(conn).await
}

pub(in crate::store) async fn find_epoch(conn: &mut Conn) -> QueryResult<i64> {
    changes::table.select(changes::epoch).get_result(conn).await
}

/// Writes the counter as it is: can anything be written?
pub(in crate::store) async fn touch_epoch(conn: &mut Conn) -> QueryResult<()> {
    diesel::update(changes::table).set(changes::epoch.eq(changes::epoch)).execute(conn).await.map(drop)
}

/// How many migrations were applied, whoever applied them.
pub(in crate::store) async fn count_migrations(conn: &mut Conn) -> QueryResult<i64> {
    diesel::select(diesel::dsl::sql::<diesel::sql_types::BigInt>("(SELECT count(*) FROM __diesel_schema_migrations)"))
        .get_result(conn)
        .await
}

/// Tells every instance's caches that clients, scopes, resources or keys changed.
pub(super) async fn raise_epoch(conn: &mut Conn) -> QueryResult<()> {
    diesel::update(changes::table).set(changes::epoch.eq(changes::epoch + 1)).execute(conn).await.map(drop)
}
