//! Find the client, verify its credential, slow down guessing (RFC 6749 §2.3, PROTOCOL R-c, R-d).

use std::{net::IpAddr, sync::Arc};

use super::{Context, Error, Result, catalog::Before, client_keys, limits::Turn, may_be_stale};
use crate::{
    protocol::{
        Refusal,
        client_auth::{
            PresentedCredentials, PresentedSecret,
            assertion::{self, Audiences, Claims, PresentedAssertion},
            check_method,
            secret::{self, Comparison},
        },
        client_metadata::Client,
        dialect::Door,
    },
    secret::{Digest, Secret, kind::AssertionId},
};

/// Slow hashes for clients that one site gets at a time (PROTOCOL R-c3): invented names alone must not fill the queue.
const HASHES_OF_A_SITE: u8 = 4;
/// Where assertions of before say that they are for (PROTOCOL P36).
const TOKEN_ENDPOINT: &str = "/oauth2/access_token";

/// The client that is named, once it has shown to be it. A public client has shown nothing but its name. It must have
/// come to its own door.
///
/// # Errors
/// [`Refusal::ClientUnknown`], [`Refusal::SecretWrong`] (which read alike) and the like; [`Refusal::DialectOnly`],
/// [`Refusal::NotOfDialect`] for who has shown to be it.
pub async fn authenticate(ctx: &Context, door: Door, presented: &PresentedCredentials) -> Result<Arc<Client>> {
    let is_refused = |shown: &Result<_>| matches!(shown, Err(Error::Refused(_)));
    ctx.catalog.twice(ctx, async |_| attempt(ctx, door, presented).await, is_refused).await
}

/// Serves the client that is named, as [`Catalog::twice`](super::catalog::Catalog::twice) does: it shows to be it once.
///
/// # Errors
/// As [`authenticate`], and as the attempt.
pub async fn served<T>(
    ctx: &Context,
    door: Door,
    presented: &PresentedCredentials,
    attempt: impl AsyncFn(Arc<Client>, &Before) -> Result<T>,
) -> Result<T> {
    let before = Before(Some(ctx.catalog.held()));
    let client = authenticate(ctx, door, presented).await?;
    let outcome = attempt(Arc::clone(&client), &before).await;
    if may_be_stale(&outcome) && before.is_past(ctx).await? {
        attempt(again(ctx, door, &client).await?, &Before(None)).await
    } else {
        outcome
    }
}

/// The same client as it is registered by now, in the same request: it has shown to be it, and an assertion shows that
/// once.
///
/// # Errors
/// [`Refusal::ClientUnknown`] when it is gone; as [`authenticate`] for the door.
pub async fn again(ctx: &Context, door: Door, client: &Client) -> Result<Arc<Client>> {
    let client = ctx.catalog.client(ctx, &client.client_id).await?.ok_or(Refusal::ClientUnknown)?;
    door.admit(&client.metadata)?;
    Ok(client)
}

