//! Protected resources.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::store::{Updated, held::Held, models::ResourceRow, schema::resources};

pub(in crate::store) async fn list_resources(conn: &mut Conn) -> QueryResult<Vec<ResourceRow>> {
    resources::table.order(resources::created_at).select(ResourceRow::as_select()).load(conn).await
}

/// `false`: the identifier is taken.
pub(in crate::store) async fn create_resource(conn: &mut Conn, new: ResourceRow) -> QueryResult<bool> {
    let made = diesel::insert_into(resources::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(made == 1)
}

/// Changes a resource that is still as it `was` read.
pub(in crate::store) async fn update_resource(
    conn: &mut Conn,
    new: ResourceRow,
    was: ResourceRow,
) -> QueryResult<Updated> {
    let there = resources::table.find(new.identifier.clone()).select(ResourceRow::as_select());
    let Some(there) = Held(there).get_result::<ResourceRow>(conn).await.optional()? else { return Ok(Updated::Gone) };
    if there != was {
        return Ok(Updated::Again);
    }
    diesel::update(resources::table.find(new.identifier.clone())).set(&new).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(Updated::Done)
}

pub(in crate::store) async fn delete_resource(conn: &mut Conn, identifier: String) -> QueryResult<bool> {
    let gone = diesel::delete(resources::table.find(identifier)).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(gone == 1)
}
