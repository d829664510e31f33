//! A code for tokens.

use super::{Asking, parse_resources};
use crate::{
    flow::{
        Result,
        audit::{self, Event},
        issue,
    },
    protocol::{
        Refusal,
        grant::authorization_code::{Checked, Kept, Request, check},
        pkce::CodeChallenge,
        token::response::TokenResponse,
    },
    store::{
        Redeemed,
        models::{Grant, User},
    },
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let (ctx, client, now) = (asking.ctx, &asking.client, asking.ctx.now());
    let request = Request::parse(asking.request.params)?;
    if request.code.body().is_none() {
        return Err(Refusal::CodeUnknown.into());
    }
    let code = request.code.digest();
    let (grant, user) = ctx.store.find_grant_by_code(code).await?.ok_or(Refusal::CodeUnknown)?;
    let challenge = grant.challenge.as_deref().and_then(CodeChallenge::from_stored);
    let kept = Kept {
        client_id: &grant.client_id,
        redirect_uri: grant.redirect_uri.as_deref(),
        redirect_uri_sent: grant.redirect_uri_sent,
        challenge: challenge.as_ref(),
        expires_at: grant.code_expires_at.unwrap_or_default(),
        used_at: grant.code_used_at,
        standing: asking.standing(&grant, &user),
    };
    if check(&request, &kept, &client.client_id, now)? == Checked::Replayed {
        return replayed(asking, &grant, &user).await;
    }
    let scope = issue::parse_scope(&grant.scope)?;
    let audience = asking.audience(&parse_resources(&grant.resources), &scope)?;
    let minted = asking.mint(grant.id, &user, audience)?;
    let id_token = if scope.has("openid") {
        Some(issue::id_token(ctx, &asking.at, client, &grant, &user, grant.nonce.as_deref(), &minted.text)?)
    } else {
        None
    };
    let (chain, refresh_token) = asking.begin_chain(grant.id, now).unzip();
    match ctx.store.redeem_code(code, chain, minted.row.clone(), now).await? {
        Redeemed::First => Ok(issue::response(minted, refresh_token, id_token)),
        Redeemed::Replayed => replayed(asking, &grant, &user).await,
        Redeemed::Ended => Err(Refusal::CodeExpired.into()),
    }
}

/// The rightful client, or whoever has everything it has, came twice: everything issued from the code ends.
async fn replayed(asking: &Asking<'_>, grant: &Grant, user: &User) -> Result<TokenResponse> {
    asking.ctx.store.revoke_grant(grant.id, asking.ctx.now()).await?;
    let refusal = Refusal::CodeReplayed;
    let event = Event {
        name: "code.replayed",
        reason: Some(refusal.name()),
        actor: "client",
        client_id: Some(&asking.client.client_id),
        user_id: Some(user.id),
        grant_id: Some(grant.id),
    };
    audit::record(asking.ctx, asking.origin, &event);
    Err(refusal.into())
}
