//! Protected resources.

use diesel::prelude::*;

use super::{Conn, RunQueryDsl, instance::raise_epoch};
use crate::store::{models::ResourceRow, schema::resources};

pub(in crate::store) async fn list_resources(conn: &mut Conn) -> QueryResult<Vec<ResourceRow>> {
    resources::table.order(resources::created_at).select(ResourceRow::as_select()).load(conn).await
}

/// `false`: the identifier is taken.
pub(in crate::store) async fn create_resource(conn: &mut Conn, new: ResourceRow) -> QueryResult<bool> {
    let made = diesel::insert_into(resources::table).values(&new).on_conflict_do_nothing().execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(made == 1)
}

pub(in crate::store) async fn update_resource(conn: &mut Conn, new: ResourceRow) -> QueryResult<bool> {
    let changed = diesel::update(resources::table.find(new.identifier.clone())).set(&new).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(changed == 1)
}

pub(in crate::store) async fn delete_resource(conn: &mut Conn, identifier: String) -> QueryResult<bool> {
    let gone = diesel::delete(resources::table.find(identifier)).execute(conn).await?;
    raise_epoch(conn).await?;
    Ok(gone == 1)
}
