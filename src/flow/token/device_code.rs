//! A device's code for tokens (RFC 8628 §3.4).

use super::Asking;
use crate::{
    flow::{
        Result,
        device_authorization::{self, Granted},
        issue,
    },
    protocol::{Refusal, dialect::Door, token::response::TokenResponse},
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let (ctx, now) = (asking.ctx, asking.ctx.now());
    let Granted { device, grant, user } =
        device_authorization::poll(ctx, Door::Standard, &asking.client, asking.request.params).await?;
    let held = asking.held(&grant).await?;
    let (minted, id_token) = asking.issue(&grant, &user, &held, &held.left, None, Some(grant.ends_at)).await?;
    let (chain, refresh_token) = asking.begin_chain(grant.id, now).unzip();
    if ctx.store.redeem_device(device.id, chain, minted.row.clone(), now).await? {
        Ok(issue::response(minted, refresh_token, id_token))
    } else {
        Err(Refusal::DeviceCodeSpent.into())
    }
}
