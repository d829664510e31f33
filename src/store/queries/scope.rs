//! Scopes.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::store::{Updated, held::Held, models::ScopeRow, schema::scopes};

/// In the order of creation.
pub(in crate::store) async fn list_scopes(conn: &mut Conn) -> QueryResult<Vec<ScopeRow>> {
    scopes::table.order((scopes::ordinal, scopes::name)).select(ScopeRow::as_select()).load(conn).await
}

/// Its ordinal is the next one. `false`: the name is taken.
pub(in crate::store) async fn create_scope(conn: &mut Conn, new: ScopeRow) -> QueryResult<bool> {
    Ok(!create_scopes(conn, vec![new]).await?.is_empty())
}

/// Their ordinals are the next ones. Those whose names are taken stay as they are; the names that were made.
pub(in crate::store) async fn create_scopes(conn: &mut Conn, new: Vec<ScopeRow>) -> QueryResult<Vec<String>> {
    let last: Option<i64> = scopes::table.select(diesel::dsl::max(scopes::ordinal)).get_result(conn).await?;
    let mut made = Vec::new();
    for (ordinal, scope) in (last.unwrap_or(0) + 1..).zip(new) {
        let row = ScopeRow { ordinal, ..scope };
        if diesel::insert_into(scopes::table).values(&row).on_conflict_do_nothing().execute(conn).await? == 1 {
            made.push(row.name);
        }
    }
    raise_epoch(conn).await?;
    Ok(made)
}

/// Changes a scope that is still as it `was` read.
pub(in crate::store) async fn update_scope(conn: &mut Conn, new: ScopeRow, was: ScopeRow) -> QueryResult<Updated> {
    let there = scopes::table.find(new.name.clone()).select(ScopeRow::as_select());
    let Some(there) = Held(there).get_result::<ScopeRow>(conn).await.optional()? else { return Ok(Updated::Gone) };
    if there != was {
        return Ok(Updated::Again);
    }
    diesel::update(scopes::table.find(new.name.clone())).set(&new).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(Updated::Done)
}

pub(in crate::store) async fn delete_scope(conn: &mut Conn, name: String) -> QueryResult<bool> {
    let gone = diesel::delete(scopes::table.find(name)).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(gone == 1)
}
