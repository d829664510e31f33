//! `/debug_token`: what an app may know of its own tokens (PROTOCOL R-f6).

use std::{net::IpAddr, sync::Arc};

use serde_json::Value;

use super::{DIALECT, DOOR, declined};
use crate::{
    flow::{
        Context, Error, Origin, Result,
        accept::{self, Dead},
        client_auth,
    },
    protocol::{
        Refusal,
        client_auth::{PresentedCredentials, PresentedSecret},
        client_metadata::{AuthMethod, Client},
        dialect::facebook::reply::{Debugged, Invalid, debugged_nothing},
    },
    secret::Secret,
};

/// The app that asks: by a token of its own, or by `client_id|client_secret`. `in_query`: it stood in the address, as
/// only some clients may send it (R-f2).
///
/// # Errors
/// [`Refusal::TokenInvalid`] for what is neither, [`Refusal::AppTokenNeeded`] for nothing and for a person's token;
/// [`Refusal::QueryTokenNotAllowed`].
pub async fn find_app(ctx: &Context, origin: &Origin, credential: Option<&str>, in_query: bool) -> Result<Arc<Client>> {
    let text = credential.ok_or(Refusal::AppTokenNeeded)?;
    let Some(presented) = by_secret(text, origin.address) else {
        let accepted = accept::accept_in(ctx, DIALECT, text, in_query).await?;
        if accepted.token.grant.is_some() {
            return Err(Refusal::AppTokenNeeded.into());
        }
        return Ok(ctx.catalog.client(ctx, &accepted.token.client_id).await?.ok_or(Refusal::TokenInvalid)?);
    };
    match client_auth::authenticate(ctx, DOOR, &presented).await {
        Ok(client) => {
            accept::check_client(ctx, DIALECT, &client.client_id, in_query).await?;
            Ok(client)
        }
        Err(Error::Refused(why @ (Refusal::TooManyTries | Refusal::Busy))) => Err(why.into()),
        Err(Error::Refused(_)) => Err(Refusal::TokenInvalid.into()),
        Err(fault) => Err(fault),
    }
}

/// The app a credential of this form names, before it is believed. For the log, which checks whether there is one.
#[must_use]
pub fn named_app(credential: &str) -> Option<&str> {
    credential.split_once('|').map(|(client_id, _)| client_id)
}

fn by_secret(text: &str, address: Option<IpAddr>) -> Option<PresentedCredentials> {
    let (client_id, secret) = text.split_once('|')?;
    // always a secret, be it an empty one: a public client's name alone proves nothing
    let secret = PresentedSecret { method: AuthMethod::ClientSecretPost, secret: Secret::presented(secret), raw: None };
    Some(PresentedCredentials { client_id: client_id.to_owned(), secret: Some(secret), assertion: None, address })
}

/// What that app may know of a token: its own. Everything else gets one and the same answer.
///
/// # Errors
/// [`Refusal::TooManyCalls`]; [`Error`] when the database is away.
pub async fn debug(ctx: &Context, client: &Client, input: &str) -> Result<Value> {
    let now = ctx.now();
    if !ctx.limits.may_look_up(ctx.keyring.failure_key(&[b"look up", client.client_id.as_bytes()]), now) {
        return Err(Refusal::TooManyCalls.into());
    }
    let found = accept::inspect_in(ctx, DIALECT, input).await?;
    let Some((token, verdict)) = found.filter(|(token, _)| token.client_id == client.client_id) else {
        return Ok(debugged_nothing());
    };
    let (user_id, invalid) = match verdict {
        Ok(user) => (user.map(|user| user.id), None),
        Err(Dead::Expired) => (None, Some(Invalid::Expired)),
        Err(_) => (None, Some(Invalid::Ended)),
    };
    let declined = match user_id {
        Some(user) => declined(ctx, user, &client.client_id).await?,
        None => crate::protocol::scope::Scope::default(),
    };
    let told = Debugged {
        app_id: &client.client_id,
        application: &client.name,
        of_person: token.grant.is_some(),
        user_id,
        scope: &token.scope.filtered(|name| !declined.has(name)),
        issued_at: token.issued_at,
        expires_at: token.expires_at,
        invalid,
    };
    Ok(told.to_json(now))
}
