//! A code for tokens.

use super::{Asking, parse_resources};
use crate::{
    flow::{
        Error, Result,
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
        ctx.store.revoke_grant(grant.id, now).await?;
        return Err(replayed(asking, &grant, &user));
    }
    let scope = issue::parse_scope(&grant.scope)?;
    let audience = asking.audience(&parse_resources(&grant.resources), &scope)?;
    let minted = asking.mint(grant.id, &user, audience)?;
    let id_token = asking.id_token(&scope, &grant, &user, grant.nonce.as_deref(), &minted.text)?;
    let (chain, refresh_token) = asking.begin_chain(grant.id, now).unzip();
    match ctx.store.redeem_code(code, chain, minted.row.clone(), now).await? {
        Redeemed::First => Ok(issue::response(minted, refresh_token, id_token)),
        Redeemed::Replayed => Err(replayed(asking, &grant, &user)),
        Redeemed::Ended => Err(Refusal::CodeExpired.into()),
    }
}

/// The rightful client, or whoever has everything it has, came twice: everything issued from the code has ended.
fn replayed(asking: &Asking<'_>, grant: &Grant, user: &User) -> Error {
    let refusal = Refusal::CodeReplayed;
    let event = Event {
        name: "code.replayed",
        refused: true,
        reason: Some(refusal.name()),
        actor: "client",
        client_id: Some(&asking.client.client_id),
        user_id: Some(user.id),
        grant_id: Some(grant.id),
    };
    audit::record(asking.ctx, asking.origin, &event);
    refusal.into()
}
