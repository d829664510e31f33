//! Logos of clients: what is to be fetched is written where a client is, in the same transaction; so whoever vouches for a
//! client no longer takes its picture away at once.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::{
    clock::Ts,
    protocol::client_logo,
    store::{
        models::ClientLogo,
        schema::{client_logos, clients},
    },
};

/// What is kept becomes what a client with this document is to have: nothing, the picture there is, or one that is still
/// to be fetched. A change gives an address that led nowhere all its tries again.
pub(super) async fn follow_logo(conn: &mut Conn, client_id: &str, document: &str) -> QueryResult<()> {
    let own = client_logos::table.filter(client_logos::client_id.eq(client_id));
    let Some(uri) = client_logo::wanted(document) else {
        return diesel::delete(own).execute(conn).await.map(drop);
    };
    let not_this = client_logos::uri.ne(&uri).or(client_logos::hash.is_null());
    diesel::delete(own.filter(not_this)).execute(conn).await?;
    let new = ClientLogo {
        client_id: client_id.to_owned(),
        uri,
        tries: 0,
        tried_at: None,
        next_try_at: Some(Ts::ZERO),
        reason: None,
        hash: None,
        png: None,
    };
    diesel::insert_into(client_logos::table).values(&new).on_conflict_do_nothing().execute(conn).await.map(drop)
}

/// Clients whose logo is to be fetched now.
pub(in crate::store) async fn find_due_logos(conn: &mut Conn, most: i64, now: Ts) -> QueryResult<Vec<String>> {
    let due = client_logos::table.filter(client_logos::next_try_at.le(now));
    due.order(client_logos::next_try_at).select(client_logos::client_id).limit(most).load(conn).await
}

/// Takes one of them: until `until` it is nobody else's. Its address, and the number of this try.
pub(in crate::store) async fn claim_logo(
    conn: &mut Conn,
    client_id: String,
    until: Ts,
    now: Ts,
) -> QueryResult<Option<(String, i64)>> {
    let row = clients::table.find(&client_id).select(clients::metadata);
    let Some(document) = row.get_result::<String>(conn).await.optional()? else { return Ok(None) };
    let kept = client_logos::table.find(&client_id).select(client_logos::uri);
    let kept: Option<String> = kept.get_result(conn).await.optional()?;
    // changed by a release of before, which knows of no logos
    if kept != client_logo::wanted(&document) {
        follow_logo(conn, &client_id, &document).await?;
    }
    diesel::update(client_logos::table.find(&client_id).filter(client_logos::next_try_at.le(now)))
        .set((client_logos::next_try_at.eq(until), client_logos::tries.eq(client_logos::tries + 1)))
        .returning((client_logos::uri, client_logos::tries))
        .get_result(conn)
        .await
        .optional()
}

/// The picture that was made of what is at this address, unless the client has another one by now.
pub(in crate::store) async fn keep_logo(
    conn: &mut Conn,
    client_id: String,
    uri: String,
    hash: String,
    png: Vec<u8>,
    now: Ts,
) -> QueryResult<bool> {
    let picture = (client_logos::hash.eq(Some(hash)), client_logos::png.eq(Some(png)));
    let done = (client_logos::tried_at.eq(Some(now)), client_logos::next_try_at.eq(None::<Ts>));
    let changed = diesel::update(client_logos::table.find(client_id).filter(client_logos::uri.eq(uri)))
        .set((picture, done, client_logos::reason.eq(None::<String>)))
        .execute(conn)
        .await?;
    if changed == 1 {
        raise_epoch(conn).await?;
    }
    Ok(changed == 1)
}

/// There was no picture: again at `next`, or, without one, not until the client changes.
pub(in crate::store) async fn put_logo_off(
    conn: &mut Conn,
    client_id: String,
    uri: String,
    reason: String,
    next: Option<Ts>,
    now: Ts,
) -> QueryResult<()> {
    let row =
        client_logos::table.find(client_id).filter(client_logos::uri.eq(uri)).filter(client_logos::hash.is_null());
    let tried = (client_logos::tried_at.eq(Some(now)), client_logos::next_try_at.eq(next));
    diesel::update(row).set((tried, client_logos::reason.eq(Some(reason)))).execute(conn).await.map(drop)
}

/// Forgets a client's picture, to have it fetched anew. `false`: it is to have none.
pub(in crate::store) async fn renew_logo(conn: &mut Conn, client_id: String) -> QueryResult<bool> {
    let row = clients::table.find(&client_id).select(clients::metadata);
    let Some(document) = row.get_result::<String>(conn).await.optional()? else { return Ok(false) };
    diesel::delete(client_logos::table.find(&client_id)).execute(conn).await?;
    follow_logo(conn, &client_id, &document).await?;
    raise_epoch(conn).await?;
    Ok(client_logo::wanted(&document).is_some())
}

/// The hash of the picture that was made of what is at this address.
pub(in crate::store) async fn find_logo_hash(
    conn: &mut Conn,
    client_id: String,
    uri: String,
) -> QueryResult<Option<String>> {
    let row = client_logos::table.find(client_id).filter(client_logos::uri.eq(uri));
    row.select(client_logos::hash).get_result(conn).await.optional().map(Option::flatten)
}

/// A picture, while it is the client's.
pub(in crate::store) async fn find_picture(
    conn: &mut Conn,
    client_id: String,
    hash: String,
) -> QueryResult<Option<Vec<u8>>> {
    let row = client_logos::table.inner_join(clients::table);
    let row = row.filter(client_logos::client_id.eq(client_id)).filter(client_logos::hash.eq(hash));
    let found = row.select((client_logos::uri, client_logos::png, clients::metadata)).get_result(conn).await;
    let found: Option<(String, Option<Vec<u8>>, String)> = found.optional()?;
    let own = found.filter(|(uri, _, document)| client_logo::wanted(document).as_ref() == Some(uri));
    Ok(own.and_then(|(_, png, _)| png))
}

/// How a client's logo stands.
pub(in crate::store) async fn find_logo(conn: &mut Conn, client_id: String) -> QueryResult<Option<ClientLogo>> {
    client_logos::table.find(client_id).select(ClientLogo::as_select()).get_result(conn).await.optional()
}
