//! Initial access tokens (RFC 7591 §1.2): with one, an app registers itself where not everybody may.

use super::{AdminError, Noun, Result, record};
use crate::{
    flow::{Context, Origin, audit::Event},
    protocol::plain_text::is_plain_text,
    secret::{Id, Secret, kind},
    store::models::InitialAccessToken,
};

/// Makes one that is good for so many registrations and seconds. The token is shown now or never.
///
/// # Errors
/// [`AdminError`] when the note is unfit.
pub async fn create(
    ctx: &Context,
    origin: &Origin,
    note: &str,
    uses: u32,
    seconds: u32,
) -> Result<(InitialAccessToken, Secret<kind::InitialAccessToken>)> {
    if !is_plain_text(note, 80) {
        let message = "a note is one line of at most 80 characters";
        return Err(AdminError::unfit(Noun::InitialAccessToken, message, "shorten it"));
    }
    let (now, secret) = (ctx.now(), Secret::generate());
    let row = InitialAccessToken {
        id: Id::new(now),
        digest: secret.digest(),
        note: note.trim().to_owned(),
        uses_left: i64::from(uses),
        created_at: now,
        expires_at: now.plus_seconds(i64::from(seconds)),
    };
    ctx.store.create_initial_access_token(row.clone()).await?;
    record(ctx, origin, Event { name: "initial_access_token.created", ..Event::default() }).await;
    Ok((row, secret))
}

/// Those that are still good, the oldest first.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<InitialAccessToken>> {
    Ok(ctx.store.list_initial_access_tokens(ctx.now()).await?)
}

/// Ends one. What was registered with it stays.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn delete(ctx: &Context, origin: &Origin, id: &str) -> Result<()> {
    let not_found = || AdminError::not_found(Noun::InitialAccessToken, id);
    let id = Id::parse(id).ok_or_else(not_found)?;
    if !ctx.store.delete_initial_access_token(id).await? {
        return Err(not_found());
    }
    record(ctx, origin, Event { name: "initial_access_token.deleted", ..Event::default() }).await;
    Ok(())
}
