//! Keys that others encrypt with for us: shown, succeeded and ended by an administrator.

use super::{AdminError, Noun, Result, keys::State, record};
use crate::{
    clock::Ts,
    flow::{
        Context, Origin,
        audit::Event,
        encryption_keys::{family_of, succeed},
    },
    jose::jwe::KeyFamily,
    store::models::EncryptionKeyRow,
};

/// Where a key is in its life: [`State::Published`] while others are to encrypt with it, [`State::Retired`] while it still
/// opens what they encrypted with it before.
#[must_use]
pub fn state(key: &EncryptionKeyRow, now: Ts) -> State {
    let over = |at: Option<Ts>| at.is_some_and(|at| at <= now);
    match (key.compromised, over(key.gone_at), over(key.retired_at)) {
        (true, ..) => State::Compromised,
        (_, true, _) => State::Gone,
        (.., true) => State::Retired,
        _ => State::Published,
    }
}

/// Every key there is or was, oldest first.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<EncryptionKeyRow>> {
    Ok(ctx.store.list_encryption_keys().await?)
}

/// The key of this name.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn find(ctx: &Context, kid: &str) -> Result<Option<EncryptionKeyRow>> {
    Ok(list(ctx).await?.into_iter().find(|key| key.kid == kid))
}

/// Publishes a key in the place of the present one, which opens what it may for a while. Gives its name.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn rotate(ctx: &Context, origin: &Origin, family: KeyFamily) -> Result<String> {
    let kid = succeed(ctx, family, None).await?.unwrap_or_default();
    record(ctx, origin, Event { name: "key.rotated", ..Event::default() }).await;
    Ok(kid)
}

/// No key is retired but by the one that takes its place. Says why.
#[must_use]
pub fn not_retired(key: &EncryptionKeyRow, now: Ts) -> AdminError {
    let (kid, family) = (&key.kid, &key.family);
    let (message, remedy) = match state(key, now) {
        State::Published => {
            let remedy = format!("countersign keys rotate --alg {family} publishes another and retires this");
            (format!("no other {family} key is published"), remedy)
        }
        State::Retired => {
            let remedy = format!("if its private half leaked: countersign keys retire {kid} --compromised");
            (format!("{kid} is retired already"), remedy)
        }
        state => (format!("{kid} is {} already", state.name()), "nothing is left to do".to_owned()),
    };
    AdminError::unfit(Noun::Key, message, remedy)
}

/// Ends a key whose private half may be in other hands: it opens nothing any more, and if it was the published one, another
/// is published. Gives the name of that.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn compromised(ctx: &Context, origin: &Origin, key: &EncryptionKeyRow) -> Result<Option<String>> {
    let now = ctx.now();
    // the successor first: at no moment is there none to encrypt with
    let is_published = state(key, now) == State::Published;
    let follows = if is_published { succeed(ctx, family_of(key)?, None).await? } else { None };
    ctx.store.end_encryption_key(key.kid.clone(), now).await?;
    record(ctx, origin, Event { name: "key.compromised", ..Event::default() }).await;
    Ok(follows)
}
