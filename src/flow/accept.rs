//! Access tokens at our own doors (PROTOCOL R-m): memory may spare the signature, never the state behind it.

use std::sync::Arc;

use quick_cache::sync::Cache;

use super::{Context, Error, Result, catalog::Before};
use crate::{
    jose,
    protocol::{
        Refusal,
        dialect::{Dialect, Door, TOUCH_SECONDS, UNUSED_SECONDS, secrets},
        token::access_token::{self, AccessToken, Claims},
    },
    secret::{Digest, Secret, kind},
    store::{
        Store, TokenState,
        models::{AccessTokenRow, User},
    },
};

const REMEMBERED: usize = 20_000;

/// Tokens whose signature was verified, by digest, each with the name of its key.
pub struct Verified(Cache<[u8; 32], (Arc<str>, Arc<AccessToken>)>);

impl Default for Verified {
    fn default() -> Self {
        Self(Cache::new(REMEMBERED))
    }
}

impl Verified {
    /// Keys may have changed: verify again.
    pub fn forget(&self) {
        self.0.clear();
    }

    /// Only while its key is one: who verified with the keys of before may have been slower than whoever had all
    /// forgotten.
    fn find(&self, digest: &[u8; 32], is_key: impl Fn(&str) -> bool) -> Option<Arc<AccessToken>> {
        self.0.get(digest).filter(|(kid, _)| is_key(kid)).map(|(_, token)| token)
    }
}

/// A token that is alive.
pub struct Accepted {
    /// What it says.
    pub token: Arc<AccessToken>,
    /// The person; `None` for a client's own token.
    pub user: Option<User>,
    /// What its grant keeps of the `claims` parameter.
    pub claims: Option<String>,
}

/// A person's token that is alive.
pub struct Person {
    /// What it says.
    pub token: Arc<AccessToken>,
    /// Whose it is.
    pub user: User,
    /// What its grant keeps of the `claims` parameter.
    pub claims: Option<String>,
}

/// Why a token is not accepted, in words for `countersign token inspect`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dead {
    /// Past its life.
    Expired,
    /// It, its grant or its key was revoked.
    Revoked,
    /// Its person is locked.
    PersonLocked,
    /// Everything issued before a later instant was ended.
    Ended,
    /// Its grant, person or client are gone.
    Orphaned,
}

/// A token of ours, and its person (`None`: it is a client's own) while it is alive, or why it is not.
pub type Judged = (Arc<AccessToken>, std::result::Result<Option<User>, Dead>);

/// A token that is alive: now, or, where the configuration lets a standby say so, as late as that may be. A refusal is
/// never a standby's (PROTOCOL R-q5).
///
/// # Errors
/// [`Refusal::TokenInvalid`].
pub async fn accept(ctx: &Context, text: &str) -> Result<Accepted> {
    let opaque = Secret::<kind::AccessToken>::presented(text);
    let signed =
        if opaque.looks_generated() { None } else { Some(read_signed(ctx, text).await?.ok_or(Refusal::TokenInvalid)?) };
    let look = async |store: &Store| -> Result<Accepted> {
        let token = match &signed {
            Some(token) => Arc::clone(token),
            None => read_opaque(store, &opaque).await?.ok_or(Refusal::TokenInvalid)?,
        };
        let state = judge(ctx, store, &token).await?.map_err(|_| Refusal::TokenInvalid)?;
        Ok(Accepted { token, user: state.user, claims: state.claims })
    };
    match ctx.store.late(&look).await {
        Some(accepted) => Ok(accepted),
        None => look(&ctx.store).await,
    }
}

/// What a token hangs on, if it is alive now by that.
async fn judge(ctx: &Context, store: &Store, token: &AccessToken) -> Result<std::result::Result<TokenState, Dead>> {
    let state = match token.grant {
        Some(grant) => store.find_token_state(token.id, grant).await?,
        None => store.find_client_token_state(token.id, token.client_id.clone()).await?,
    };
    Ok(match state {
        None => Err(Dead::Orphaned),
        Some(state) if access_token::is_alive(token, &state.roots, ctx.now()) => Ok(state),
        Some(_) if token.expires_at <= ctx.now() => Err(Dead::Expired),
        Some(state) if state.roots.revoked => Err(Dead::Revoked),
        Some(state) if state.roots.person_locked => Err(Dead::PersonLocked),
        Some(_) => Err(Dead::Ended),
    })
}

