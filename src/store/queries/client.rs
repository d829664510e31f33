//! Clients and their secrets.

use diesel::prelude::*;

use super::{Conn, LEFTOVERS_AT_MOST, LEFTOVERS_AT_ONCE, RunQueryDsl, client_logo::follow_logo, instance::raise_epoch};
use crate::{
    clock::Ts,
    protocol::{dialect::Dialect, response_type::ResponseType},
    secret::Id,
    store::{
        ClientFacts, Updated,
        held::Held,
        leftover::{Leftover, Whose},
        models::{ClientRow, ClientSecretRow},
        schema::{client_secrets, clients, deleted_clients},
    },
};

pub(in crate::store) async fn find_client(
    conn: &mut Conn,
    client_id: String,
) -> QueryResult<Option<(ClientRow, Vec<ClientSecretRow>)>> {
    let row = clients::table.find(&client_id).select(ClientRow::as_select()).get_result(conn).await.optional()?;
    let Some(row) = row else { return Ok(None) };
    let secrets = client_secrets::table
        .filter(client_secrets::client_id.eq(client_id))
        .order(client_secrets::created_at)
        .select(ClientSecretRow::as_select())
        .load(conn)
        .await?;
    Ok(Some((row, secrets)))
}

pub(in crate::store) async fn list_clients(conn: &mut Conn) -> QueryResult<Vec<ClientRow>> {
    clients::table.order((clients::created_at, clients::client_id)).select(ClientRow::as_select()).load(conn).await
}

/// What metadata and secret checks need to know of all clients together.
pub(in crate::store) async fn find_client_facts(conn: &mut Conn) -> QueryResult<ClientFacts> {
    let implicit = clients::table.filter(clients::implicit).select(clients::client_id);
    let chosen = client_secrets::table.filter(client_secrets::hash.is_not_null()).select(client_secrets::hash);
    let sealed = client_secrets::table.filter(client_secrets::sealed.is_not_null()).select(client_secrets::id);
    let mut dialects = Vec::new();
    for dialect in Dialect::ALL.iter().copied() {
        let client = clients::table.filter(clients::dialect.eq(dialect.name())).select(clients::client_id);
        dialects.extend(client.first::<String>(conn).await.optional()?.map(|_| dialect));
    }
    let rare = clients::table.filter(clients::response_types.is_not_null()).select(clients::response_types).distinct();
    let rare: Vec<Option<String>> = rare.load(conn).await?;
    let rare = rare.iter().flatten().flat_map(|names| names.split(','));
    let mut response_types = vec![ResponseType::Code];
    response_types.extend(rare.filter_map(ResponseType::parse));
    let is_implicit = implicit.first::<String>(conn).await.optional()?.is_some();
    response_types.extend(is_implicit.then_some(ResponseType::Token));
    Ok(ClientFacts {
        sealed_secrets: sealed.first::<Id>(conn).await.optional()?.is_some(),
        chosen_secrets: chosen.first::<Option<String>>(conn).await.optional()?.is_some(),
        response_types,
        dialects,
    })
}

/// What is sealed of clients' secrets, in the rows behind `after`: row, client, sealed text.
pub(in crate::store) async fn list_sealed_secrets(
    conn: &mut Conn,
    after: Id,
    most: i64,
) -> QueryResult<Vec<(Id, String, Vec<u8>)>> {
    let columns = (client_secrets::id, client_secrets::client_id, client_secrets::sealed.assume_not_null());
    let sealed = client_secrets::table.filter(client_secrets::sealed.is_not_null());
    let behind = sealed.filter(client_secrets::id.gt(after));
    behind.order(client_secrets::id).limit(most).select(columns).load(conn).await
}

/// Leaves of a client's secrets what is needed to recognise them.
pub(in crate::store) async fn forget_sealed_secrets(conn: &mut Conn, client_id: String) -> QueryResult<()> {
    let own = client_secrets::table.filter(client_secrets::client_id.eq(client_id));
    diesel::update(own).set(client_secrets::sealed.eq(None::<Vec<u8>>)).execute(conn).await?;
    raise_epoch(conn).await
}

