//! A person's own account: connected apps and sessions.

use std::{cmp::Reverse, sync::Arc};

use super::{
    Context, Origin, Result,
    audit::{self, Event},
    catalog::parse_client,
    issue,
};
use crate::{
    clock::Ts,
    protocol::{
        client_metadata::Client,
        dialect::{Dialect, Door},
        scope::Scope,
    },
    secret::Id,
    store::{ConnectedApp, EndedSession, wholly},
};

/// An app that can use the account.
pub struct App {
    /// The app.
    pub client: Client,
    /// What it may do.
    pub scope: Scope,
    /// Did the person say so? An app of the house may not have asked.
    pub is_allowed: bool,
    /// Since when.
    pub since: Ts,
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
        let (scope, is_allowed) = (held(&row)?, row.consent.is_some());
        let mut client = parse_client(row.client, Vec::new())?;
        if client.metadata.shown_logo_uri().is_some() {
            let held = ctx.catalog.client(ctx, &client.client_id).await?;
            client.logo = held.and_then(|held| held.logo.clone());
        }
        apps.push(App { client, scope, is_allowed, since: row.since, last_used_at: row.last_used_at });
    }
    apps.sort_by_key(|app| Reverse(app.since));
    Ok(apps)
}

/// What an app may do: what was agreed to, and what it was given besides. What was left out or given back does no token
/// of a dialect that lets people choose.
fn held(app: &ConnectedApp) -> Result<Scope> {
    let (mut held, declined) = match &app.consent {
        Some(consent) => (issue::parse_scope(&consent.scope)?, issue::parse_scope(&consent.declined)?),
        None => (Scope::default(), Scope::default()),
    };
    for given in &app.given {
        let scope = issue::parse_scope(&given.scope)?;
        let dialect = given.dialect.as_deref().and_then(Dialect::parse);
        let lets_skip = dialect.is_some_and(|dialect| Door::Dialect(dialect).lets_skip());
        held = held.union(&scope.filtered(|name| !(lets_skip && declined.has(name))));
    }
    Ok(held)
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
