//! One-time links. Looking at one never consumes it.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl};
use crate::{
    clock::Ts,
    secret::{Digest, kind::Link},
    store::{models::LinkRow, schema::links},
};

/// A new link voids the former ones of its kind and person.
pub(in crate::store) async fn create_link(conn: &mut Conn, new: LinkRow) -> QueryResult<()> {
    let former = links::table.filter(links::kind.eq(new.kind.clone()));
    match new.user_id {
        Some(user) => diesel::delete(former.filter(links::user_id.eq(user))).execute(conn).await?,
        None => diesel::delete(former.filter(links::user_id.is_null())).execute(conn).await?,
    };
    diesel::insert_into(links::table).values(&new).execute(conn).await.map(drop)
}

pub(in crate::store) async fn find_link(
    conn: &mut Conn,
    digest: Digest<Link>,
    now: Ts,
) -> QueryResult<Option<LinkRow>> {
    let live = links::table.find(digest).filter(links::expires_at.gt(now));
    live.select(LinkRow::as_select()).get_result(conn).await.optional()
}
