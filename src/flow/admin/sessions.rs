//! Sessions: which browsers are signed in, and signing them out for their people.

use super::{AdminError, Noun, Result, record, users};
use crate::{
    flow::{Context, Origin, audit::Event, login::session},
    secret::Id,
    store::models::{Session, User},
};

/// A live session, with its person by name.
pub struct Shown {
    /// The session.
    pub session: Session,
    /// Whose.
    pub username: String,
}

/// Live sessions, those that signed in last first; of one person or of all.
///
/// # Errors
/// [`AdminError::NotFound`] for an unknown person.
pub async fn list(ctx: &Context, user: Option<&str>, limit: i64) -> Result<Vec<Shown>> {
    let user = match user {
        Some(name) => Some(users::find(ctx, name).await?.id),
        None => None,
    };
    let now = ctx.now();
    let rows = ctx.store.list_live_sessions(user, session::seen_since(ctx, now), now, limit).await?;
    Ok(rows.into_iter().map(|(session, username)| Shown { session, username }).collect())
}

/// Signs one browser out, as its person would: what lasts as long as the session ends, and apps are told.
///
/// # Errors
/// [`AdminError::NotFound`] when there is no live one of this id.
pub async fn revoke(ctx: &Context, origin: &Origin, id: &str) -> Result<()> {
    let Some(session) = Id::parse(id) else {
        let message = format!("{id:?} is no id of a session");
        return Err(AdminError::unfit(Noun::Session, message, "countersign session list shows them"));
    };
    let Some(user) = ctx.store.find_session_person(session, ctx.now()).await? else {
        return Err(AdminError::not_found(Noun::Session, id));
    };
    if ctx.store.end_session(user, session, ctx.now()).await?.is_none() {
        return Err(AdminError::not_found(Noun::Session, id));
    }
    record(ctx, origin, event(user)).await;
    Ok(())
}

/// Signs every browser of a person out; says how many there were.
///
/// # Errors
/// [`AdminError::NotFound`] for an unknown person.
pub async fn revoke_all(ctx: &Context, origin: &Origin, name: &str) -> Result<(User, usize)> {
    let user = users::find(ctx, name).await?;
    let ended = ctx.store.end_all_sessions(user.id, ctx.now()).await?.len();
    if ended > 0 {
        record(ctx, origin, event(user.id)).await;
    }
    Ok((user, ended))
}

fn event(user: i64) -> Event<'static> {
    Event { name: "session.revoked", user_id: Some(user), ..Event::default() }
}
