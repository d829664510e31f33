//! Logos of clients (OIDC Registration §2 `logo_uri`, UX P9): fetched by the server itself, made into a small picture of our
//! own, and served from here. So neither the app nor who listens for it learns that a person looks at a page.

mod picture;

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use futures_util::{StreamExt, stream};
use tokio::{sync::Mutex, task::spawn_blocking};
use url::Url;

use super::{
    Context, Origin, Result,
    audit::{self, Event},
};
use crate::{
    outbound::{Errand, FetchError, Purpose},
    protocol::client_logo,
};

/// How long a logo that was taken is nobody else's, in seconds: longer than fetching and making it may take.
const LEASE_SECONDS: i64 = 180;
/// Taken at once.
const TAKEN: i64 = 16;
/// Asked for at once.
const AT_ONCE: usize = 4;
/// What is asked for.
const KINDS: &str = "image/png, image/webp, image/jpeg, image/gif";

/// Pictures are made one at a time: each may take tens of megabytes.
static MAKING: Mutex<()> = Mutex::const_new(());

/// Clients whose logo is to be fetched now.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn due(ctx: &Context) -> Result<Vec<String>> {
    Ok(ctx.store.find_due_logos(TAKEN, ctx.now()).await?)
}

/// Fetches the logos of these clients, as far as nobody else does.
///
/// # Errors
/// [`super::Error`] when the database is away; what was taken is tried again when its lease is over.
pub async fn fetch_all(ctx: &Arc<Context>, clients: Vec<String>) -> Result<()> {
    let fetching = clients.into_iter().map(|client| fetch(ctx, client));
    let done: Vec<Result<()>> = stream::iter(fetching).buffer_unordered(AT_ONCE).collect().await;
    done.into_iter().collect()
}

/// A picture that was made for a client, while it is the one that pages show.
///
/// # Errors
/// [`super::Error`] when the database is away.
pub async fn find_picture(ctx: &Context, client_id: &str, hash: &str) -> Result<Option<Vec<u8>>> {
    Ok(ctx.store.find_picture(client_id.to_owned(), hash.to_owned()).await?)
}

async fn fetch(ctx: &Arc<Context>, client_id: String) -> Result<()> {
    let now = ctx.now();
    let claimed = ctx.store.claim_logo(client_id.clone(), now.plus_seconds(LEASE_SECONDS), now).await?;
    let Some((uri, tries)) = claimed else { return Ok(()) };
    let reason = match ask(ctx, &uri).await {
        Ok(png) => {
            let hash = hash(&png);
            let kept = ctx.store.keep_logo(client_id.clone(), uri, hash, png, ctx.now()).await?;
            tracing::debug!(client.id = client_id, kept, "a logo was fetched");
            return Ok(());
        }
        Err(reason) => reason,
    };
    let (now, next) = (ctx.now(), client_logo::pause_seconds(tries));
    if next.is_none() {
        record(ctx, &client_id, &reason);
    }
    let next = next.map(|seconds| now.plus_seconds(seconds));
    Ok(ctx.store.put_logo_off(client_id, uri, reason, next, now).await?)
}

/// The picture, made of what is at this address; or why there is none, in words for an administrator.
async fn ask(ctx: &Context, uri: &str) -> std::result::Result<Vec<u8>, String> {
    let url = Url::parse(uri).map_err(|error| error.to_string())?;
    // no other logo is fetched
    let errand = Errand { purpose: Purpose::Logo, is_vouched_for: true };
    let answer = match ctx.fetch.get(errand, &url, KINDS, client_logo::MOST_BYTES).await {
        Ok(answer) if answer.status == 200 => answer,
        Ok(answer) => return Err(format!("it answered {}", answer.status)),
        Err(why @ FetchError::Forbidden(_)) => {
            return Err(format!("{why}; if it is to be shown, name its host in fetch.allow_private"));
        }
        Err(why) => return Err(why.to_string()),
    };
    let _one_at_a_time = MAKING.lock().await;
    match spawn_blocking(move || picture::make(&answer.body)).await {
        Ok(made) => made.map_err(|why| why.to_string()),
        Err(_) => Err(picture::Unfit::Broken.to_string()),
    }
}

/// What names a picture in its address: another one has another address.
fn hash(png: &[u8]) -> String {
    B64.encode(digest(&SHA256, png).as_ref().get(..12).unwrap_or_default())
}

/// Nobody tries any more: an administrator may want to know.
fn record(ctx: &Arc<Context>, client_id: &str, reason: &str) {
    tracing::warn!(client.id = client_id, reason, "a client's logo could not be fetched");
    let event = Event {
        name: "client.logo_missing",
        refused: true,
        reason: Some(reason),
        actor: "server",
        client_id: Some(client_id),
        ..Event::default()
    };
    audit::record(ctx, &Origin::default(), &event);
}
