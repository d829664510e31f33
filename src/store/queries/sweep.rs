//! Removing what has ended, a few rows at a time: nothing grows without a ceiling, and nobody waits for it.

use diesel::{prelude::*, sql_query, sql_types::BigInt};

use super::{Conn, RunQueryDsl};
use crate::{
    clock::Ts,
    secret::Id,
    store::{
        ending::Ending,
        leftover::Leftover,
        outcome::Swept,
        schema::{audit_events, grants},
    },
};

/// The latest id of an event or a grant: ids are ordered by time.
pub(in crate::store) async fn find_latest(conn: &mut Conn) -> QueryResult<Option<Id>> {
    let event = audit_events::table.order(audit_events::id.desc()).select(audit_events::id);
    let grant = grants::table.order(grants::id.desc()).select(grants::id);
    let (event, grant) = (event.first::<Id>(conn).await.optional()?, grant.first::<Id>(conn).await.optional()?);
    Ok(event.max(grant))
}

/// What [`sweep`] would remove of each table, were it asked until nothing is left, and what deleted clients left there.
pub(in crate::store) async fn count_ended(conn: &mut Conn, now: Ts) -> QueryResult<Vec<(String, i64)>> {
    #[derive(QueryableByName)]
    struct Counted {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    let mut counts = Vec::new();
    for ending in Ending::ALL {
        let until = now.plus_seconds(-ending.kept_seconds).micros();
        let counted: Counted = sql_query(ending.count()).bind::<BigInt, _>(until).get_result(conn).await?;
        counts.push((ending.table.to_owned(), counted.rows));
    }
    for (table, rows) in &mut counts {
        if let Some(count) = Leftover::ALL.iter().find_map(|leftover| leftover.count(table)) {
            *rows += sql_query(count).get_result::<Counted>(conn).await?.rows;
        }
    }
    Ok(counts)
}

/// A few that have ended by `now`, the oldest first, beginning where the last step came to.
pub(in crate::store) async fn sweep(conn: &mut Conn, ending: Ending, from: Option<Ts>, now: Ts) -> QueryResult<Swept> {
    #[derive(QueryableByName)]
    struct Gone {
        #[diesel(sql_type = BigInt)]
        ended: i64,
    }
    let (from, until) = (from.map_or(i64::MIN, Ts::micros), now.plus_seconds(-ending.kept_seconds).micros());
    let gone: Vec<Gone> = ending.step(from, until).load(conn).await?;
    let reached = gone.iter().map(|gone| gone.ended).max();
    Ok(Swept { rows: gone.len(), left_from: reached.filter(|_| gone.len() == ending.rows).map(Ts::from_micros) })
}