async fn attempt(ctx: &Context, door: Door, presented: &PresentedCredentials) -> Result<Arc<Client>> {
    if let Some(assertion) = &presented.assertion {
        return by_assertion(ctx, door, presented, assertion).await;
    }
    // what is done depends on what was presented, never on who is named (R-d1)
    let comparison = presented.secret.as_ref().map(|sent| secret::comparison(&sent.secret));
    if comparison == Some(Comparison::Hopeless) {
        return Err(Refusal::SecretWrong.into());
    }
    let client = ctx.catalog.client(ctx, &presented.client_id).await?;
    let public = client.clone().filter(|client| client.metadata.is_public());
    let shown = match (&presented.secret, comparison, client) {
        (Some(sent), Some(Comparison::Hash), client) => verify_chosen(ctx, sent, presented, client).await,
        (_, _, None) => Err(Refusal::ClientUnknown.into()),
        (None, _, Some(client)) => Ok(client),
        (Some(sent), _, Some(client)) if secret::matches_digest(&sent.secret, &client, ctx.now()) => Ok(client),
        (Some(_), _, Some(_)) => Err(Refusal::SecretWrong.into()),
    };
    match (shown, public) {
        // who has shown the secret may know how it is to be sent
        (Ok(client), _) => {
            check_method(presented, &client.metadata)?;
            door.admit(&client.metadata)?;
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

/// By what the client signed. That it has used this assertion is written last, when everything else is right: strangers
/// write nothing, and nobody can spoil another's assertion (PROTOCOL R-q7).
async fn by_assertion(
    ctx: &Context,
    door: Door,
    presented: &PresentedCredentials,
    assertion: &PresentedAssertion,
) -> Result<Arc<Client>> {
    let found = ctx.catalog.client(ctx, &presented.client_id).await?;
    let client = found.ok_or(Refusal::ClientUnknown)?;
    // a public client has nothing to prove itself with, and is told so
    if client.metadata.is_public() {
        check_method(presented, &client.metadata)?;
    }
    if client.metadata.token_endpoint_auth_method != assertion.method() {
        return Err(Refusal::AssertionWrong.into());
    }
    let now = ctx.now();
    let token_endpoint = format!("{}{TOKEN_ENDPOINT}", ctx.issuer());
    let audiences = Audiences {
        issuer: ctx.issuer(),
        token_endpoint: client.metadata.assertion_for_token_endpoint.then_some(token_endpoint.as_str()),
    };
    let judge = |claims: &Claims| {
        assertion.check_header(&client.metadata)?;
        assertion::check(claims, &client.client_id, audiences, now)
    };
    let PresentedAssertion { header, protection, text } = assertion;
    let fits = |claims: &Claims| judge(claims).is_ok();
    let claims = client_keys::verified(ctx, &client, header, *protection, text, fits).await?;
    let single = judge(&claims.ok_or(Refusal::AssertionWrong)?)?;
    door.admit(&client.metadata)?;
    // remembered a little longer than it is good for: another instance's clock may be behind
    let until = single.expires_at.plus_seconds(assertion::AHEAD_SECONDS);
    let name = Digest::<AssertionId>::of(format!("{}\0{}", client.client_id, single.jti).as_bytes());
    if ctx.store.use_jti(name.as_bytes().to_vec(), until).await? {
        Ok(client)
    } else {
        Err(Refusal::AssertionReplayed.into())
    }
}

/// One slow hash for known and unknown clients alike, and only while some client has a chosen secret at all.
async fn verify_chosen(
    ctx: &Context,
    sent: &PresentedSecret,
    presented: &PresentedCredentials,
    client: Option<Arc<Client>>,
) -> Result<Arc<Client>> {
    if !ctx.catalog.snapshot(ctx).await?.facts.chosen_secrets {
        return Err(Refusal::SecretWrong.into());
    }
    let stored = client.as_deref().and_then(|client| secret::chosen_hash(client, ctx.now()));
    let (client_id, address) = (presented.client_id.as_str(), presented.address);
    let ways = || std::iter::once(&sent.secret).chain(&sent.raw).map(Secret::expose);
    let counted = ctx.keyring.failure_key(&[b"client", client_id.as_bytes()]);
    // what was right a moment ago is no guess: strangers' failures do not keep it out
    if !ways().any(|secret| ctx.hashing.remembers(client_id, secret, stored)) {
        let _one_at_a_time = ctx.limits.turn_in_time(counted, ctx.hashing.limit()).await?;
        let _few_of_a_site = turn_of_site(ctx, counted, address).await?;
        let tried = ctx.limits.try_client(counted, address, ctx.now()).ok_or(Refusal::TooManyTries)?;
        let right = is_right(ctx, client_id, ways(), stored).await;
        // a fault of ours is no failure of theirs
        if !matches!(right, Ok(false)) {
            ctx.limits.forgive_client(&tried);
        }
        if !right? {
            return Err(Refusal::SecretWrong.into());
        }
    }
    client.ok_or_else(|| Refusal::SecretWrong.into())
}

/// Waits for one of the places that the site of this address has; which of them, the client's name says.
async fn turn_of_site(ctx: &Context, client: [u8; 32], address: Option<IpAddr>) -> Result<Option<Turn<'_>>> {
    let Some(site) = ctx.limits.counted_site(address) else { return Ok(None) };
    let [place, ..] = client;
    let place = [place % HASHES_OF_A_SITE];
    let place = ctx.keyring.failure_key(&[b"clients of a site", site.to_string().as_bytes(), &place]);
    ctx.limits.turn_in_time(place, ctx.hashing.limit()).await.map(Some)
}

async fn is_right(
    ctx: &Context,
    client_id: &str,
    ways: impl Iterator<Item = &str>,
    stored: Option<&str>,
) -> Result<bool> {
    for secret in ways {
        if ctx.hashing.verify_remembered(client_id, secret, stored).await? {
            return Ok(true);
        }
    }
    Ok(false)
}