/// A token of a dialect that is alive now, at that dialect's API. One that lives as long as it is used lives on from
/// here (PROTOCOL R-f1). One that came in the address is refused before it is used, unless its client may send it so
/// (R-f2).
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::QueryTokenNotAllowed`].
pub async fn accept_in(ctx: &Context, dialect: Dialect, text: &str, in_query: bool) -> Result<Accepted> {
    let digest = secrets::read_token(dialect, text).ok_or(Refusal::TokenInvalid)?;
    let row = ctx.store.find_access_token(digest).await?.ok_or(Refusal::TokenInvalid)?;
    let (last_used_at, now) = (row.last_used_at, ctx.now());
    let token = parse_row(row)?;
    check_client(ctx, dialect, &token.client_id, in_query).await?;
    let user = judge(ctx, &ctx.store, &token).await?.map_err(|_| Refusal::TokenInvalid)?.user;
    if last_used_at.is_some_and(|at| now.seconds_since(at) >= TOUCH_SECONDS) {
        ctx.store.touch_access_token(digest, now, now.plus_seconds(UNUSED_SECONDS)).await?;
    }
    Ok(Accepted { token: Arc::new(token), user, claims: None })
}

/// What a token of any kind says, dialects' included, and whether it is alive; `None` when it is none of ours. For an
/// administrator, not for a door.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn inspect(ctx: &Context, text: &str) -> Result<Option<Judged>> {
    let found = match of_any_dialect(text) {
        Some(digest) => find_kept(&ctx.store, digest).await?,
        None => read(ctx, text).await?,
    };
    judge_found(ctx, found).await
}

/// What a row keeps of a token of some dialect; `None` for any other text.
#[must_use]
pub fn of_any_dialect(text: &str) -> Option<Digest<kind::AccessToken>> {
    Dialect::ALL.iter().find_map(|dialect| secrets::read_token(*dialect, text))
}

/// Does the token's client still speak this dialect, and may it send its token so? A no never comes from the cache.
///
/// # Errors
/// [`Refusal::TokenInvalid`]; [`Refusal::QueryTokenNotAllowed`].
pub async fn check_client(ctx: &Context, dialect: Dialect, client_id: &str, in_query: bool) -> Result<()> {
    let judge = async |_: &Before| -> Result<()> {
        let client = ctx.catalog.client(ctx, client_id).await?.ok_or(Refusal::TokenInvalid)?;
        Door::Dialect(dialect).admit(&client.metadata).map_err(|_| Refusal::TokenInvalid)?;
        if in_query && !client.metadata.query_token { Err(Refusal::QueryTokenNotAllowed.into()) } else { Ok(()) }
    };
    ctx.catalog.twice(ctx, judge, |verdict| matches!(verdict, Err(Error::Refused(_)))).await
}

/// What a token of a dialect says, and whether it is alive; `None` when it is none of that dialect's.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn inspect_in(ctx: &Context, dialect: Dialect, text: &str) -> Result<Option<Judged>> {
    let Some(digest) = secrets::read_token(dialect, text) else { return Ok(None) };
    judge_found(ctx, find_kept(&ctx.store, digest).await?).await
}

async fn judge_found(ctx: &Context, found: Option<Arc<AccessToken>>) -> Result<Option<Judged>> {
    let Some(token) = found else { return Ok(None) };
    let verdict = judge(ctx, &ctx.store, &token).await?;
    Ok(Some((token, verdict.map(|state| state.user))))
}

/// Reads a token of either form; says nothing about whether it is alive.
///
/// # Errors
/// [`Error`] when the database is away.
pub async fn read(ctx: &Context, text: &str) -> Result<Option<Arc<AccessToken>>> {
    let opaque = Secret::<kind::AccessToken>::presented(text);
    if opaque.looks_generated() { read_opaque(&ctx.store, &opaque).await } else { read_signed(ctx, text).await }
}

async fn read_signed(ctx: &Context, text: &str) -> Result<Option<Arc<AccessToken>>> {
    let key = *Digest::<kind::AccessToken>::of(text.as_bytes()).as_bytes();
    let at = ctx.catalog.snapshot(ctx).await?;
    if let Some(token) = ctx.verified.find(&key, |kid| at.keys.find(kid, ctx.now()).is_some()) {
        return Ok(Some(token));
    }
    let found = ctx.catalog.twice(ctx, async |_| read_jwt(ctx, text).await, |found| matches!(found, Ok(None))).await?;
    let Some((kid, token)) = found.map(|(kid, token)| (kid, Arc::new(token))) else { return Ok(None) };
    ctx.verified.0.insert(key, (kid.into(), Arc::clone(&token)));
    Ok(Some(token))
}

/// With the name of its key.
async fn read_jwt(ctx: &Context, text: &str) -> Result<Option<(String, AccessToken)>> {
    let Some(kid) = jose::peek_header(text).and_then(|header| header.kid) else { return Ok(None) };
    let at = ctx.catalog.snapshot(ctx).await?;
    let Some(key) = at.keys.find(&kid, ctx.now()) else { return Ok(None) };
    let claims = jose::verify::<Claims>(key, access_token::TYP, text).ok();
    Ok(claims.and_then(|claims| AccessToken::from_claims(claims, ctx.issuer())).map(|token| (kid, token)))
}

async fn read_opaque(store: &Store, secret: &Secret<kind::AccessToken>) -> Result<Option<Arc<AccessToken>>> {
    if secret.body().is_none() {
        return Ok(None);
    }
    find_kept(store, secret.digest()).await
}

async fn find_kept(store: &Store, digest: Digest<kind::AccessToken>) -> Result<Option<Arc<AccessToken>>> {
    let row = store.find_access_token(digest).await?;
    row.map(|row| parse_row(row).map(Arc::new)).transpose()
}

fn parse_row(row: AccessTokenRow) -> Result<AccessToken> {
    Ok(AccessToken {
        id: row.id,
        grant: row.grant_id,
        client_id: row.client_id,
        subject: row.subject,
        audience: row.audience.split(' ').map(str::to_owned).collect(),
        scope: super::issue::parse_scope(&row.scope)?,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
    })
}

/// The person behind a token whose audience is the issuer itself: what `/api/verify` and userinfo open to (R-k2, R-l1).
///
/// # Errors
/// [`Refusal::TokenInvalid`] for dead tokens, other audiences and clients' own tokens.
pub async fn accept_person(ctx: &Context, text: &str) -> Result<Person> {
    let Accepted { token, user, claims } = accept(ctx, text).await?;
    let ours = token.audience.iter().any(|uri| uri == ctx.issuer());
    match user {
        Some(user) if ours => Ok(Person { token, user, claims }),
        _ => Err(Error::Refused(Refusal::TokenInvalid)),
    }
}

#[cfg(test)]
mod tests;
