//! Find the client, verify its credential, slow down guessing (RFC 6749 §2.3, PROTOCOL R-c, R-d).

use std::sync::Arc;

use super::{Context, Error, Result};
use crate::protocol::{
    Refusal,
    client_auth::{
        PresentedCredentials, PresentedSecret, check_method,
        secret::{self, Comparison},
    },
    client_metadata::Client,
};

/// The client that is named, once it has shown to be it. A public client has shown nothing but its name.
///
/// # Errors
/// [`Refusal::ClientUnknown`], [`Refusal::SecretWrong`] (which read alike) and the like.
pub async fn authenticate(ctx: &Context, presented: &PresentedCredentials) -> Result<Arc<Client>> {
    match attempt(ctx, presented).await {
        // a refusal never comes from a cache
        Err(Error::Refused(_)) if ctx.catalog.refresh(ctx).await? => attempt(ctx, presented).await,
        outcome => outcome,
    }
}

async fn attempt(ctx: &Context, presented: &PresentedCredentials) -> Result<Arc<Client>> {
    // what is done depends on what was presented, never on who is named (R-d1)
    let comparison = presented.secret.as_ref().map(|sent| secret::comparison(&sent.secret));
    if comparison == Some(Comparison::Hopeless) {
        return Err(Refusal::SecretWrong.into());
    }
    let client = ctx.catalog.client(ctx, &presented.client_id).await?;
    let public = client.clone().filter(|client| client.metadata.is_public());
    let shown = match (&presented.secret, comparison, client) {
        (Some(sent), Some(Comparison::Hash), client) => verify_chosen(ctx, sent, &presented.client_id, client).await,
        (_, _, None) => Err(Refusal::ClientUnknown.into()),
        (None, _, Some(client)) => Ok(client),
        (Some(sent), _, Some(client)) if secret::matches_digest(&sent.secret, &client, ctx.now()) => Ok(client),
        (Some(_), _, Some(_)) => Err(Refusal::SecretWrong.into()),
    };
    match (shown, public) {
        // who has shown the secret may know how it is to be sent
        (Ok(client), _) => {
            check_method(presented, &client.metadata)?;
            Ok(client)
        }
        // a public client has none to show, and is told so
        (Err(Error::Refused(Refusal::SecretWrong)), Some(client)) => {
            check_method(presented, &client.metadata)?;
            Err(Refusal::SecretWrong.into())
        }
        (refused, _) => refused,
    }
}

/// One slow hash for known and unknown clients alike, and only while some client has a chosen secret at all.
async fn verify_chosen(
    ctx: &Context,
    sent: &PresentedSecret,
    client_id: &str,
    client: Option<Arc<Client>>,
) -> Result<Arc<Client>> {
    if !ctx.catalog.snapshot(ctx).await?.facts.chosen_secrets {
        return Err(Refusal::SecretWrong.into());
    }
    if !ctx.limits.may_try_client(client_id, ctx.now()) {
        return Err(Refusal::TooManyTries.into());
    }
    let stored = client.as_deref().and_then(|client| secret::chosen_hash(client, ctx.now()));
    for secret in std::iter::once(&sent.secret).chain(&sent.raw) {
        if ctx.hashing.verify_remembered(client_id, secret.expose(), stored).await?
            && let Some(client) = client
        {
            return Ok(client);
        }
    }
    ctx.limits.client_failed(client_id, ctx.now());
    Err(Refusal::SecretWrong.into())
}
