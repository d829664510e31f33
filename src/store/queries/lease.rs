//! Whose turn a job is that one instance is enough for. A row and the instances' own clocks: no session of the database
//! has to be kept for it, so it holds behind a pooler as well, and whoever is killed with it loses it by itself.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl};
use crate::{clock::Ts, secret::Id, store::schema::leases};

/// Takes the job until `until`, or goes on with it. `false`: it is another's. One that would last longer than what is
/// asked for was taken by a clock that was ahead, and counts as over.
pub(in crate::store) async fn take_lease(
    conn: &mut Conn,
    job: String,
    holder: Id,
    now: Ts,
    until: Ts,
) -> QueryResult<bool> {
    let free = leases::until.le(now).or(leases::until.gt(until)).or(leases::holder.eq(holder));
    diesel::update(leases::table.find(job).filter(free))
        .set((leases::holder.eq(holder), leases::until.eq(until)))
        .execute(conn)
        .await
        .map(|taken| taken == 1)
}

/// Of the row that says up to when the clock is believed. It is nobody's turn.
const HORIZON: &str = "horizon";

/// The clock is believed up to here, says the one who sweeps.
pub(in crate::store) async fn keep_horizon(conn: &mut Conn, by: Id, believed: Ts) -> QueryResult<()> {
    let said = (leases::holder.eq(by), leases::until.eq(believed));
    diesel::insert_into(leases::table)
        .values((leases::job.eq(HORIZON), said))
        .on_conflict(leases::job)
        .do_update()
        .set(said)
        .execute(conn)
        .await
        .map(drop)
}

pub(in crate::store) async fn find_horizon(conn: &mut Conn) -> QueryResult<Option<Ts>> {
    leases::table.find(HORIZON).select(leases::until).get_result(conn).await.optional()
}

/// Of the row that says until when tokens live whose life was shortened since they were signed. It is nobody's turn either.
const SIGNED: &str = "signed";

pub(in crate::store) async fn keep_signed(conn: &mut Conn, by: Id, until: Ts) -> QueryResult<()> {
    let said = (leases::holder.eq(by), leases::until.eq(until));
    let first = (leases::job.eq(SIGNED), said);
    diesel::insert_into(leases::table).values(first).on_conflict_do_nothing().execute(conn).await?;
    let earlier = leases::table.find(SIGNED).filter(leases::until.lt(until));
    diesel::update(earlier).set(said).execute(conn).await.map(drop)
}

pub(in crate::store) async fn find_signed(conn: &mut Conn) -> QueryResult<Option<Ts>> {
    leases::table.find(SIGNED).select(leases::until).get_result(conn).await.optional()
}
