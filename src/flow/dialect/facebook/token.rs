//! Its token endpoint: a code, a token of two hours, or an app's own name and secret for a token.

use std::sync::Arc;

use super::{DIALECT, DOOR};
use crate::{
    flow::{
        Context, Error, Origin, Result, accept,
        catalog::Before,
        client_auth,
        dialect::{Issued, TokenRequest, redeem_code},
        issue::{self, Holder},
    },
    protocol::{
        Refusal,
        client_metadata::Client,
        dialect::{
            Life,
            facebook::exchange::{Exchange, exchange},
        },
        grant::GrantType,
        params::Params,
        scope::Scope,
    },
};

/// The life of an app's own token, in seconds. Who wants one for longer uses `id|secret`, which needs none.
const APP_SECONDS: i64 = 2 * 3600;

/// Answers a token request. A request without `grant_type` redeems a code.
///
/// # Errors
/// [`Error`].
pub async fn redeem(ctx: &Arc<Context>, origin: &Origin, request: &TokenRequest<'_>) -> Result<Issued> {
    client_auth::served(ctx, DOOR, request.presented, async |client, before| match request.params.find("grant_type") {
        None | Some("authorization_code") => by_code(ctx, origin, request, &client, before).await,
        Some("fb_exchange_token") => by_token(ctx, request.params, &client, before).await,
        Some("client_credentials") => by_itself(ctx, &client).await,
        Some(_) => Err(Refusal::GrantTypeUnknown.into()),
    })
    .await
}

async fn by_code(
    ctx: &Arc<Context>,
    origin: &Origin,
    request: &TokenRequest<'_>,
    client: &Client,
    before: &Before,
) -> Result<Issued> {
    if !client.metadata.allows(GrantType::AuthorizationCode) {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::AuthorizationCode.name()).into());
    }
    request.params.need("redirect_uri")?;
    redeem_code(ctx, origin, DIALECT, client, request, before).await
}

/// A token of two hours for one of sixty days from the person's approval (PROTOCOL R-f5).
async fn by_token(ctx: &Arc<Context>, params: &Params, client: &Client, before: &Before) -> Result<Issued> {
    if client.metadata.is_public() {
        return Err(Refusal::GrantTypeNotAllowed("fb_exchange_token").into());
    }
    let text = params.need("fb_exchange_token")?;
    let accepted = accept::accept_in(ctx, DIALECT, text, false).await?;
    let (token, Some(user)) = (accepted.token, accepted.user) else { return Err(Refusal::TokenInvalid.into()) };
    let Some(grant) = token.grant.filter(|_| token.client_id == client.client_id) else {
        return Err(Refusal::TokenInvalid.into());
    };
    let state = ctx.store.find_token_state(token.id, grant).await?.ok_or(Refusal::TokenInvalid)?;
    let approved_at = state.roots.granted_at.unwrap_or(token.issued_at);
    let Exchange::Until(end) = exchange(token.expires_at, approved_at, ctx.now()) else {
        let left = token.expires_at.unix_seconds() - ctx.now().unix_seconds();
        return Ok(Issued { access_token: text.to_owned(), scope: token.scope.clone(), expires_in: Some(left) });
    };
    // an app of the house may have a grant that nobody was asked for; it can do nothing that has to be allowed. Whether
    // the app would be asked about again is another question: here it counts that nobody has taken it back
    let consent = ctx.store.find_consent(user.id, client.client_id.clone(), ctx.now()).await?;
    if consent.is_none_or(|consent| consent.by_password) && !client.metadata.first_party {
        return Err(Refusal::GrantEnded.into());
    }
    let holder = Holder { client, subject: &user.sub, grant: Some(grant) };
    let seconds = end.unix_seconds() - ctx.now().unix_seconds();
    let scope = before.still_allowed(ctx, client, &token.scope, true).await?;
    let minted = issue::dialect_token(ctx, DIALECT, &holder, scope, Life::Seconds(seconds));
    let Some(row) = minted.row.clone() else { return Err(Error::internal("a token of a dialect has a row")) };
    if !ctx.store.record_long_token(row).await? {
        return Err(Refusal::GrantEnded.into());
    }
    Ok(Issued { access_token: minted.text, scope: minted.token.scope, expires_in: Some(seconds) })
}

/// An app's own token: it opens `/debug_token` and nothing else. A public client cannot show that it is the app.
async fn by_itself(ctx: &Arc<Context>, client: &Client) -> Result<Issued> {
    if client.metadata.is_public() {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::ClientCredentials.name()).into());
    }
    let holder = Holder { client, subject: &client.client_id, grant: None };
    let minted = issue::dialect_token(ctx, DIALECT, &holder, Scope::default(), Life::Seconds(APP_SECONDS));
    if let Some(row) = minted.row.clone() {
        ctx.store.record_access_token(row).await?;
    }
    Ok(Issued { access_token: minted.text, scope: Scope::default(), expires_in: Some(APP_SECONDS) })
}