/// `false`: the `client_id` is taken, also as long as there is much left of one that was deleted: nobody is to inherit
/// what another app was allowed.
pub(in crate::store) async fn create_client(
    conn: &mut Conn,
    new: ClientRow,
    secret: Option<ClientSecretRow>,
) -> QueryResult<bool> {
    let made = diesel::insert_into(clients::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 {
        return Ok(false);
    }
    if !clear(conn, &new.client_id).await? {
        diesel::delete(clients::table.find(&new.client_id)).execute(conn).await?;
        return Ok(false);
    }
    diesel::delete(deleted_clients::table.find(&new.client_id)).execute(conn).await?;
    if let Some(secret) = secret {
        diesel::insert_into(client_secrets::table).values(&secret).execute(conn).await?;
    }
    follow_logo(conn, &new.client_id, &new.metadata).await?;
    raise_epoch(conn).await?;
    Ok(true)
}

/// Changes a client that is still as it `was` read: between reading and writing somebody may have been asked, for seconds.
pub(in crate::store) async fn update_client(conn: &mut Conn, new: ClientRow, was: ClientRow) -> QueryResult<Updated> {
    let unchanged = clients::table
        .find(new.client_id.clone())
        .filter(clients::metadata.eq(was.metadata))
        .filter(clients::name.eq(was.name))
        .filter(clients::tokens_invalid_before.eq(was.tokens_invalid_before));
    if diesel::update(unchanged).set(&new).execute(conn).await? == 1 {
        follow_logo(conn, &new.client_id, &new.metadata).await?;
        raise_epoch(conn).await?;
        return Ok(Updated::Done);
    }
    let there = clients::table.find(&new.client_id).select(clients::client_id);
    let there = there.get_result::<String>(conn).await.optional()?;
    Ok(if there.is_some() { Updated::Again } else { Updated::Gone })
}

/// Adds a secret; the client's other ones end at `others_end`, or at once when that has passed.
pub(in crate::store) async fn rotate_secret(
    conn: &mut Conn,
    new: ClientSecretRow,
    others_end: Ts,
    now: Ts,
) -> QueryResult<()> {
    let others = client_secrets::table.filter(client_secrets::client_id.eq(new.client_id.clone()));
    if others_end <= now {
        diesel::delete(others).execute(conn).await?;
    } else {
        let open_ended = client_secrets::expires_at.is_null().or(client_secrets::expires_at.gt(others_end));
        diesel::update(others.filter(open_ended)).set(client_secrets::expires_at.eq(others_end)).execute(conn).await?;
    }
    diesel::insert_into(client_secrets::table).values(&new).execute(conn).await?;
    raise_epoch(conn).await
}

/// With everything that hangs on it: secrets and logo at once; consents, grants and tokens, which are good for nothing
/// without it, as far as that takes no time to speak of, and the rest by [`sweep_deleted`].
pub(in crate::store) async fn delete_client(conn: &mut Conn, client_id: String, now: Ts) -> QueryResult<bool> {
    if diesel::delete(clients::table.find(&client_id)).execute(conn).await? == 0 {
        return Ok(false);
    }
    raise_epoch(conn).await?;
    if !clear(conn, &client_id).await? {
        let left = (deleted_clients::client_id.eq(client_id), deleted_clients::deleted_at.eq(now));
        diesel::insert_into(deleted_clients::table).values(left).on_conflict_do_nothing().execute(conn).await?;
    }
    Ok(true)
}

/// A few rows of the client that was deleted first. How many went; 0: there is none.
pub(in crate::store) async fn sweep_deleted(conn: &mut Conn) -> QueryResult<usize> {
    let first = deleted_clients::table.order(deleted_clients::deleted_at).select(deleted_clients::client_id).limit(1);
    // held: who takes its place waits, and has written nothing yet
    let Some(client_id) = Held(first).get_result::<String>(conn).await.optional()? else { return Ok(0) };
    let own = deleted_clients::table.find(&client_id);
    let place = clients::table.find(&client_id).select(clients::client_id);
    if place.get_result::<String>(conn).await.optional()?.is_some() {
        // taken by a release that knows nothing of this: what there is is the new one's
        return diesel::delete(own).execute(conn).await;
    }
    let gone = clear_some(conn, &client_id).await?;
    let ended = if gone.is_all { diesel::delete(own).execute(conn).await? } else { 0 };
    Ok(gone.rows + ended)
}

/// Removes what a deleted client left behind. `false`: there is more than can go at once.
async fn clear(conn: &mut Conn, client_id: &str) -> QueryResult<bool> {
    for _ in 0..LEFTOVERS_AT_MOST / LEFTOVERS_AT_ONCE {
        if clear_some(conn, client_id).await?.is_all {
            return Ok(true);
        }
    }
    Ok(false)
}

struct Cleared {
    rows: usize,
    is_all: bool,
}

/// Removes a few rows of each table.
async fn clear_some(conn: &mut Conn, client_id: &str) -> QueryResult<Cleared> {
    let mut cleared = Cleared { rows: 0, is_all: true };
    for leftover in Leftover::ALL {
        let rows = leftover.remove(Whose::App(client_id), LEFTOVERS_AT_ONCE, 0).execute(conn).await?;
        cleared.rows += rows;
        cleared.is_all &= rows < LEFTOVERS_AT_ONCE;
    }
    Ok(cleared)
}
