//! Names of assertions that were used: each once (RFC 7523 §3, PROTOCOL R-q7).

use diesel::prelude::*;

use super::{Conn, RunQueryDsl};
use crate::{clock::Ts, store::schema::used_jtis};

/// `false`: it was used before.
pub(in crate::store) async fn use_jti(conn: &mut Conn, digest: Vec<u8>, expires_at: Ts) -> QueryResult<bool> {
    let row = (used_jtis::digest.eq(digest), used_jtis::expires_at.eq(expires_at));
    let written = diesel::insert_into(used_jtis::table).values(row).on_conflict_do_nothing().execute(conn).await?;
    Ok(written == 1)
}
