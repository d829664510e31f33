//! Token introspection (RFC 7662): what a caller may not see is exactly `{"active":false}`.

use super::{
    Context, Error, Result,
    accept::{self, Accepted},
    client_auth, issue, register,
};
use crate::{
    protocol::{
        client_auth::PresentedCredentials,
        client_metadata::Client,
        dialect::Door,
        grant::refresh_token::{ChainToken, Place},
        params::Params,
        token::introspection::{Introspection, may_see},
    },
    secret::{Secret, kind},
};

/// Answers an introspection request.
///
/// # Errors
/// [`Error`] when the caller is not who it says, or the database is away.
pub async fn introspect(ctx: &Context, presented: &PresentedCredentials, params: &Params) -> Result<Introspection> {
    let before = ctx.catalog.held();
    let mut caller = client_auth::authenticate(ctx, Door::Standard, presented).await?;
    let text = params.need("token")?;
    let refresh = Secret::<kind::RefreshToken>::presented(text);
    if refresh.looks_generated() {
        return refresh_token(ctx, &caller, &refresh).await;
    }
    let Accepted { token, user, .. } = match accept::accept(ctx, text).await {
        Err(Error::Refused(_)) => return Ok(Introspection::default()),
        accepted => accepted?,
    };
    // a refusal never comes from a cache
    if !may_see(&caller, &token) && ctx.catalog.has_moved(ctx, &before).await? {
        caller = client_auth::again(ctx, Door::Standard, &caller).await?;
    }
    if !may_see(&caller, &token) {
        return Ok(Introspection::default());
    }
    register::note_use(ctx, &caller).await;
    let holder = ctx.catalog.client(ctx, &token.client_id).await?;
    // a name would undo what a pairwise subject is for (PROTOCOL P27)
    let pairwise = holder.is_some_and(|holder| holder.metadata.is_pairwise());
    Ok(Introspection {
        active: true,
        scope: (!token.scope.is_empty()).then(|| token.scope.to_string()),
        client_id: Some(token.client_id.clone()),
        username: user.map(|user| user.username).filter(|_| !pairwise),
        token_type: Some("Bearer"),
        exp: Some(token.expires_at.unix_seconds()),
        iat: Some(token.issued_at.unix_seconds()),
        sub: Some(token.subject.clone()),
        aud: Some(token.audience.clone().into()),
        iss: Some(ctx.issuer().to_owned()),
        jti: Some(token.id.to_text()),
    })
}

/// Only their own confidential client learns of refresh tokens (PROTOCOL P15).
async fn refresh_token(
    ctx: &Context,
    caller: &Client,
    presented: &Secret<kind::RefreshToken>,
) -> Result<Introspection> {
    let dead = Introspection::default();
    let Some(token) = ChainToken::parse(presented, &ctx.keyring).filter(|_| !caller.metadata.is_public()) else {
        return Ok(dead);
    };
    let Some((row, grant, user)) = ctx.store.find_chain(token.chain).await? else { return Ok(dead) };
    let current = row.facts().place(&token.digest(), ctx.now()) == Ok(Place::Current);
    let invalid_before = user.tokens_invalid_before.max(caller.tokens_invalid_before);
    let alive = grant.revoked_at.is_none() && !user.locked && grant.created_at >= invalid_before;
    if grant.client_id != caller.client_id || !current || !alive {
        return Ok(dead);
    }
    Ok(Introspection {
        active: true,
        scope: Some(issue::parse_scope(&grant.scope)?.to_string()),
        client_id: Some(grant.client_id),
        username: (!caller.metadata.is_pairwise()).then(|| user.username.clone()),
        exp: Some(row.idle_end.unix_seconds()),
        iat: Some(row.rotated_at.unix_seconds()),
        sub: Some(issue::subject(ctx, caller, &user)),
        iss: Some(ctx.issuer().to_owned()),
        ..dead
    })
}
