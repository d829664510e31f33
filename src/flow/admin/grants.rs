//! Grants: who allowed what to whom, and taking it back for them.

use super::{AdminError, Noun, Result, clients, record, users};
use crate::{
    flow::{Context, Origin, audit::Event},
    secret::Id,
    store::{models::Grant, wholly},
};

/// A live grant, with its person and app by name.
pub struct Shown {
    /// The grant.
    pub grant: Grant,
    /// Whose.
    pub username: String,
    /// With which app.
    pub client_name: String,
}

/// Live grants, the latest first; of one person, one client, or both.
///
/// # Errors
/// [`AdminError::NotFound`] for an unknown person or client.
pub async fn list(ctx: &Context, user: Option<&str>, client: Option<&str>, limit: i64) -> Result<Vec<Shown>> {
    let user = match user {
        Some(name) => Some(users::find(ctx, name).await?.id),
        None => None,
    };
    if let Some(client_id) = client {
        clients::find(ctx, client_id).await?;
    }
    let rows = ctx.store.list_grants(user, client.map(str::to_owned), ctx.now(), limit).await?;
    Ok(rows.into_iter().map(|(grant, username, client_name)| Shown { grant, username, client_name }).collect())
}

/// Ends one grant and everything issued from it. What the person agreed to stays remembered.
///
/// # Errors
/// [`AdminError::NotFound`] when there is no live one of this id.
pub async fn revoke(ctx: &Context, origin: &Origin, id: &str) -> Result<()> {
    let Some(grant) = Id::parse(id) else {
        let message = format!("{id:?} is no id of a grant");
        return Err(AdminError::unfit(Noun::Grant, message, "countersign grant list shows them"));
    };
    if !ctx.store.revoke_grant(grant, ctx.now()).await? {
        return Err(AdminError::not_found(Noun::Grant, id));
    }
    record(ctx, origin, Event { name: "grant.revoked", grant_id: Some(grant), ..Event::default() }).await;
    Ok(())
}

/// Removes an app from a person: the consent goes, and every grant ends with all its tokens.
///
/// # Errors
/// [`AdminError::NotFound`] for an unknown person or client, and when there was nothing to remove.
pub async fn remove_app(ctx: &Context, origin: &Origin, user: &str, client_id: &str) -> Result<()> {
    let user = users::find(ctx, user).await?;
    let client = clients::find(ctx, client_id).await?;
    if !wholly(|| ctx.store.remove_app(user.id, client.client_id.clone(), ctx.now())).await? {
        return Err(AdminError::absent(Noun::Grant, format!("of {} with {}", user.username, client.name)));
    }
    let event =
        Event { name: "grant.revoked", user_id: Some(user.id), client_id: Some(&client.client_id), ..Event::default() };
    record(ctx, origin, event).await;
    Ok(())
}
