//! Apps that register themselves (RFC 7591, RFC 7592), and the tokens for it.

use diesel::{dsl, prelude::*};

use super::{Conn, RunQueryDsl, client::delete_client, grant::lasts, instance::raise_epoch};
use crate::{
    clock::Ts,
    secret::{
        Digest, Id,
        kind::{self, RegistrationToken},
    },
    store::{
        Registered,
        models::{ClientRow, ClientSecretRow, InitialAccessToken},
        schema::{client_secrets, clients, grants, initial_access_tokens},
    },
};

/// As `clients.registered` has it of those that came through the open door.
const OPEN: &str = "open";
/// In the document of those that somebody vouches for since: they stay. A text inside of it has its quotes escaped.
const VERIFIED: &str = "%\"verified\":true%";

/// With a token, one use of it is taken; through the open door, an app that nobody ever used makes room where there is
/// none.
pub(in crate::store) async fn register_client(
    conn: &mut Conn,
    new: ClientRow,
    secret: Option<ClientSecretRow>,
    token: Digest<RegistrationToken>,
    by: Option<Digest<kind::InitialAccessToken>>,
    most: i64,
    now: Ts,
) -> QueryResult<Registered> {
    match by {
        Some(by) => {
            let live = live(now).filter(initial_access_tokens::digest.eq(by));
            let one_less = initial_access_tokens::uses_left.eq(initial_access_tokens::uses_left - 1);
            if diesel::update(live).set(one_less).execute(conn).await? == 0 {
                return Ok(Registered::TokenSpent);
            }
        }
        None if !make_room(conn, most, now).await? => return Ok(Registered::Full),
        None => {}
    }
    let row = (&new, clients::registration_token.eq(token));
    if diesel::insert_into(clients::table).values(row).on_conflict_do_nothing().execute(conn).await? == 0 {
        return Ok(Registered::Taken);
    }
    if let Some(secret) = secret {
        diesel::insert_into(client_secrets::table).values(&secret).execute(conn).await?;
    }
    raise_epoch(conn).await?;
    Ok(Registered::Done)
}

async fn make_room(conn: &mut Conn, most: i64, now: Ts) -> QueryResult<bool> {
    let open = clients::table.filter(clients::registered.eq(OPEN));
    let there: i64 = open.count().get_result(conn).await?;
    if there < most {
        return Ok(true);
    }
    let unused = open.filter(clients::metadata.not_like(VERIFIED)).filter(clients::used_at.is_null());
    let unused = unused.order(clients::created_at).select(clients::client_id);
    while let Some(oldest) = unused.first::<String>(conn).await.optional()? {
        // otherwise somebody else has just taken its place
        if delete_client(conn, oldest, now).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(in crate::store) async fn find_registration_token(
    conn: &mut Conn,
    client_id: String,
) -> QueryResult<Option<Option<Digest<RegistrationToken>>>> {
    clients::table.find(client_id).select(clients::registration_token).get_result(conn).await.optional()
}

pub(in crate::store) async fn touch_client(conn: &mut Conn, client_id: String, now: Ts, before: Ts) -> QueryResult<()> {
    let long_ago = clients::used_at.is_null().or(clients::used_at.lt(before));
    let row = clients::table.find(client_id).filter(clients::registered.is_not_null()).filter(long_ago);
    diesel::update(row).set(clients::used_at.eq(now)).execute(conn).await.map(drop)
}

pub(in crate::store) async fn sweep_clients(
    conn: &mut Conn,
    unused: Ts,
    idle: Ts,
    now: Ts,
    limit: i64,
) -> QueryResult<usize> {
    let mut gone = 0;
    for client_id in list_idle_clients(conn, unused, idle, now, limit).await? {
        gone += usize::from(delete_client(conn, client_id, now).await?);
    }
    Ok(gone)
}

/// Who has a grant that is alive is not idle, whenever it was used last.
pub(in crate::store) async fn list_idle_clients(
    conn: &mut Conn,
    unused: Ts,
    idle: Ts,
    now: Ts,
    limit: i64,
) -> QueryResult<Vec<String>> {
    let alive = grants::table.filter(grants::client_id.eq(clients::client_id)).filter(lasts(now));
    let unused = clients::used_at.is_null().and(clients::created_at.le(unused));
    let over = unused.or(clients::used_at.le(idle).assume_not_null());
    clients::table
        .filter(clients::registered.eq(OPEN))
        .filter(clients::metadata.not_like(VERIFIED))
        .filter(over)
        .filter(dsl::not(dsl::exists(alive)))
        .select(clients::client_id)
        .limit(limit)
        .load(conn)
        .await
}

pub(in crate::store) async fn create_initial_access_token(conn: &mut Conn, new: InitialAccessToken) -> QueryResult<()> {
    diesel::insert_into(initial_access_tokens::table).values(&new).execute(conn).await.map(drop)
}

pub(in crate::store) async fn find_initial_access_token(
    conn: &mut Conn,
    digest: Digest<kind::InitialAccessToken>,
    now: Ts,
) -> QueryResult<Option<InitialAccessToken>> {
    let found = live(now).filter(initial_access_tokens::digest.eq(digest));
    found.select(InitialAccessToken::as_select()).get_result(conn).await.optional()
}

pub(in crate::store) async fn list_initial_access_tokens(
    conn: &mut Conn,
    now: Ts,
) -> QueryResult<Vec<InitialAccessToken>> {
    live(now).order(initial_access_tokens::id).select(InitialAccessToken::as_select()).load(conn).await
}

pub(in crate::store) async fn delete_initial_access_token(conn: &mut Conn, id: Id) -> QueryResult<bool> {
    diesel::delete(initial_access_tokens::table.find(id)).execute(conn).await.map(|gone| gone == 1)
}

/// Not ended, and with uses left.
#[dsl::auto_type(no_type_alias)]
fn live(now: Ts) -> _ {
    let ends: Ts = now;
    initial_access_tokens::table
        .filter(initial_access_tokens::expires_at.gt(ends))
        .filter(initial_access_tokens::uses_left.gt(0_i64))
}
