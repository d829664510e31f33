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
        quiet_seconds: 0,
    };
    let found = redeeming.find(&request).await?;
    let (grant, user) = (&found.grant, &found.user);
    let held = asking.held(grant).await?;
    // the grant's life begins with this
    let (minted, id_token) = asking.issue(grant, user, &held, &held.left, grant.nonce.as_deref(), None).await?;
    let (chain, refresh_token) = asking.begin_chain(grant.id, asking.ctx.now()).unzip();
    redeeming.spend(&found, chain, minted.row.clone()).await?;
    Ok(issue::response(minted, refresh_token, id_token))
}
