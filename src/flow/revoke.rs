//! Token revocation (RFC 7009). A foreign or unknown token is answered like a revoked one, without effect.

use std::sync::Arc;

use super::{
    Context, Origin, Result, accept,
    audit::{self, Event},
    client_auth,
};
use crate::{
    protocol::{
        client_auth::{PresentedCredentials, assertion::AHEAD_SECONDS},
        dialect::Door,
        grant::refresh_token::ChainToken,
        params::Params,
    },
    secret::{Id, Secret, kind},
};

/// Answers a revocation request.
///
/// # Errors
/// [`super::Error`] when the client is not who it says, `token` is missing, or the database is away.
pub async fn revoke(
    ctx: &Arc<Context>,
    origin: &Origin,
    presented: &PresentedCredentials,
    params: &Params,
) -> Result<()> {
    let client = client_auth::authenticate(ctx, Door::Standard, presented).await?;
    if let Some(grant) = revoke_token(ctx, params.need("token")?, Some(&client.client_id)).await? {
        let event = Event {
            name: "token.revoked",
            actor: "client",
            client_id: Some(&client.client_id),
            grant_id: grant,
            ..Event::default()
        };
        audit::record(ctx, origin, &event);
    }
    Ok(())
}

/// Ends a token of this client, or of any when `client_id` is `None` (an administrator). A refresh token, however old,
/// ends its grant with everything issued from it; an access token ends alone. `None`: nothing was ended.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn revoke_token(ctx: &Context, text: &str, client_id: Option<&str>) -> Result<Option<Option<Id>>> {
    let own = |owner: &str| client_id.is_none_or(|client_id| client_id == owner);
    let refresh = Secret::<kind::RefreshToken>::presented(text);
    if refresh.looks_generated() {
        let Some(token) = ChainToken::parse(&refresh, &ctx.keyring) else { return Ok(None) };
        let Some((_, grant, _)) = ctx.store.find_chain(token.chain).await? else { return Ok(None) };
        if own(&grant.client_id) && ctx.store.revoke_grant(grant.id, ctx.now()).await? {
            return Ok(Some(Some(grant.id)));
        }
        return Ok(None);
    }
    match accept::read(ctx, text).await? {
        Some(token) if own(&token.client_id) => {
            // remembered a little longer than it lives: another instance's clock may be behind
            let until = token.expires_at.plus_seconds(AHEAD_SECONDS);
            let first = until > ctx.now() && ctx.store.revoke_access_token(token.id, until).await?;
            Ok(first.then_some(token.grant))
        }
        _ => Ok(None),
    }
}
