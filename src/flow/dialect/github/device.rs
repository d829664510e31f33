//! Device login as `gh` does it: a device begins by the client's name alone where that is allowed, a person answers on
//! the usual page, the device asks at the token endpoint.

use std::sync::Arc;

use super::{DIALECT, DOOR, Issued};
use crate::{
    flow::{
        Context, Error, Origin, Result,
        catalog::Before,
        client_auth,
        device_authorization::{self, Begun, Granted},
        dialect::issue_for,
        may_be_stale, register,
    },
    protocol::{
        Refusal, client_auth::PresentedCredentials, client_metadata::Client, grant::GrantType, params::Params,
        scope::Scope,
    },
};

/// Who a device says its program is.
pub struct DeviceClient {
    /// The client.
    pub client: Arc<Client>,
    /// Has it shown a secret? Programs on people's machines keep none.
    pub proven: bool,
}

/// The client of a device: with its secret, or without one where it is registered so (PROTOCOL R-f).
///
/// # Errors
/// As [`client_auth::authenticate`].
pub async fn identify(ctx: &Context, presented: &PresentedCredentials) -> Result<DeviceClient> {
    match client_auth::authenticate(ctx, DOOR, presented).await {
        Ok(client) => Ok(DeviceClient { proven: !client.metadata.is_public(), client }),
        // said after a fresh look, to whoever named a client that has secrets
        Err(Error::Refused(Refusal::SecretMissing)) => {
            let client = ctx.catalog.client(ctx, &presented.client_id).await?;
            let client = client.filter(|client| client.metadata.device_without_secret);
            let client = client.ok_or(Refusal::SecretMissing)?;
            DOOR.admit(&client.metadata)?;
            Ok(DeviceClient { client, proven: false })
        }
        Err(error) => Err(error),
    }
}

/// A device begins.
///
/// # Errors
/// [`Refusal`]; [`Error`] when the database is away.
pub async fn begin(ctx: &Context, origin: &Origin, presented: &PresentedCredentials, params: &Params) -> Result<Begun> {
    ctx.catalog
        .twice(ctx, async |before| try_to_begin(ctx, origin, presented, params, before).await, may_be_stale)
        .await
}

async fn try_to_begin(
    ctx: &Context,
    origin: &Origin,
    presented: &PresentedCredentials,
    params: &Params,
    before: &Before,
) -> Result<Begun> {
    let device = identify(ctx, presented).await?;
    if !device.proven {
        refuse_danger(ctx, params).await?;
    }
    device_authorization::begin(ctx, origin, DOOR, &device.client, params, before).await
}

/// Whoever knows a client's name can be a device without a secret: it gets no dangerous scope.
async fn refuse_danger(ctx: &Context, params: &Params) -> Result<()> {
    let asked = params.find("scope").map(Scope::parse).transpose()?.unwrap_or_default();
    let at = ctx.catalog.snapshot(ctx).await?;
    let danger = asked.iter().find(|name| at.scopes.is_dangerous(name));
    danger.map_or(Ok(()), |name| Err(Refusal::ScopeNotAllowed(name.to_owned()).into()))
}

/// A device asks.
///
/// # Errors
/// [`Refusal`] for what it is told; [`Error`] when the database is away.
pub async fn poll(ctx: &Context, presented: &PresentedCredentials, params: &Params) -> Result<Issued> {
    ctx.catalog.twice(ctx, async |before| try_to_poll(ctx, presented, params, before).await, may_be_stale).await
}

async fn try_to_poll(
    ctx: &Context,
    presented: &PresentedCredentials,
    params: &Params,
    before: &Before,
) -> Result<Issued> {
    let DeviceClient { client, .. } = identify(ctx, presented).await?;
    if !client.metadata.allows(GrantType::DeviceCode) {
        return Err(Refusal::GrantTypeNotAllowed(GrantType::DeviceCode.name()).into());
    }
    let Granted { device, grant, user } = device_authorization::poll(ctx, DOOR, &client, params).await?;
    let (minted, issued) = issue_for(ctx, DIALECT, &client, &grant, &user, before).await?;
    if ctx.store.redeem_device(device.id, None, minted.row, ctx.now()).await? {
        register::note_use(ctx, &client).await;
        Ok(issued)
    } else {
        Err(Refusal::DeviceCodeSpent.into())
    }
}
