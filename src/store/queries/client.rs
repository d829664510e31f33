//! Clients and their secrets.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, client_logo::follow_logo, instance::raise_epoch};
use crate::{
    clock::Ts,
    protocol::response_type::ResponseType,
    secret::Id,
    store::{
        ClientFacts,
        models::{ClientRow, ClientSecretRow},
        schema::{client_secrets, clients, consents, device_grants, grants, refresh_chains, session_clients},
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
    let speaks = async |conn: &mut Conn, dialect: &'static str| {
        let client = clients::table.filter(clients::dialect.eq(dialect)).select(clients::client_id);
        client.first::<String>(conn).await.optional().map(|found| found.is_some())
    };
    let rare = clients::table.filter(clients::response_types.is_not_null()).select(clients::response_types).distinct();
    let rare: Vec<Option<String>> = rare.load(conn).await?;
    let rare = rare.iter().flatten().flat_map(|names| names.split(','));
    let mut response_types = vec![ResponseType::Code];
    response_types.extend(rare.filter_map(ResponseType::parse));
    let is_implicit = implicit.first::<String>(conn).await.optional()?.is_some();
    response_types.extend(is_implicit.then_some(ResponseType::Token));
    Ok(ClientFacts {
        github: speaks(conn, "github").await?,
        facebook: speaks(conn, "facebook").await?,
        sealed_secrets: sealed.first::<Id>(conn).await.optional()?.is_some(),
        chosen_secrets: chosen.first::<Option<String>>(conn).await.optional()?.is_some(),
        response_types,
    })
}

/// What is sealed of clients' secrets: row, client, sealed text.
pub(in crate::store) async fn list_sealed_secrets(conn: &mut Conn) -> QueryResult<Vec<(Id, String, Vec<u8>)>> {
    let columns = (client_secrets::id, client_secrets::client_id, client_secrets::sealed.assume_not_null());
    client_secrets::table.filter(client_secrets::sealed.is_not_null()).select(columns).load(conn).await
}

/// Leaves of a client's secrets what is needed to recognise them.
pub(in crate::store) async fn forget_sealed_secrets(conn: &mut Conn, client_id: String) -> QueryResult<()> {
    let own = client_secrets::table.filter(client_secrets::client_id.eq(client_id));
    diesel::update(own).set(client_secrets::sealed.eq(None::<Vec<u8>>)).execute(conn).await?;
    raise_epoch(conn).await
}

/// `false`: the `client_id` is taken.
pub(in crate::store) async fn create_client(
    conn: &mut Conn,
    new: ClientRow,
    secret: Option<ClientSecretRow>,
) -> QueryResult<bool> {
    let made = diesel::insert_into(clients::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    if made == 0 {
        return Ok(false);
    }
    if let Some(secret) = secret {
        diesel::insert_into(client_secrets::table).values(&secret).execute(conn).await?;
    }
    follow_logo(conn, &new.client_id, &new.metadata).await?;
    raise_epoch(conn).await?;
    Ok(true)
}

pub(in crate::store) async fn update_client(conn: &mut Conn, new: ClientRow) -> QueryResult<bool> {
    let changed = diesel::update(clients::table.find(new.client_id.clone())).set(&new).execute(conn).await?;
    if changed == 1 {
        follow_logo(conn, &new.client_id, &new.metadata).await?;
    }
    raise_epoch(conn).await?;
    Ok(changed == 1)
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

/// With everything that hangs on it: grants, tokens, consents, secrets. What others lock on their way to a client goes
/// before it, in their order.
pub(in crate::store) async fn delete_client(conn: &mut Conn, client_id: String) -> QueryResult<bool> {
    let of_client = grants::client_id.eq(&client_id);
    diesel::delete(device_grants::table.filter(device_grants::client_id.eq(&client_id))).execute(conn).await?;
    diesel::delete(consents::table.filter(consents::client_id.eq(&client_id))).execute(conn).await?;
    diesel::delete(session_clients::table.filter(session_clients::client_id.eq(&client_id))).execute(conn).await?;
    let own = grants::table.filter(of_client).select(grants::id);
    diesel::delete(refresh_chains::table.filter(refresh_chains::grant_id.eq_any(own))).execute(conn).await?;
    diesel::delete(grants::table.filter(of_client)).execute(conn).await?;
    let gone = diesel::delete(clients::table.find(&client_id)).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(gone == 1)
}
