//! Signing keys: shown, succeeded and retired by an administrator (DESIGN §5).

use super::{AdminError, Noun, Result, record};
use crate::{
    clock::Ts,
    flow::{
        Context, Origin,
        audit::Event,
        keys::{PUBLISHED_BEFORE_SECONDS, gone_after, succeed},
    },
    jose::Algorithm,
    store::models::SigningKeyRow,
};

/// Where a key is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In the JWKS; signs later.
    Published,
    /// Signs.
    Signing,
    /// In the JWKS until the last token it signed is dead.
    Retired,
    /// Not in the JWKS any more; its private half is erased.
    Gone,
    /// Ended by an administrator with everything it signed.
    Compromised,
}

impl State {
    /// In lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Signing => "signing",
            Self::Retired => "retired",
            Self::Gone => "gone",
            Self::Compromised => "compromised",
        }
    }

    /// Of a key, now.
    #[must_use]
    pub fn of(key: &SigningKeyRow, now: Ts) -> Self {
        if key.compromised {
            Self::Compromised
        } else if key.gone_at.is_some_and(|at| at <= now) {
            Self::Gone
        } else if key.retired_at.is_some_and(|at| at <= now) {
            Self::Retired
        } else if key.signs_from > now {
            Self::Published
        } else {
            Self::Signing
        }
    }
}

/// What came of asking for a successor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Succession {
    /// Of which algorithm.
    pub algorithm: Algorithm,
    /// The key that follows.
    pub kid: String,
    /// When it begins to sign.
    pub signs_from: Ts,
    /// Was it made now, or published before?
    pub made: bool,
}

/// Every key there is or was, oldest first.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn list(ctx: &Context) -> Result<Vec<SigningKeyRow>> {
    Ok(ctx.store.list_keys().await?)
}

/// The algorithms that have a key.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn algorithms(ctx: &Context) -> Result<Vec<Algorithm>> {
    let keys = list(ctx).await?;
    let has = |algorithm: &Algorithm| keys.iter().any(|key| key.algorithm == algorithm.name() && !key.compromised);
    Ok(Algorithm::ALL.iter().copied().filter(has).collect())
}

/// Publishes a successor that signs in a day, or signs at once. One that is published already is taken, not doubled.
///
/// # Errors
/// [`AdminError`] when the database is away.
pub async fn rotate(ctx: &Context, origin: &Origin, algorithm: Algorithm, at_once: bool) -> Result<Succession> {
    let now = ctx.now();
    let keys = of_algorithm(ctx, algorithm).await?;
    let waiting = keys.iter().filter(|key| State::of(key, now) == State::Published).max_by_key(|key| key.signs_from);
    let succession = match waiting {
        Some(key) if at_once => {
            hasten(ctx, key).await?;
            Succession { algorithm, kid: key.kid.clone(), signs_from: now, made: false }
        }
        Some(key) => {
            return Ok(Succession { algorithm, kid: key.kid.clone(), signs_from: key.signs_from, made: false });
        }
        None => {
            // the first key of an algorithm signs at once: nobody can hold an older JWKS that has another
            let at_once = at_once || keys.iter().all(|key| key.compromised);
            let signs_from = if at_once { now } else { now.plus_seconds(PUBLISHED_BEFORE_SECONDS) };
            let kid = succeed(ctx, algorithm, signs_from, None).await?.unwrap_or_default();
            Succession { algorithm, kid, signs_from, made: true }
        }
    };
    record(ctx, origin, Event { name: "key.rotated", ..Event::default() }).await;
    Ok(succession)
}

