//! A code for tokens.

use super::Asking;
use crate::{
    flow::{Result, code::Redeeming, issue},
    protocol::{dialect::Door, grant::authorization_code::Request, token::response::TokenResponse},
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let request = Request::parse(asking.request.params)?;
    let redeeming = Redeeming {
        ctx: asking.ctx,
        origin: asking.origin,
        client: &asking.client,
        door: Door::Standard,
        demands_redirect_uri: false,
        quiet_seconds: 0,
    };
    let found = redeeming.find(&request).await?;
    let (grant, user) = (&found.grant, &found.user);
    let granted = issue::parse_scope(&grant.scope)?;
    let scope = asking.still_allowed(&granted).await?;
    let audience = asking.audience_of(grant, &granted, &scope, &scope).await?;
    // the grant's life begins with this
    let minted = asking.mint(grant.id, user, audience, None)?;
    let id_token = asking.id_token(&scope, &scope, grant, user, grant.nonce.as_deref(), &minted.text).await?;
    let (chain, refresh_token) = asking.begin_chain(grant.id, asking.ctx.now()).unzip();
    redeeming.spend(&found, chain, minted.row.clone()).await?;
    Ok(issue::response(minted, refresh_token, id_token))
}
