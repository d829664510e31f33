//! A refresh token for its successor and a fresh access token (PROTOCOL R-a).

use super::Asking;
use crate::{
    config::duration::seconds,
    flow::{
        Error, Result,
        audit::{self, Event},
        grant, issue,
    },
    protocol::{
        Refusal,
        grant::refresh_token::{ChainToken, Place, narrow},
        token::response::TokenResponse,
    },
    secret::{Secret, kind, random},
    store::{
        Rotated, Rotation,
        models::{Grant, RefreshChain},
    },
};

pub(super) async fn redeem(asking: &Asking<'_>) -> Result<TokenResponse> {
    let (ctx, client, now) = (asking.ctx, &asking.client, asking.ctx.now());
    let presented = Secret::<kind::RefreshToken>::presented(asking.request.params.need("refresh_token")?);
    // a forged one ends here: it costs no read and ends nothing
    let presented = ChainToken::parse(&presented, &ctx.keyring).ok_or(Refusal::RefreshUnknown)?;
    let found = ctx.store.find_chain(presented.chain).await?;
    let (row, grant, user) = found.ok_or(Refusal::RefreshUnknown)?;
    if grant.client_id != client.client_id {
        return Err(Refusal::RefreshOfAnotherClient.into());
    }
    // chain, then person, then scope: a current and a retried token get the same answer to every faulty request (R-a3)
    let place = if grant.revoked_at.is_some() || grant.ends_at <= now {
        Err(Refusal::RefreshUnknown)
    } else {
        row.facts().place(&presented.digest(), now)
    };
    if place? == Place::Stolen {
        ctx.store.revoke_grant(grant.id, now).await?;
        return Err(stolen(asking, &grant));
    }
    grant::standing(client, &grant, &user).check()?;
    let held = asking.held(&grant).await?;
    let scope = narrow(asking.request.params, &held.granted, &held.left)?;
    let (minted, id_token) = asking.issue(&grant, &user, &held, &scope, None, Some(grant.ends_at)).await?;
    let (rotation, successor) = next(asking, &presented, &row)?;
    // alone where it can be: a single statement needs no transaction around it
    let stepped = minted.row.is_none() && ctx.store.step(rotation.clone(), now).await?;
    let rotated = if stepped { Rotated::Now } else { ctx.store.rotate(rotation, minted.row.clone(), now).await? };
    match rotated {
        Rotated::Now => Ok(issue::response(minted, Some(text(asking, &successor)), id_token)),
        Rotated::Again { salt, key_id } => {
            let again = again(asking, &presented, &salt, &key_id)?;
            reused_in_window(asking, &grant);
            Ok(issue::response(minted, Some(text(asking, &again)), id_token))
        }
        Rotated::TooOften => Err(Refusal::TooManyRetries.into()),
        Rotated::Stolen => Err(stolen(asking, &grant)),
        Rotated::Ended => Err(Refusal::RefreshUnknown.into()),
    }
}

/// The step that is taken if nobody was faster.
fn next(asking: &Asking<'_>, presented: &ChainToken, row: &RefreshChain) -> Result<(Rotation, ChainToken)> {
    let (ctx, now) = (asking.ctx, asking.ctx.now());
    let (salt, key_id) = (random::<32>(), ctx.keyring.id());
    let successor = presented.successor(&salt, key_id, &ctx.keyring);
    let successor = successor.ok_or_else(|| Error::internal("a refresh chain has come to its last generation"))?;
    let grace = reuse_grace(asking);
    let idle = seconds(ctx.config.tokens.refresh_idle_ttl);
    let rotation = Rotation {
        chain: presented.chain,
        presented: presented.digest(),
        successor: successor.digest(),
        salt: salt.to_vec(),
        key_id: key_id.to_vec(),
        retry_until: now.plus_seconds(grace),
        idle_end: now.plus_seconds(idle).min(row.absolute_end),
    };
    Ok((rotation, successor))
}

/// How long what was used may be used again, in seconds: what was said of the client, or of all; not for long in a
/// browser, where other scripts may read it (PROTOCOL R-a5).
fn reuse_grace(asking: &Asking<'_>) -> i64 {
    let (metadata, configured) = (&asking.client.metadata, seconds(asking.ctx.config.tokens.refresh_reuse_grace));
    match metadata.refresh_reuse_grace {
        Some(own) => own.into(),
        None if metadata.is_in_browsers() => configured.min(REUSE_GRACE_IN_BROWSERS),
        None => configured,
    }
}

/// In seconds.
const REUSE_GRACE_IN_BROWSERS: i64 = 10;

/// The successor another request has made from the same token. A key that is gone: never a second successor.
fn again(asking: &Asking<'_>, presented: &ChainToken, salt: &[u8], key_id: &[u8]) -> Result<ChainToken> {
    let salt: &[u8; 32] = salt.try_into().map_err(|_| Error::internal("a chain's salt is damaged"))?;
    let key_id: [u8; 8] = key_id.try_into().map_err(|_| Error::internal("a chain's key id is damaged"))?;
    presented.successor(salt, key_id, &asking.ctx.keyring).ok_or_else(|| Refusal::Busy.into())
}

fn text(asking: &Asking<'_>, token: &ChainToken) -> String {
    token.to_secret(&asking.ctx.keyring).expose().to_owned()
}

/// A token that was used up was presented: the grant has ended, with every token of it, and it is told.
fn stolen(asking: &Asking<'_>, grant: &Grant) -> Error {
    let refusal = Refusal::RefreshReused;
    audit::record_end(asking.ctx, asking.origin, &event(asking, grant, true, refusal.name()), grant.id);
    refusal.into()
}

/// Answered, and written down with the outcome `ok`: a thief who keeps step inside the window would show here (R-a5).
fn reused_in_window(asking: &Asking<'_>, grant: &Grant) {
    audit::record(asking.ctx, asking.origin, &event(asking, grant, false, "within_grace"));
}

fn event<'a>(asking: &'a Asking<'_>, grant: &Grant, refused: bool, reason: &'a str) -> Event<'a> {
    Event {
        name: "token.reused",
        refused,
        reason: Some(reason),
        actor: "client",
        client_id: Some(&asking.client.client_id),
        user_id: Some(grant.user_id),
        grant_id: Some(grant.id),
    }
}