/// Ends a key's signing where another one signs. What it signed stays good until it expires.
///
/// # Errors
/// [`AdminError`] when there is no such key, or nothing would sign in its place.
pub async fn retire(ctx: &Context, origin: &Origin, kid: &str) -> Result<Ts> {
    let now = ctx.now();
    let key = find(ctx, kid).await?;
    let unfit = |message: String, remedy: &str| Err(AdminError::unfit(Noun::Key, message, remedy));
    match State::of(&key, now) {
        State::Signing => {}
        State::Published => {
            let remedy = format!("if its private half leaked: countersign keys retire {kid} --compromised");
            return unfit(format!("{kid} is the successor and has not signed yet"), &remedy);
        }
        state => return unfit(format!("{kid} is {} already", state.name()), "nothing is left to do"),
    }
    let algorithm = algorithm_of(&key)?;
    let keys = of_algorithm(ctx, algorithm).await?;
    let follows = |other: &&SigningKeyRow| {
        other.kid != kid && State::of(other, now) == State::Signing && other.signs_from >= key.signs_from
    };
    if !keys.iter().any(|other| follows(&other)) {
        let remedy = format!("countersign keys rotate --alg {} --now makes one and retires this", algorithm.name());
        return unfit(format!("no other {} key signs yet", algorithm.name()), &remedy);
    }
    let gone_at = gone_after(ctx, now).await?;
    ctx.store.retire_key(kid.to_owned(), now, gone_at, false).await?;
    record(ctx, origin, Event { name: "key.retired", ..Event::default() }).await;
    Ok(gone_at)
}

/// Ends a key whose private half may be in other hands: its tokens die at our doors at once, it leaves the JWKS, and
/// if it was the one that signs, another signs at once. Says which.
///
/// # Errors
/// [`AdminError::NotFound`].
pub async fn compromised(ctx: &Context, origin: &Origin, kid: &str) -> Result<Option<Succession>> {
    let now = ctx.now();
    let key = find(ctx, kid).await?;
    let algorithm = algorithm_of(&key)?;
    let others: Vec<_> = of_algorithm(ctx, algorithm).await?.into_iter().filter(|other| other.kid != kid).collect();
    let with = |state: State| others.iter().filter(move |other| State::of(other, now) == state);
    let waiting = with(State::Published).max_by_key(|other| other.signs_from);
    let succession = |kid: String, signs_from: Ts, made: bool| Some(Succession { algorithm, kid, signs_from, made });
    // the successor first: at no moment does nobody sign
    let follows = match (State::of(&key, now), waiting) {
        (State::Signing, Some(next)) if with(State::Signing).next().is_none() => {
            hasten(ctx, next).await?;
            succession(next.kid.clone(), now, false)
        }
        (State::Signing, None) if with(State::Signing).next().is_none() => {
            let made = succeed(ctx, algorithm, now, None).await?;
            made.and_then(|kid| succession(kid, now, true))
        }
        // the others retire when this one was to begin
        (State::Published, None) => {
            let made = succeed(ctx, algorithm, key.signs_from, None).await?;
            made.and_then(|kid| succession(kid, key.signs_from, true))
        }
        _ => None,
    };
    ctx.store.retire_key(kid.to_owned(), key.retired_at.map_or(now, |at| at.min(now)), now, true).await?;
    record(ctx, origin, Event { name: "key.compromised", ..Event::default() }).await;
    Ok(follows)
}

/// The published one signs from now on, and those that signed retire.
async fn hasten(ctx: &Context, next: &SigningKeyRow) -> Result<()> {
    let now = ctx.now();
    let gone_at = gone_after(ctx, now).await?;
    Ok(ctx.store.hasten_key(next.kid.clone(), next.algorithm.clone(), now, gone_at).await?)
}

async fn of_algorithm(ctx: &Context, algorithm: Algorithm) -> Result<Vec<SigningKeyRow>> {
    Ok(list(ctx).await?.into_iter().filter(|key| key.algorithm == algorithm.name()).collect())
}

async fn find(ctx: &Context, kid: &str) -> Result<SigningKeyRow> {
    list(ctx).await?.into_iter().find(|key| key.kid == kid).ok_or_else(|| AdminError::not_found(Noun::Key, kid))
}

fn algorithm_of(key: &SigningKeyRow) -> Result<Algorithm> {
    let unknown =
        || AdminError::unfit(Noun::Key, format!("{} is of no algorithm this release has", key.kid), "update first");
    Algorithm::parse(&key.algorithm).ok_or_else(unknown)
}
