//! A person's own account: connected apps and sessions.

use std::sync::Arc;

use super::{
    Context, Origin, Result,
    audit::{self, Event},
    catalog::parse_client,
    issue,
};
use crate::{
    clock::Ts,
    protocol::{client_metadata::Client, scope::Scope},
    secret::Id,
    store::{EndedSession, wholly},
};

/// An app that can use the account.
pub struct App {
    /// The app.
    pub client: Client,
    /// What it may do.
    pub scope: Scope,
    /// Since when.
    pub allowed_at: Ts,
    /// When it last got a token.
    pub last_used_at: Option<Ts>,
}

/// How many apps can use a person's account.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn count_apps(ctx: &Context, user: i64) -> Result<u32> {
    let count = ctx.store.count_connected_apps(user, ctx.now()).await?;
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The apps that can use a person's account, the latest first.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn list_apps(ctx: &Context, user: i64) -> Result<Vec<App>> {
    let rows = ctx.store.list_connected_apps(user, ctx.now()).await?;
    let mut apps = Vec::new();
    for row in rows {
        let mut client = parse_client(row.client, Vec::new())?;
        if client.metadata.shown_logo_uri().is_some() {
            let held = ctx.catalog.client(ctx, &client.client_id).await?;
            client.logo = held.and_then(|held| held.logo.clone());
        }
        apps.push(App {
            client,
            scope: issue::parse_scope(&row.consent.scope)?,
            allowed_at: row.consent.updated_at,
            last_used_at: row.last_used_at,
        });
    }
    Ok(apps)
}

/// For how long somebody is told that an app's access ended because of a theft, in seconds: thirty days.
const TOLD_SECONDS: i64 = 30 * 24 * 3600;

/// An app whose access has ended because a key to the account was presented a second time.
pub struct Theft {
    /// The app.
    pub client: Arc<Client>,
    /// When, the last time.
    pub at: Ts,
}

/// What a person is told of stolen keys (DESIGN §5), the latest first, each app once. Apps that are gone are left out.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn list_thefts(ctx: &Context, user: i64) -> Result<Vec<Theft>> {
    let mut thefts: Vec<Theft> = Vec::new();
    for event in ctx.store.list_thefts(user, ctx.now().plus_seconds(-TOLD_SECONDS)).await? {
        let Some(client_id) = event.client_id else { continue };
        if thefts.iter().any(|theft| theft.client.client_id == client_id) {
            continue;
        }
        if let Some(client) = ctx.catalog.client(ctx, &client_id).await? {
            thefts.push(Theft { client, at: event.at });
        }
    }
    Ok(thefts)
}

/// Takes an app's access back: its tokens are dead at once. `false`: it had none. `actor`: the person, or the app itself.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn remove_app(
    ctx: &Arc<Context>,
    origin: &Origin,
    actor: &'static str,
    user: i64,
    client_id: &str,
) -> Result<bool> {
    let removed = wholly(|| ctx.store.remove_app(user, client_id.to_owned(), ctx.now())).await?;
    if removed {
        let event =
            Event { name: "grant.revoked", actor, client_id: Some(client_id), user_id: Some(user), ..Event::default() };
        audit::record(ctx, origin, &event);
    }
    Ok(removed)
}

/// Signs one browser of this person out. `None`: it was not signed in.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn end_session(ctx: &Context, user: i64, session: Id) -> Result<Option<EndedSession>> {
    Ok(ctx.store.end_session(user, session, ctx.now()).await?)
}

/// Signs every browser of this person out but one.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn end_other_sessions(ctx: &Context, user: i64, keep: Id) -> Result<usize> {
    Ok(ctx.store.end_other_sessions(user, keep, ctx.now()).await?.len())
}
