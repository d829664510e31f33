//! Telling an app that a session has ended (OIDC Back-Channel Logout 1.0). The token is signed at each try: one that was
//! kept would have expired (PROTOCOL R-n1).

use std::{collections::HashSet, sync::Arc};

use futures_util::{StreamExt, TryStreamExt, stream};
use url::Url;

use super::{
    Context, Origin, Result,
    audit::{self, Event},
    catalog::Snapshot,
    client_keys, issue,
};
use crate::{
    clock::Ts,
    jose::Protection,
    outbound::{Errand, FetchError, Purpose},
    protocol::{
        client_metadata::Client,
        logout::notice::{self, Outcome},
    },
    secret::Id,
    store::models::LogoutNotice,
};

/// How long notices that were taken are nobody else's, in seconds: longer than all of their requests may take.
const LEASE_SECONDS: i64 = 600;
/// Taken at once.
const TAKEN: i64 = 8;
/// Sent at once to one receiver.
const AT_ONCE: usize = 2;
/// Notices that one look at the outbox goes over.
const LOOKED_AT: i64 = 500;

/// An app that is to be told something.
pub struct Receiver {
    /// Which one.
    pub client_id: String,
    /// Does an administrator stand behind it?
    pub is_vouched_for: bool,
}

/// How far a look at the outbox has come.
#[derive(Debug, Clone, Copy)]
pub struct Place(Ts, Id);

impl Place {
    /// Before the first notice.
    pub const FRONT: Self = Self(Ts::ZERO, Id::from_bytes([0; 16]));
}

/// Apps that are to be told something now, of the next notices behind a place, but none of the `busy` ones; and where to
/// look on, unless these were the last.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn receivers(
    ctx: &Context,
    busy: Vec<String>,
    Place(at, id): Place,
) -> Result<(Vec<Receiver>, Option<Place>)> {
    let due = ctx.store.find_due_notices((at, id), LOOKED_AT, ctx.now()).await?;
    let is_full = i64::try_from(due.len()).is_ok_and(|found| found >= LOOKED_AT);
    let more = due.last().filter(|_| is_full).map(|(_, at, id)| Place(*at, *id));
    let (mut receivers, mut seen) = (Vec::new(), HashSet::<String>::from_iter(busy));
    for (client_id, ..) in due {
        if seen.insert(client_id.clone()) {
            let client = ctx.catalog.client(ctx, &client_id).await?;
            let is_vouched_for = client.is_some_and(|client| client.metadata.is_vouched_for());
            receivers.push(Receiver { client_id, is_vouched_for });
        }
    }
    Ok((receivers, more))
}

/// Tells an app what it is to be told now, until there is nothing left or it does not hear.
///
/// # Errors
/// [`super::Error`] when the database is away; what was taken is sent again when its lease is over.
pub async fn send_all(ctx: &Arc<Context>, client_id: &str) -> Result<()> {
    if let Some(client) = ctx.catalog.client(ctx, client_id).await? {
        client_keys::make_ready(ctx, &client).await;
    }
    loop {
        let now = ctx.now();
        let until = now.plus_seconds(LEASE_SECONDS);
        let taken = ctx.store.claim_notices(client_id.to_owned(), TAKEN, until, now).await?;
        if taken.is_empty() {
            return Ok(());
        }
        let sending = taken.into_iter().map(|notice| send(ctx, notice));
        let heard: Vec<bool> = stream::iter(sending).buffer_unordered(AT_ONCE).try_collect().await?;
        if heard.contains(&false) {
            return Ok(());
        }
    }
}

/// Sends one; says whether it was heard. A receiver that is slow, silent or forbidden is tried again, later each time; one
/// that refuses is not.
async fn send(ctx: &Arc<Context>, notice: LogoutNotice) -> Result<bool> {
    let before = ctx.catalog.held();
    let receiver = match find_receiver(ctx, &notice.client_id).await? {
        // what was registered a moment ago is told at once
        None if ctx.catalog.has_moved(ctx, &before).await? => find_receiver(ctx, &notice.client_id).await?,
        found => found,
    };
    let Some((client, receiver)) = receiver else {
        ctx.store.delete_notice(notice.id).await?;
        return Ok(true);
    };
    let at = ctx.catalog.snapshot(ctx).await?;
    let errand = Errand { purpose: Purpose::Logout, is_vouched_for: client.metadata.is_vouched_for() };
    let answer = match token(ctx, &at, &client, &notice) {
        Ok(token) => {
            let answer = ctx.fetch.post_form(errand, &receiver, &[("logout_token", &token)]).await;
            answer.map_err(|why| match why {
                FetchError::Forbidden(_) => format!("{why}; if it is to be told, name its host in fetch.allow_private"),
                _ => why.to_string(),
            })
        }
        Err(error) => Err(error.to_string()),
    };
    let (outcome, reason) = match answer {
        Ok(status) => (Outcome::of(status), format!("it answered {status}")),
        Err(why) => (Outcome::Failed, why),
    };
    let next = match outcome {
        Outcome::Heard => {
            ctx.store.delete_notice(notice.id).await?;
            return Ok(true);
        }
        Outcome::Refused => None,
        Outcome::Failed => notice::pause_seconds(notice.tries),
    };
    let now = ctx.now();
    if next.is_none() {
        record(ctx, &notice, &reason);
    }
    ctx.store.put_notice_off(notice.id, reason, next.map(|seconds| now.plus_seconds(seconds)), now).await?;
    Ok(false)
}

/// The app and where it is told, if it still is to be.
async fn find_receiver(ctx: &Context, client_id: &str) -> Result<Option<(Arc<Client>, Url)>> {
    let client = ctx.catalog.client(ctx, client_id).await?;
    Ok(client.and_then(|client| {
        let uri = client.metadata.backchannel_logout_uri.as_deref()?;
        Some((Arc::clone(&client), Url::parse(uri).ok()?))
    }))
}

/// A logout token (Back-Channel Logout §2.4), protected as the client's ID tokens are; but nothing is not enough here.
fn token(ctx: &Context, at: &Snapshot, client: &Client, told: &LogoutNotice) -> Result<String> {
    let now = ctx.now();
    let sub = issue::subject_of(ctx, client, &told.sub);
    let claims = notice::Claims {
        iss: ctx.issuer(),
        sub: &sub,
        aud: &client.client_id,
        iat: now.unix_seconds(),
        exp: now.unix_seconds() + notice::LIFETIME_SECONDS,
        jti: Id::new(now).to_text(),
        events: notice::Events::default(),
        sid: &told.sid,
    };
    let protection = match issue::id_token_protection(ctx, client) {
        Protection::Unsecured => ctx.config.tokens.id_alg.into(),
        protection => protection,
    };
    issue::for_client_alone(ctx, at, client, protection, notice::TYP, &claims)
}

/// Nobody tries any more: an administrator may want to know.
fn record(ctx: &Arc<Context>, notice: &LogoutNotice, reason: &str) {
    tracing::warn!(client.id = notice.client_id, reason, "an app was not told that a session has ended");
    let event = Event {
        name: "logout.undelivered",
        refused: true,
        reason: Some(reason),
        actor: "server",
        client_id: Some(&notice.client_id),
        ..Event::default()
    };
    audit::record(ctx, &Origin::default(), &event);
}
